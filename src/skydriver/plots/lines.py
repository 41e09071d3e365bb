"""The edges of regions: closed polygons on the sphere, made ready to be drawn in a projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from skydriver.plots.projections import MAP_HEIGHT, meridian_angle, mollweide, offsets, parallel_width
from skydriver.skymap.sphere import sky_deg, unit_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LONGEST_DEG: Final = 1.0
"""Longer edges are divided along their great circle, and those that are longer than twice this on the all-sky map."""
FARTHEST_DEG: Final = 120.0
"""Farther from its centre the zoom's projection stretches what it shows; lines end there."""
_LONGEST_ON_MAP: Final = 2.0 * LONGEST_DEG * 2.0 * MAP_HEIGHT / 180.0
_MOST_HALVINGS: Final = 12


class ContourLine(NamedTuple):
    """A closed polygon on the sphere, ICRS; its last point is joined to the first by the shorter great circle."""

    ra_deg: Floats
    dec_deg: Floats


class RegionLine(NamedTuple):
    """A region's edge: islands and holes are further lines."""

    label: str
    """What the region is, for example ``90 % with 0.8 deg (three-alert floor)``."""
    style: Literal["headline", "statistical"]
    """Whether it is what is quoted, drawn solid, or statistical only, drawn dashed."""
    level: float
    """The probability it holds, 0 to 1."""
    lines: tuple[ContourLine, ...]
    rise: float | None = None
    """2 delta-llh at its edge, to be marked on the colour bar; None where it has no single one."""


def closed(line: ContourLine) -> tuple[Floats, Floats]:
    """Right ascension in [0, 360) and declination along a polygon, the first point once more at the end.

    Neighbouring points are at most `LONGEST_DEG` apart on the sphere, and twice that on the all-sky map.
    """
    points = unit_vectors(line.ra_deg, line.dec_deg)
    points = np.concatenate([points, points[:1]])
    for _ in range(_MOST_HALVINGS):
        middle = points[1:] + points[:-1]
        length = np.linalg.norm(middle, axis=1)
        long = np.flatnonzero(_too_long(points) & (length > 0.0))
        if not len(long):
            break
        points = np.insert(points, long + 1, middle[long] / length[long, None], axis=0)
    return sky_deg(points)


def on_all_sky(line: ContourLine) -> tuple[Floats, Floats]:
    """A polygon on the all-sky map: where it crosses the map's edge it ends there, and begins anew on the other side.

    Returns
    -------
    tuple
        x and y; NaN between the parts.
    """
    return broken_at_edge(*closed(line))


def broken_at_edge(ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
    """As `on_all_sky`, of a line whose points are close to each other."""
    angle = meridian_angle(ra_deg)
    jump = np.flatnonzero(np.abs(np.diff(angle)) > 180.0)
    side = np.sign(angle[jump])
    before, after = 180.0 - np.abs(angle[jump]), 180.0 - np.abs(angle[jump + 1])
    share = before / np.maximum(before + after, 1e-12)
    x, y = mollweide(ra_deg, dec_deg)
    _, edge_y = mollweide(0.0, dec_deg[jump] + share * (dec_deg[jump + 1] - dec_deg[jump]))
    edge_x = -side * 2.0 * np.sqrt(np.maximum(MAP_HEIGHT**2 - edge_y**2, 0.0))
    at = np.repeat(jump + 1, 3)
    return (
        np.insert(x, at, np.stack([edge_x, np.full_like(edge_x, np.nan), -edge_x], axis=1).ravel()),
        np.insert(y, at, np.stack([edge_y, np.full_like(edge_y, np.nan), edge_y], axis=1).ravel()),
    )


def on_zoom(line: ContourLine, centre_deg: tuple[float, float]) -> tuple[Floats, Floats]:
    """A polygon in degrees east and north of a centre; NaN where it is too far from that to be drawn."""
    east, north = offsets(*closed(line), centre_deg)
    far = np.hypot(east, north) > FARTHEST_DEG
    return np.where(far, np.nan, east), np.where(far, np.nan, north)


def reach_deg(line: ContourLine, centre_deg: tuple[float, float]) -> float:
    """How far the farthest point of a polygon is from a place, degrees; 0 of one without points."""
    return float(np.max(np.hypot(*offsets(line.ra_deg, line.dec_deg, centre_deg)), initial=0.0))


def _too_long(points: Floats) -> NDArray[np.bool_]:
    """Which edges between unit vectors (n, 3) are too long to be drawn straight."""
    ra, dec = sky_deg(points)
    start, across = meridian_angle(ra)[:-1], (np.diff(ra) + 180.0) % 360.0 - 180.0
    width, (_, y) = parallel_width(dec), mollweide(ra, dec)
    right = np.radians((start + across) * width[1:] - start * width[:-1]) * 2.0 * MAP_HEIGHT / np.pi
    on_map = np.hypot(right, np.diff(y))
    chord = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.asarray((chord > 2.0 * np.sin(np.radians(LONGEST_DEG) / 2.0)) | (on_map > _LONGEST_ON_MAP), np.bool_)
