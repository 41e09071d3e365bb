"""Great-circle distances between the best fit and other directions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skydriver.detector.coordinates import angular_distance

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
    """Angle between two directions, degrees; NaN where a direction is none."""
    if not all(map(math.isfinite, (ra1_deg, dec1_deg, ra2_deg, dec2_deg))):
        return math.nan
    return float(np.degrees(angular_distance(*np.radians([ra1_deg, dec1_deg, ra2_deg, dec2_deg]))))


def separations_deg(ra_deg: float, dec_deg: float, ras_deg: Floats, decs_deg: Floats) -> Floats:
    """Angles (n,) between a direction and many others (n,), degrees, as `separation_deg`."""
    one, others = np.radians([ra_deg, dec_deg]), np.radians([ras_deg, decs_deg])
    return np.asarray(np.degrees(angular_distance(one[0], one[1], others[0], others[1])), np.float64)
