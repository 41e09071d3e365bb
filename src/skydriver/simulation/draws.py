"""Particles of each kind, chosen by chance as far as nothing is given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.detector.coordinates import direction_vector
from skydriver.detector.edge import deepest_m, depth_m
from skydriver.errors import SettingError
from skydriver.simulation.muon import STEP_M, Muon, follow, follow_to_its_end
from skydriver.simulation.truth import KINDS, Truth

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from skydriver.simulation.truth import Kind

    Place = tuple[float, float, float]
    Range = tuple[float, float]

HALF_LENGTH_M: Final = 800.0
"""A muon that only passes is followed from this far before to this far after its vertex."""
STARTING_LENGTH_M: Final = 1600.0
"""A starting muon is followed this far."""
STOPPING_PATHS_M: Final = (800.0, 1600.0)
"""How far before its end a stopping muon is followed."""
CONTAINED_M: Final = 60.0
"""Muons start and stop at least this deep inside the detector's edge."""
SKIMMING_M: Final = 50.0
"""How deep inside or far outside the edge the deepest place of a skimming muon may be."""
ENERGY_RANGES_GEV: Final[dict[Kind, Range]] = {**dict.fromkeys(KINDS, (100.0, 1e7)), "stopping": (250.0, 500.0)}
"""Energies that can be asked for."""
VERTEX_NS: Final = 12500.0
_TYPICAL_LOG_ENERGIES: Final[dict[Kind, Range]] = {
    "through_going": (3.7, 5.0),
    "skimming": (4.0, 5.5),
    "starting": (3.7, 5.0),
    "stopping": (math.log10(250.0), math.log10(500.0)),
    "cascade": (4.0, 6.0),
}
_LARGEST_IMPACT_M: Final = 250.0
_LARGEST_SKIMMING_IMPACT_M: Final = 900.0
_BOX_M: Final = 650.0


class Given(NamedTuple):
    """What chance does not decide: the particle's energy and where it came FROM, detector coordinates."""

    energy_gev: float | None = None
    zenith_deg: float | None = None
    azimuth_deg: float | None = None


class Drawn(NamedTuple):
    """A particle and, unless it is a cascade, its muon."""

    truth: Truth
    muon: Muon | None


def draw(kind: str, given: Given, rng: np.random.Generator) -> Drawn:
    """A particle of a kind, the same for the same state of `rng`.

    Raises
    ------
    SettingError
        There is no such kind, or a given number is out of its range.
    """
    if kind not in _DRAWS:
        raise SettingError("kind", f"{kind!r} is none of {', '.join(KINDS)}")
    known = KINDS[KINDS.index(kind)]
    _check(known, given)
    return _DRAWS[known](given, rng)


def _through_going(given: Given, rng: np.random.Generator) -> Drawn:
    """A muon that passes within 250 m of the detector's centre; what is given does not change what chance decides."""
    energy = _energy("through_going", given, rng)
    direction = _direction(given, rng)
    truth = Truth(*direction, *_passed(direction, _LARGEST_IMPACT_M, rng), VERTEX_NS, energy)
    return Drawn(truth, follow(energy, -HALF_LENGTH_M, HALF_LENGTH_M, rng))


def _skimming(given: Given, rng: np.random.Generator) -> Drawn:
    """A muon along the detector's edge: among all that pass it, one whose deepest place is within 50 m of it."""
    energy = _energy("skimming", given, rng)
    while True:
        direction = _direction(given, rng)
        place = _passed(direction, _LARGEST_SKIMMING_IMPACT_M, rng)
        if abs(deepest_m(place, -direction_vector(*direction))) < SKIMMING_M:
            truth = Truth(*direction, *place, VERTEX_NS, energy, "skimming")
            return Drawn(truth, follow(energy, -HALF_LENGTH_M, HALF_LENGTH_M, rng))


