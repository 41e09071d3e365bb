"""The directions that came with an event, on the sky."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.detector.coordinates import local_to_icrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skydriver.events.event import Event, Seed

TRACK_SHAPES: Final = frozenset({"InfiniteTrack", "StartingTrack", "StoppingTrack", "ContainedTrack"})
BEST_FIRST: Final = ("SplineMPE", "BestFit", "MPEFit", "SPEFit2", "SPEFit")
"""Parts of names, from the best of IceCube's online track fits on."""
_BOOTSTRAP: Final = "_Bootstrap_Angular"
_CRAMER_RAO: Final = ("_CramerRao_cr_zenith", "_CramerRao_cr_azimuth")


class FirstLook(NamedTuple):
    """A direction that came with the event."""

    name: str
    ra_deg: float
    dec_deg: float
    is_track: bool
    """Whether it is that of a track fit that succeeded."""
    error_deg: float | None
    """The error that the event states for it, one standard deviation; None where it states none."""
    error_name: str
    """How that was estimated."""


def first_looks(event: Event) -> list[FirstLook]:
    """Right ascension and declination (deg, ICRS) of every seed of the event."""
    looks = []
    for seed in event.seeds:
        ra, dec = local_to_icrs(seed.zenith_rad, seed.azimuth_rad, event.header.mjd)
        is_track = seed.shape in TRACK_SHAPES and seed.fit_status == "OK"
        position = (math.degrees(float(ra)), math.degrees(float(dec)))
        looks.append(FirstLook(seed.name, *position, is_track, *_stated_error(seed, event.scalars)))
    return looks


def best_look(looks: Iterable[FirstLook]) -> FirstLook | None:
    """The look of the best track fit, as far as names tell; None where the event came with none."""
    ranked = [(_rank(look.name), look) for look in looks if look.is_track]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _rank(name: str) -> int:
    return next((rank for rank, part in enumerate(BEST_FIRST) if part in name), len(BEST_FIRST))


def _stated_error(seed: Seed, scalars: Mapping[str, float | bool | str]) -> tuple[float | None, str]:
    """Degrees, and how it was estimated: the bootstrap's where there is one, else from Cramer and Rao's bound."""
    bootstrap = scalars.get(seed.name + _BOOTSTRAP)
    if isinstance(bootstrap, float) and math.isfinite(bootstrap):
        return math.degrees(bootstrap), "bootstrap"
    zenith, azimuth = (scalars.get(seed.name + end) for end in _CRAMER_RAO)
    if isinstance(zenith, float) and isinstance(azimuth, float) and math.isfinite(zenith + azimuth):
        across = azimuth * math.sin(seed.zenith_rad)
        return math.degrees(math.sqrt((zenith**2 + across**2) / 2.0)), "Cramer-Rao"
    return None, "none stated"
