"""Great-circle distances between the best fit and other directions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from skydriver.skymap.skymap import BestFit

    Floats = NDArray[np.float64]


class Offset(NamedTuple):
    """How far the best fit is from a direction."""

    name: str
    deg: float


def offsets(best: BestFit, directions: Iterable[tuple[str, float, float]]) -> tuple[Offset, ...]:
    """The best fit's distance in degrees from each of (name, right ascension in deg, declination in deg)."""
    return tuple([Offset(name, separation_deg(best.ra_deg, best.dec_deg, ra, dec)) for name, ra, dec in directions])


def separation_deg(ra1_deg: float, dec1_deg: float, ra2_deg: float, dec2_deg: float) -> float:
    """Angle between two directions, degrees.

    Vincenty's formula for the sphere, which keeps its precision for directions close together, opposite and at the
    poles (T. Vincenty, Survey Review 23, 1975, in the special case of no flattening). NaN where a direction is none.
    """
    if not all(map(math.isfinite, (ra1_deg, dec1_deg, ra2_deg, dec2_deg))):
        return math.nan
    delta, first, second = map(math.radians, (ra2_deg - ra1_deg, dec1_deg, dec2_deg))
    east = math.cos(second) * math.sin(delta)
    north = math.cos(first) * math.sin(second) - math.sin(first) * math.cos(second) * math.cos(delta)
    along = math.sin(first) * math.sin(second) + math.cos(first) * math.cos(second) * math.cos(delta)
    return math.degrees(math.atan2(math.hypot(east, north), along))


def separations_deg(ra_deg: float, dec_deg: float, ras_deg: Floats, decs_deg: Floats) -> Floats:
    """Angles (n,) between a direction and many others (n,), degrees, as `separation_deg`."""
    delta, first, second = np.radians(ras_deg - ra_deg), np.radians(dec_deg), np.radians(decs_deg)
    east = np.cos(second) * np.sin(delta)
    north = np.cos(first) * np.sin(second) - np.sin(first) * np.cos(second) * np.cos(delta)
    along = np.sin(first) * np.sin(second) + np.cos(first) * np.cos(second) * np.cos(delta)
    return np.asarray(np.degrees(np.arctan2(np.hypot(east, north), along)), np.float64)
