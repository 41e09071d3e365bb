"""Closed lines around what lies above a value, on the sphere: marching squares over the centres of HEALPix pixels.

Where pixels meet in a corner, lines between their centres form a cell, of four sides or, at eight places, three. In a
cell that lies partly above, segments lead from side to side with the higher part to their left. Each point where a line
between two centres passes the value is the end of one segment and the beginning of one other, so they link to closed
lines that share no point. All is done with unit vectors: neither the poles nor right ascension 0 are special.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.scan.pixels import children, neighbours
from skydriver.skymap.cells import centre_vectors
from skydriver.skymap.outline import Contour
from skydriver.skymap.sphere import sky_deg, unit_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

COARSEST_NSIDE: Final = 4
"""Coarser pixels are replaced by children, of which no two share more than one corner's other pixels."""
MARGIN: Final = 0.01
"""A line passes no nearer to a pixel's centre than this share of the way to the next: so no two lines touch there."""
SQUARE_DEG: Final = math.degrees(1.0) ** 2
"""Square degrees in a steradian."""
SKY_DEG2: Final = 4.0 * math.pi * SQUARE_DEG
_CORNERS: Final = np.array([[0, 7, 6], [2, 1, 0], [4, 3, 2], [6, 5, 4]])
"""For the south, west, north and east corner: which neighbours meet a pixel there, counter-clockwise from outside."""


class _Segments(NamedTuple):
    """From one crossing to another, arrays of shape (n, 2): the pixel above and the one below that each is between."""

    begin: Indices
    end: Indices


def contours_of(nside: int, pixel: Indices, value: Floats, edge: float) -> tuple[Contour, ...]:
    """The closed lines around all that is above `edge`, which lies to their left; the largest first.

    Between two centres `value` is linear, and where one of them is infinite the line passes half way. A pixel that is
    not given, or whose value is NaN, is below by minus infinity. Where four pixels meet of which two, across from each
    other, are above, these are joined if the mean of the four is above too.

    Parameters
    ----------
    nside
        Of the pixels.
    pixel
        RING, ICRS, sorted; shape (n,).
    value
        Of each; shape (n,).
    edge
        What is above it lies inside.
    """
    known = ~np.isnan(value)
    pixel, height = pixel[known], value[known] - edge
    if not np.any(height > 0.0):
        return ()
    if nside < COARSEST_NSIDE:
        nside, pixel, height = _refined(nside, pixel, height)
    begin, end = _segments(nside, pixel, height)
    order = np.lexsort(begin.T)
    corner = _crossings(nside, begin[order], pixel, height)
    lines = [corner[loop] for loop in _loops(_following(begin[order], end[order]))]
    found = [Contour(*sky_deg(line), _solid_angle(line) * SQUARE_DEG) for line in lines]
    return tuple(sorted(found, key=lambda line: -abs(line.area_deg2)))


def area_deg2(contours: Sequence[Contour], about_deg2: float) -> float:
    """Solid angle of all that the lines enclose, of which they know it but for whole spheres.

    Parameters
    ----------
    contours
        All lines of a region.
    about_deg2
        Its area to better than half a sphere.
    """
    total = math.fsum(line.area_deg2 for line in contours)
    return total + SKY_DEG2 * round((about_deg2 - total) / SKY_DEG2)


def contains_place(contours: Sequence[Contour], about_deg2: float, ra_deg: float, dec_deg: float) -> bool:
    """Whether a place lies inside a region.

    The triangles between the place's antipode and the arcs of the lines, with their signs, are together the region's
    area, less one sphere if the place is inside.

    Parameters
    ----------
    contours
        All lines of the region.
    about_deg2
        Its area to better than half a sphere.
    ra_deg, dec_deg
        The place.
    """
    antipode = -unit_vectors(np.array([ra_deg]), np.array([dec_deg]))[0]
    fan = math.fsum(_fan(antipode, unit_vectors(line.ra_deg, line.dec_deg)) for line in contours)
    return round((about_deg2 / SQUARE_DEG - fan) / (4.0 * math.pi)) > 0


def _refined(nside: int, pixel: Indices, height: Floats) -> tuple[int, Indices, Floats]:
    """Children in place of pixels, each with its parent's value."""
    inside = children(nside, pixel, COARSEST_NSIDE)
    order = np.argsort(inside, axis=None)
    return COARSEST_NSIDE, inside.ravel()[order], np.repeat(height, inside.shape[1])[order]


