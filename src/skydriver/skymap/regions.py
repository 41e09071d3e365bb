"""What is said of a region of the sky: how large it is, how far it reaches, and whether the fine map encloses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import hpgeom
import numpy as np

from skydriver.scan.pixels import children, parents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from skydriver.skymap.cells import Cells
    from skydriver.skymap.posterior import Region
    from skydriver.skymap.skymap import SkyMap

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

WILKS: Final[Mapping[float, float]] = {0.5: 1.39, 0.9: 4.61}
"""Rise of 2 delta-llh at the edge of a region of this level by Wilks' theorem, two degrees of freedom."""
_SQUARE_DEG: Final = np.degrees(1.0) ** 2


class Errors(NamedTuple):
    """How far a region reaches from a place, degrees; those of right ascension are of the coordinate (no cos dec)."""

    ra_plus_deg: float
    ra_minus_deg: float
    dec_plus_deg: float
    dec_minus_deg: float


class WilksRegion(NamedTuple):
    """Where 2 delta-llh rises less than Wilks' level; statistical only."""

    level: float
    area_deg2: float
    truncated: bool
    """Whether the finest stage does not enclose it."""


def errors_of(region: Region, ra_deg: float, dec_deg: float) -> Errors:
    """How far a region's pixels reach from a place in it.

    Where the region holds a pole, right ascension is of no help and reaches 180 degrees to both sides.
    """
    ra, dec = _corners_deg(region.nside, region.pixel)
    north, south = dec - dec_deg, dec_deg - dec
    if _holds_a_pole(region):
        east = west = np.array([180.0])
    else:
        east = (ra - ra_deg + 180.0) % 360.0 - 180.0
        west = -east
    return Errors(*(max(0.0, float(side.max())) for side in (east, west, north, south)))


def contains(region: Region, ra_deg: float, dec_deg: float) -> bool:
    """Whether a place lies in a region."""
    pixel = hpgeom.angle_to_pixel(region.nside, ra_deg, dec_deg, nest=False)
    return bool(np.isin(pixel, region.pixel))


def share_outside(skymap: SkyMap, region: Region) -> float:
    """The share of a region that lies outside the finest stage's pixels."""
    finest = max(skymap.stages)
    fine = skymap.stages[finest]["index"].astype(np.int64)
    pixel = region.pixel
    if region.nside < finest:
        covered = np.isin(children(region.nside, pixel, finest), fine)
    else:
        covered = np.isin(parents(region.nside, pixel, finest), fine)
    return float(1.0 - covered.mean())


def wilks_region(skymap: SkyMap, cells: Cells, level: float) -> WilksRegion:
    """The region of 2 delta-llh up to Wilks' value.

    Parameters
    ----------
    skymap
        The map.
    cells
        Its cells (`skydriver.skymap.cells.cells_of`).
    level
        0.5 or 0.9.
    """
    inside = cells.select(2.0 * (cells.llh - cells.llh.min()) <= WILKS[level])
    area = float(inside.area_sr.sum()) * float(_SQUARE_DEG)
    finest = max(skymap.stages)
    if np.any(inside.nside < finest):
        return WilksRegion(level, area, truncated=True)
    around = np.unique(hpgeom.neighbors(finest, inside.pixel, nest=False))
    inner = np.isin(around[around >= 0], skymap.stages[finest]["index"])
    return WilksRegion(level, area, truncated=not bool(inner.all()))


def _corners_deg(nside: int, pixel: Indices) -> tuple[Floats, Floats]:
    """Right ascension and declination of the corners of pixels."""
    ra, dec = hpgeom.boundaries(nside, pixel, 1, nest=False, lonlat=True, degrees=True)
    return np.ravel(ra), np.ravel(dec)


def _holds_a_pole(region: Region) -> bool:
    """Whether a region holds one of the four pixels around a pole."""
    return bool(np.any((region.pixel < 4) | (region.pixel >= 12 * region.nside**2 - 4)))
