"""A muon that crosses the detector, and the photoelectrons it leaves in the DOMs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.constants import C_ICE_M_PER_NS, C_VACUUM_M_PER_NS, SIN_CHERENKOV, TAN_CHERENKOV
from skydriver.detector.coordinates import direction_vector
from skydriver.detector.geometry import dom_positions
from skydriver.detector.light import LayerMeans, PathIce, acceptance, line_yield, straightness
from skydriver.simulation.light import pandel_delays, point_yield
from skydriver.simulation.losses import LIGHT_M_PER_GEV, bare_muon_light, energy_losses
from skydriver.simulation.readout import Hits, joined, read_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.detector.ice import IceModel
    from skydriver.events.event import Pulses

    Floats = NDArray[np.float64]

HALF_LENGTH_M: Final = 800.0
"""The muon is followed from this far before to this far after its vertex."""
STEP_M: Final = 5.0
"""Showers within one step shine from its middle."""
FARTHEST_M: Final = 400.0
"""DOMs farther from the track see no light."""
NEAREST_M: Final = 0.5
"""Closer sources shine as if from this far."""
WINDOW_NS: Final = 5000.0
"""The readout begins this long before the vertex time and ends this long after it."""


@dataclass(frozen=True, slots=True)
class Track:
    """A muon. Angles are those of where it came FROM, in detector coordinates."""

    zenith_rad: float
    azimuth_rad: float
    x_m: float
    """A point it passes, m."""
    y_m: float
    z_m: float
    t_ns: float
    """When it passes there, ns after the event's start."""
    energy_gev: float
    """Its energy 800 m before that point."""


def simulate_track(truth: Track, ice: IceModel, rng: np.random.Generator) -> Pulses:
    """Pulses of one muon, with noise, in a readout of 10 microseconds around its vertex time.

    The light is that of a bare muon, which reaches a DOM from the Cherenkov cone, and of showers along it; see `light`,
    `losses` and `readout`. No tilt or birefringence of the ice, no after-pulses, no saturation.

    Parameters
    ----------
    truth
        The muon.
    ice
        Layers of the ice.
    rng
        Source of chance: the same state gives the same pulses.
    """
    n_steps = round(2 * HALF_LENGTH_M / STEP_M)
    steps_m = np.linspace(STEP_M / 2 - HALF_LENGTH_M, HALF_LENGTH_M - STEP_M / 2, n_steps)
    energies, showers = energy_losses(truth.energy_gev, n_steps, STEP_M, rng)
    scene = _scene(truth, ice)
    hits = joined(
        _muon_hits(scene, np.interp(scene.along_m, steps_m, energies), rng),
        _shower_hits(scene, steps_m[:, None], showers[:, None], rng),
    )
    return read_out(hits, (truth.t_ns - WINDOW_NS, truth.t_ns + WINDOW_NS), rng)


class _Paths(NamedTuple):
    """Straight ways from sources to DOMs, arrays that broadcast to one shape."""

    dom: NDArray[np.intp]
    start_ns: Floats
    distance_m: Floats
    ice: PathIce
    seen: Floats
    """Acceptance of the DOM for light from there."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """A track and the DOMs near it, arrays of shape (n,)."""

    truth: Track
    rise: float
    """Cosine of the track's way with the vertical."""
    layers: LayerMeans
    dom: NDArray[np.intp]
    z_m: Floats
    along_m: Floats
    """Where a DOM lies along the track, from the vertex on."""
    perpendicular_m: Floats

    def paths(self, source_m: Floats, distance_m: Floats) -> _Paths:
        """Ways to every DOM from sources this far along the track."""
        source_z_m = self.truth.z_m + source_m * self.rise
        ice = self.layers.between(self.z_m, source_z_m)
        seen = acceptance((self.z_m - source_z_m) / distance_m, straightness(distance_m, ice))
        start_ns = self.truth.t_ns + source_m / C_VACUUM_M_PER_NS
        return _Paths(self.dom, start_ns, distance_m, ice, seen)


def _scene(truth: Track, ice: IceModel) -> _Scene:
    travel = -direction_vector(truth.zenith_rad, truth.azimuth_rad)
    position = dom_positions() - np.array([truth.x_m, truth.y_m, truth.z_m])
    along = position @ travel
    perpendicular = np.sqrt(np.maximum((position**2).sum(axis=1) - along**2, NEAREST_M**2))
    near = np.flatnonzero(perpendicular < FARTHEST_M)
    columns = (dom_positions()[near, 2], along[near], perpendicular[near])
    return _Scene(truth, float(travel[2]), LayerMeans(ice), near, *columns)


def _muon_hits(scene: _Scene, energies_gev: Floats, rng: np.random.Generator) -> Hits:
    """Photoelectrons of the bare muon, from the points of it that shine on the DOMs at the Cherenkov angle."""
    emission_m = scene.along_m - scene.perpendicular_m / TAN_CHERENKOV
    paths = scene.paths(emission_m, scene.perpendicular_m / SIN_CHERENKOV)
    return _arrivals(paths, bare_muon_light(energies_gev) * line_yield(scene.perpendicular_m, paths.ice), rng)


def _shower_hits(scene: _Scene, steps_m: Floats, showers_gev: Floats, rng: np.random.Generator) -> Hits:
    """Photoelectrons of the showers: rows are the steps of the muon, columns the DOMs."""
    along_m = scene.along_m - steps_m
    distance_m = np.hypot(along_m, scene.perpendicular_m)
    paths = scene.paths(steps_m, distance_m)
    light = LIGHT_M_PER_GEV * showers_gev * point_yield(distance_m, along_m / distance_m, paths.ice)
    return _arrivals(paths, light, rng)


def _arrivals(paths: _Paths, light: Floats, rng: np.random.Generator) -> Hits:
    """Photoelectrons that arrive on `paths` when `light` of them would at full acceptance."""
    count = rng.poisson(paths.seen * light)
    chosen = np.nonzero(count)

    def pick(column: Floats) -> Floats:
        return np.repeat(np.broadcast_to(column, count.shape)[chosen], count[chosen])

    distance_m = pick(paths.distance_m)
    delays_ns = pandel_delays(distance_m, PathIce(pick(paths.ice.scattering), pick(paths.ice.absorption)), rng)
    dom = np.repeat(paths.dom[chosen[-1]], count[chosen])
    return Hits(dom, pick(paths.start_ns) + distance_m / C_ICE_M_PER_NS + delays_ns)
