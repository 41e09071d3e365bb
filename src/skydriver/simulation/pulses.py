"""The pulses that a simulated particle leaves in the detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skydriver.simulation.muon import muon_hits
from skydriver.simulation.readout import joined, read_out
from skydriver.simulation.scene import make_scene
from skydriver.simulation.shower import hadronic_hits, shower_hits

if TYPE_CHECKING:
    import numpy as np

    from skydriver.detector.ice import IceModel
    from skydriver.events.event import Pulses
    from skydriver.simulation.muon import Muon
    from skydriver.simulation.readout import Hits
    from skydriver.simulation.truth import Kind, Truth

FARTHEST_M: Final = 400.0
"""DOMs farther beside a muon's line see none of its light."""
FARTHEST_OF_SHOWERS_M: Final = 2000.0
"""The same of showers at the vertex: the whole detector."""
WINDOW_NS: Final = 5000.0
"""The readout begins this long before its middle and ends this long after it."""
MIDDLES_NS: Final[dict[Kind, float]] = {"starting": 2500.0, "stopping": -2500.0}
"""Middle of the readout after the vertex time; 0 for the kinds not named."""


def make_pulses(truth: Truth, muon: Muon | None, ice: IceModel, rng: np.random.Generator) -> Pulses:
    """Pulses of one particle, with noise, in a readout of 10 microseconds.

    The light is that of a bare muon, which reaches a DOM from the Cherenkov cone, and of showers; see `light`,
    `losses`, `shower` and `readout`. No tilt or birefringence of the ice, no after-pulses, no saturation.

    Parameters
    ----------
    truth
        The particle.
    muon
        Followed along the particle's line; None for a cascade.
    ice
        Layers of the ice.
    rng
        Source of chance: the same state gives the same pulses.
    """
    middle_ns = truth.t_ns + MIDDLES_NS.get(truth.kind, 0.0)
    return read_out(_hits(truth, muon, ice, rng), (middle_ns - WINDOW_NS, middle_ns + WINDOW_NS), rng)


def _hits(truth: Truth, muon: Muon | None, ice: IceModel, rng: np.random.Generator) -> Hits:
    around_vertex = make_scene(truth, ice, FARTHEST_OF_SHOWERS_M)
    if muon is None:
        return shower_hits(around_vertex, truth.energy_gev, rng)
    hits = muon_hits(make_scene(truth, ice, FARTHEST_M), muon, rng)
    if truth.hadronic_energy_gev is None:
        return hits
    return joined(hits, hadronic_hits(around_vertex, truth.hadronic_energy_gev, rng))
