"""How far a region of the sky reaches in right ascension and declination, from the lines around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skydriver.skymap.contours import contains_place
from skydriver.skymap.outline import Rectangle
from skydriver.skymap.regions import Errors
from skydriver.skymap.sphere import sky_deg, unit_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from skydriver.skymap.outline import Contour

    Floats = NDArray[np.float64]


def rectangle_of(contours: Sequence[Contour], about_deg2: float) -> Rectangle:
    """The smallest range of right ascension and of declination that holds a region.

    Around a pole, and wherever the lines leave no right ascension free, it is the whole circle.

    Parameters
    ----------
    contours
        All lines of the region, which is not empty.
    about_deg2
        Its area to better than half a sphere.
    """
    north, south = (contains_place(contours, about_deg2, 0.0, dec) for dec in (90.0, -90.0))
    arcs = [(line, np.roll(line, -1, axis=0)) for line in (unit_vectors(c.ra_deg, c.dec_deg) for c in contours)]
    dec = [_declinations(*arc) for arc in arcs]
    low = -90.0 if south else min(float(part.min()) for part in dec)
    high = 90.0 if north else max(float(part.max()) for part in dec)
    first, last = (0.0, 360.0) if north or south else _right_ascensions(contours)
    return Rectangle(first, last, low, high)


def errors_of(rectangle: Rectangle, ra_deg: float, dec_deg: float) -> Errors:
    """How far a region reaches from a place; 0 on a side where it does not reach as far as the place itself.

    Where it has every right ascension, that is of no help and reaches 180 degrees to both sides. A place beside the
    range of right ascension counts as beyond the end that is nearer.

    Parameters
    ----------
    rectangle
        Of the region.
    ra_deg, dec_deg
        The place.
    """
    north, south = max(0.0, rectangle.dec_max_deg - dec_deg), max(0.0, dec_deg - rectangle.dec_min_deg)
    if is_whole_circle(rectangle):
        return Errors(180.0, 180.0, north, south)
    width = (rectangle.ra_max_deg - rectangle.ra_min_deg) % 360.0
    west = (ra_deg - rectangle.ra_min_deg) % 360.0
    if west - width > 360.0 - west:
        return Errors(width + 360.0 - west, 0.0, north, south)
    return Errors(max(0.0, width - west), west, north, south)


def is_whole_circle(rectangle: Rectangle) -> bool:
    """Whether it has every right ascension."""
    return rectangle.ra_max_deg - rectangle.ra_min_deg == 360.0


def _declinations(begin: Floats, end: Floats) -> Floats:
    """Declinations of the ends of arcs, and of the points between where one is farthest north or south."""
    axis = np.cross(begin, end)
    square = np.maximum(np.einsum("ij,ij->i", axis, axis), 1e-300)
    top = np.array([0.0, 0.0, 1.0]) - axis * (axis[:, 2] / square)[:, np.newaxis]
    towards, away = (np.einsum("ij,ij->i", np.cross(axis, place), top) for place in (begin, end))
    between = towards * away < 0.0
    bulges = top[between] * np.sign(towards[between])[:, np.newaxis]
    return sky_deg(np.concatenate([begin, bulges]))[1]


def _right_ascensions(contours: Sequence[Contour]) -> tuple[float, float]:
    """What is left of the circle when the widest gap between arcs is taken out; 0 and 360 where there is none."""
    begin = np.concatenate([line.ra_deg for line in contours])
    step = (np.concatenate([np.roll(line.ra_deg, -1) for line in contours]) - begin + 180.0) % 360.0 - 180.0
    start = np.where(step < 0.0, begin + step, begin) % 360.0
    order = np.argsort(start)
    start, end = start[order], (start + np.abs(step))[order]
    # Once around before the first arc, so that arcs across right ascension 0 cover it.
    before = np.maximum.accumulate(np.concatenate([end - 360.0, end]))[len(start) - 1 : -1]
    gap = start - before
    widest = int(gap.argmax())
    if gap[widest] <= 0.0:
        return 0.0, 360.0
    return float(start[widest]), float(before[widest] % 360.0)
