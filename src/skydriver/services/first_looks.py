"""The directions that came with an event, on the sky."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skydriver.detector.coordinates import local_to_icrs
from skydriver.services.products import FirstLook

if TYPE_CHECKING:
    from skydriver.events.event import Event


def first_looks(event: Event) -> list[FirstLook]:
    """Right ascension and declination (deg, ICRS) of every seed of the event."""
    looks = []
    for seed in event.seeds:
        ra, dec = local_to_icrs(seed.zenith_rad, seed.azimuth_rad, event.header.mjd)
        looks.append(FirstLook(seed.name, math.degrees(float(ra)), math.degrees(float(dec))))
    return looks