def _starting(given: Given, rng: np.random.Generator) -> Drawn:
    """A muon from a neutrino that interacts inside, with the hadronic shower beside it."""
    energy = _energy("starting", given, rng)
    direction, vertex = _direction(given, rng), _inside(CONTAINED_M, rng)
    inelasticity = rng.uniform(0.1, 0.9)
    hadronic = energy * inelasticity / (1.0 - inelasticity)
    truth = Truth(*direction, *vertex, VERTEX_NS, energy, "starting", hadronic)
    return Drawn(truth, follow(energy, 0.0, STARTING_LENGTH_M, rng)._replace(begin_m=0.0))


def _stopping(given: Given, rng: np.random.Generator) -> Drawn:
    """A muon from outside that ends inside: one with such a path, then a place for its end."""
    muon = _ending(given, rng)
    path = len(muon.steps_m) * STEP_M
    while True:
        direction, vertex = _direction(given, rng), _inside(CONTAINED_M, rng)
        if depth_m(vertex + path * direction_vector(*direction)) < 0.0:
            energy = float(muon.energies_gev[0])
            return Drawn(Truth(*direction, *vertex, VERTEX_NS, energy, "stopping", path_m=path), muon)


def _cascade(given: Given, rng: np.random.Generator) -> Drawn:
    """A shower that begins anywhere inside."""
    energy = _energy("cascade", given, rng)
    direction, vertex = _direction(given, rng), _inside(0.0, rng)
    return Drawn(Truth(*direction, *vertex, VERTEX_NS, energy, "cascade"), None)


_DRAWS: Final[dict[str, Callable[[Given, np.random.Generator], Drawn]]] = {
    "through_going": _through_going,
    "skimming": _skimming,
    "starting": _starting,
    "stopping": _stopping,
    "cascade": _cascade,
}


def _ending(given: Given, rng: np.random.Generator) -> Muon:
    """A muon that is used up after 800 to 1600 m."""
    shortest, longest = STOPPING_PATHS_M
    while True:
        muon = follow_to_its_end(_energy("stopping", given, rng), longest, rng)
        if muon is not None and len(muon.steps_m) * STEP_M >= shortest:
            return muon


def _energy(kind: Kind, given: Given, rng: np.random.Generator) -> float:
    """Energy in GeV."""
    drawn: float = 10.0 ** rng.uniform(*_TYPICAL_LOG_ENERGIES[kind])
    return drawn if given.energy_gev is None else given.energy_gev


def _direction(given: Given, rng: np.random.Generator) -> Range:
    """Zenith and azimuth in rad, uniform on the sphere."""
    zenith, azimuth = math.acos(rng.uniform(-1.0, 1.0)), rng.uniform(0.0, 2.0 * math.pi)
    return (
        zenith if given.zenith_deg is None else math.radians(given.zenith_deg),
        azimuth if given.azimuth_deg is None else math.radians(given.azimuth_deg),
    )


def _passed(direction: Range, largest_m: float, rng: np.random.Generator) -> Place:
    """The point nearest the detector's centre of a line in this direction, uniform in a disc around the centre."""
    zenith, azimuth = direction
    impact, around = largest_m * math.sqrt(rng.uniform()), rng.uniform(0.0, 2.0 * math.pi)
    south = direction_vector(zenith + math.pi / 2.0, azimuth)
    east = direction_vector(math.pi / 2.0, azimuth + math.pi / 2.0)
    x, y, z = (impact * (math.cos(around) * south + math.sin(around) * east)).tolist()
    return x, y, z


def _inside(deep_m: float, rng: np.random.Generator) -> Place:
    """A place that is deeper than this inside the detector's edge, uniform."""
    while True:
        place = rng.uniform(-_BOX_M, _BOX_M, 3)
        if depth_m(place) > deep_m:
            x, y, z = place.tolist()
            return x, y, z


def _check(kind: Kind, given: Given) -> None:
    """Complain of what is given out of its range."""
    for name, value, (low, high), unit in (
        ("energy", given.energy_gev, ENERGY_RANGES_GEV[kind], f"GeV for {kind}"),
        ("zenith", given.zenith_deg, (0.0, 180.0), "degrees"),
        ("azimuth", given.azimuth_deg, (0.0, 360.0), "degrees"),
    ):
        if value is not None and not low <= value <= high:
            raise SettingError(name, f"{value:g} is not between {low:g} and {high:g} {unit}")
