"""Light of every kind of particle: none before it can be there, and what is seen of cascades."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from skydriver.detector.constants import C_VACUUM_M_PER_NS, N_GROUP
from skydriver.detector.coordinates import direction_vector
from skydriver.detector.edge import depth_m
from skydriver.detector.geometry import dom_index, dom_positions
from skydriver.detector.ice import spice_mie
from skydriver.simulation import pulses
from skydriver.simulation.draws import Drawn, Given, draw
from skydriver.simulation.events import simulate_event
from skydriver.simulation.shower import shower_profile
from skydriver.simulation.truth import KINDS, Truth

SHINING_M = {
    "through_going": (-np.inf, np.inf),
    "skimming": (-np.inf, np.inf),
    "starting": (0.0, np.inf),
    "stopping": (-np.inf, 0.0),
    "cascade": (0.0, shower_profile(1e5)[0][-1]),
}
SEEDS = range(8)


def drawn(kind: str, seed: int) -> tuple[Drawn, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return draw(kind, Given(), rng), rng


def photoelectrons(kind: str, seed: int):
    """Truth and photoelectrons, without noise and jitter."""
    (truth, muon), rng = drawn(kind, seed)
    return truth, pulses._hits(truth, muon, spice_mie(), rng)


class FirstLight(NamedTuple):
    """The first light that can reach each DOM, and how far it comes."""

    time_ns: np.ndarray
    distance_m: np.ndarray


def first_light(truth: Truth, shining_m: tuple[float, float]) -> FirstLight:
    """Of a particle that shines on a part of its line."""
    position = dom_positions() - [truth.x_m, truth.y_m, truth.z_m]
    travel = -direction_vector(truth.zenith_rad, truth.azimuth_rad)
    along = position @ travel
    away = np.linalg.norm(position - along[:, None] * travel, axis=1)
    source = np.clip(along - away / np.sqrt(N_GROUP**2 - 1.0), *shining_m)
    distance = np.hypot(along - source, away)
    return FirstLight(truth.t_ns + (source + N_GROUP * distance) / C_VACUUM_M_PER_NS, distance)


@pytest.mark.parametrize("kind", KINDS)
def test_no_light_comes_before_it_can_from_where_the_particle_is(kind):
    late_ns = []
    for seed in SEEDS:
        truth, hits = photoelectrons(kind, seed)
        late_ns += (hits.time_ns - first_light(truth, SHINING_M[kind]).time_ns[hits.dom]).tolist()
    assert len(late_ns) > 50
    assert min(late_ns) > -1e-6


def test_pulses_of_starting_muons_before_their_vertex_are_noise():
    """Fewer than 26 are expected in the whole readout; six times the jitter is allowed."""
    for seed in SEEDS:
        seen, truth = simulate_event(seed, kind="starting")
        earliest = first_light(truth, (0.0, np.inf)).time_ns[dom_index(seen.string, seen.om)]
        assert np.sum(seen.time_ns < earliest - 12.0) < 60


@pytest.mark.parametrize("kind", KINDS)
def test_the_readout_is_long_enough_for_straight_light_to_doms_within_400_m(kind):
    for seed in range(40):
        (truth, _), _ = drawn(kind, seed)
        first = first_light(truth, SHINING_M[kind])
        since_middle = (first.time_ns - truth.t_ns - pulses.MIDDLES_NS.get(truth.kind, 0.0))[first.distance_m < 400.0]
        assert np.all(np.abs(since_middle) < pulses.WINDOW_NS)


def test_the_light_of_contained_cascades_is_around_their_vertex():
    offsets = []
    for seed in range(60):
        (truth, _), _ = drawn("cascade", seed)
        vertex = np.array([truth.x_m, truth.y_m, truth.z_m])
        if depth_m(vertex) > 150.0:
            _, hits = photoelectrons("cascade", seed)
            offsets.append(np.linalg.norm(dom_positions()[hits.dom].mean(axis=0) - vertex))
    assert len(offsets) >= 10
    assert np.median(offsets) < 40.0
    assert max(offsets) < 100.0


@pytest.mark.parametrize(
    ("kind", "energies"),
    [("starting", (1e3, 1e4, 1e5)), ("skimming", (1e4, 1e5, 1e6)), ("cascade", (1e3, 1e4, 1e5))],
)
def test_more_energy_is_more_light(kind, energies):
    charges = [simulate_event(2, kind=kind, energy_gev=energy)[0].qtot_pe for energy in energies]
    assert charges == sorted(charges)
    assert charges[2] > 3.0 * charges[0]