def _segments(nside: int, pixel: Indices, height: Floats) -> _Segments:
    """All segments of all cells, in no order."""
    cells, above, mean = _cells(nside, pixel, height)
    leaves, enters = above & ~np.roll(above, -1, axis=1), ~above & np.roll(above, -1, axis=1)
    row, side = np.nonzero(leaves)
    twice = leaves.sum(axis=1)[row] == 2
    across = np.where(mean[row] > 0.0, side + 1, side - 1) % 4
    to = np.where(twice, across, enters.argmax(axis=1)[row])
    return _Segments(
        np.stack([cells[row, side], cells[row, (side + 1) % 4]], axis=1),
        np.stack([cells[row, (to + 1) % 4], cells[row, to]], axis=1),
    )


def _cells(nside: int, pixel: Indices, height: Floats) -> tuple[Indices, NDArray[np.bool_], Floats]:
    """Cells that lie partly above: their pixels (n, 4), counter-clockwise from outside, and which of them are above.

    Of three pixels one is there twice. Of the cells that pixels above see at their corners, each is taken from the
    pixel of the lowest number. The mean height of each cell comes third.
    """
    own = pixel[height > 0.0]
    around = neighbours(nside, own)
    at_border = ~np.isin(around, own).all(axis=1)
    corner = around[at_border][:, _CORNERS]
    cells = np.concatenate([np.broadcast_to(own[at_border, None, None], (*corner.shape[:2], 1)), corner], axis=2)
    cells = cells.reshape(-1, 4)
    cells = np.where(cells < 0, np.roll(cells, -1, axis=1), cells)
    heights = _heights(cells, pixel, height)
    above = heights > 0.0
    lowest = np.where(above, cells, np.iinfo(np.int64).max).min(axis=1)
    kept = (cells[:, 0] == lowest) & ~above.all(axis=1)
    with np.errstate(invalid="ignore"):  # infinite of both signs: no mean, so not above
        return cells[kept], above[kept], heights[kept].mean(axis=1)


def _heights(wanted: Indices, pixel: Indices, height: Floats) -> Floats:
    """The height of each wanted pixel; minus infinity where it is not given."""
    at = np.minimum(np.searchsorted(pixel, wanted), len(pixel) - 1)
    return np.where(pixel[at] == wanted, height[at], -np.inf)


def _crossings(nside: int, pairs: Indices, pixel: Indices, height: Floats) -> Floats:
    """Unit vectors (n, 3) to where the height passes 0 between the pixels above and below."""
    above, below = _heights(pairs, pixel, height).T
    with np.errstate(invalid="ignore"):
        share = np.where(np.isfinite(above - below), above / (above - below), 0.5)
    share = np.clip(share, MARGIN, 1.0 - MARGIN)[:, np.newaxis]
    place = (1.0 - share) * centre_vectors(nside, pairs[:, 0]) + share * centre_vectors(nside, pairs[:, 1])
    return np.asarray(place / np.linalg.norm(place, axis=1, keepdims=True), np.float64)


def _following(begin: Indices, end: Indices) -> list[int]:
    """For each segment the one that begins where it ends; `begin` is sorted by its columns, the last one first."""
    following = np.empty(len(begin), np.int64)
    following[np.lexsort(end.T)] = np.arange(len(begin))
    return following.tolist()


def _loops(following: list[int]) -> list[list[int]]:
    """The cycles of a permutation."""
    seen, loops = bytearray(len(following)), []
    for first in range(len(following)):
        if not seen[first]:
            loop, at = [], first
            while not seen[at]:
                seen[at] = 1
                loop.append(at)
                at = following[at]
            loops.append(loop)
    return loops


def _solid_angle(line: Floats) -> float:
    """Solid angle to the left of a closed line, in (-2 pi, 2 pi]: what is more is that to the right, negative.

    The triangles are seen from where none of their corners is near the antipode, which would make them all of the sky.
    """
    mean = line.mean(axis=0)
    apexes = np.concatenate([np.eye(3), -np.eye(3), [mean / max(1e-300, float(np.linalg.norm(mean)))]])
    total = _fan(apexes[(apexes @ line.T).min(axis=1).argmax()], line)
    return 2.0 * math.pi - (2.0 * math.pi - total) % (4.0 * math.pi)


def _fan(apex: Floats, line: Floats) -> float:
    """Solid angles of the triangles between a place and the arcs of a closed line, added with their signs.

    The formula for one is that of A. van Oosterom and J. Strackee, IEEE Trans. Biomed. Eng. 30 (1983) 125.
    """
    following = np.roll(line, -1, axis=0)
    triple = np.cross(line, following) @ apex
    rest = 1.0 + line @ apex + following @ apex + np.einsum("ij,ij->i", line, following)
    return float(2.0 * np.arctan2(triple, rest).sum())
