"""A muon followed along its line, and the photoelectrons it leaves in the DOMs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.constants import SIN_CHERENKOV, TAN_CHERENKOV
from skydriver.detector.light import line_yield
from skydriver.simulation.losses import bare_muon_light, energy_losses
from skydriver.simulation.readout import Hits, joined
from skydriver.simulation.scene import arrivals, point_hits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.simulation.scene import Scene

    Floats = NDArray[np.float64]

STEP_M: Final = 5.0
"""Showers within one step shine from its middle, and a muon that runs out of energy ends with its step."""


class Muon(NamedTuple):
    """A muon in steps of `STEP_M` along its line, arrays of shape (n,)."""

    steps_m: Floats
    """Middles of the steps, from the vertex on."""
    energies_gev: Floats
    """At the beginning of each step."""
    showers_gev: Floats
    """Energy of the showers in each step."""
    begin_m: float = -np.inf
    """Where the muon is made, from the vertex on; minus infinity if it comes from afar."""
    end_m: float = np.inf
    """Where it stops; infinity if nothing is known of that."""


def follow(energy_gev: float, from_m: float, to_m: float, rng: np.random.Generator) -> Muon:
    """A muon of this energy at `from_m` of its line, followed until `to_m`; beyond both it may well go on."""
    n_steps = round((to_m - from_m) / STEP_M)
    steps_m = np.linspace(from_m + STEP_M / 2, to_m - STEP_M / 2, n_steps)
    return Muon(steps_m, *energy_losses(energy_gev, n_steps, STEP_M, rng))


def follow_to_its_end(energy_gev: float, longest_m: float, rng: np.random.Generator) -> Muon | None:
    """A muon whose energy is used up at place 0 of its line; None if it gets farther than `longest_m`."""
    muon = follow(energy_gev, 0.0, longest_m + STEP_M, rng)
    n_steps = int(np.count_nonzero(muon.energies_gev))
    if n_steps == len(muon.steps_m):
        return None
    steps_m, energies_gev, showers_gev = (column[:n_steps] for column in muon[:3])
    return Muon(steps_m - n_steps * STEP_M, energies_gev, showers_gev, end_m=0.0)


def muon_hits(scene: Scene, muon: Muon, rng: np.random.Generator) -> Hits:
    """Photoelectrons of the bare muon and of the showers along it."""
    return joined(_bare_hits(scene, muon, rng), point_hits(scene, muon.steps_m, muon.showers_gev, rng))


def _bare_hits(scene: Scene, muon: Muon, rng: np.random.Generator) -> Hits:
    """Photoelectrons from the points of the bare muon that shine on the DOMs at the Cherenkov angle."""
    emission_m = scene.along_m - scene.perpendicular_m / TAN_CHERENKOV
    paths = scene.paths(emission_m, scene.perpendicular_m / SIN_CHERENKOV)
    return arrivals(paths, _bare_light(scene, muon, emission_m) * line_yield(scene.perpendicular_m, paths.ice), rng)


def _bare_light(scene: Scene, muon: Muon, emission_m: Floats) -> Floats:
    """Light of a metre of it, over a bare one's, for each DOM.

    Its energy is that where it shines; of a muon without ends that beside the DOM, which gives nearly the same light.
    """
    if np.isinf(muon.begin_m) and np.isinf(muon.end_m):
        return bare_muon_light(np.interp(scene.along_m, muon.steps_m, muon.energies_gev))
    there = (emission_m >= muon.begin_m) & (emission_m <= muon.end_m)
    light: Floats = np.where(there, bare_muon_light(np.interp(emission_m, muon.steps_m, muon.energies_gev)), 0.0)
    return light
