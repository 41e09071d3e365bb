"""Where and what the particles of each kind are: the truth that classifications are measured against."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skydriver.detector.coordinates import direction_vector
from skydriver.detector.edge import deepest_m, depth_m
from skydriver.simulation.draws import ENERGY_RANGES_GEV, VERTEX_NS, Given, draw
from skydriver.simulation.losses import IONISATION_GEV_PER_M
from skydriver.simulation.muon import STEP_M
from skydriver.simulation.truth import KINDS, Truth

SEEDS = st.integers(0, 2**63)
ENERGIES = {kind: 400.0 if kind == "stopping" else 2e4 for kind in KINDS}


def drawn(kind: str, seed: int, *wanted: float):
    return draw(kind, Given(*wanted), np.random.default_rng(seed))


def place(truth: Truth):
    return np.array([truth.x_m, truth.y_m, truth.z_m])


def back(truth: Truth):
    """Where it came from."""
    return direction_vector(truth.zenith_rad, truth.azimuth_rad)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_skimming_muons_pass_along_the_edge(seed):
    truth, _ = drawn("skimming", seed)
    assert -50.0 < deepest_m(place(truth), -back(truth)) < 50.0
    assert place(truth) @ back(truth) == pytest.approx(0.0, abs=1e-9)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_starting_muons_begin_deep_inside_with_a_hadronic_shower(seed):
    truth, muon = drawn("starting", seed)
    assert depth_m(place(truth)) > 60.0
    assert 0.1 / 0.9 <= truth.hadronic_energy_gev / truth.energy_gev <= 0.9 / 0.1
    assert (muon.begin_m, muon.steps_m[0], muon.steps_m[-1]) == (0.0, STEP_M / 2, 1600.0 - STEP_M / 2)
    assert muon.energies_gev[0] == truth.energy_gev


@given(SEEDS)
@example(220)  # among the few whose path could as well lie inside
@example(239)
@settings(max_examples=20, deadline=None)
def test_stopping_muons_come_from_outside_and_stop_deep_inside(seed):
    truth, muon = drawn("stopping", seed)
    assert depth_m(place(truth)) > 60.0
    assert depth_m(place(truth) + truth.path_m * back(truth)) < 0.0
    assert 800.0 <= truth.path_m <= 1600.0
    assert muon.steps_m[0] == pytest.approx(STEP_M / 2 - truth.path_m)
    assert muon.steps_m[-1] == pytest.approx(-STEP_M / 2)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_stopping_muons_have_energy_until_they_stop_and_none_after(seed):
    truth, muon = drawn("stopping", seed)
    assert muon.energies_gev[0] == truth.energy_gev
    assert muon.energies_gev.min() > 0.0
    assert muon.energies_gev[-1] <= muon.showers_gev[-1] + IONISATION_GEV_PER_M * STEP_M


@given(SEEDS)
def test_cascades_are_inside_and_have_no_muon(seed):
    truth, muon = drawn("cascade", seed)
    assert depth_m(place(truth)) > 0.0
    assert muon is None


def test_cascades_fill_the_detector_up_to_its_edge_evenly():
    """The share of them deeper than d is that of the volume."""
    depths = np.array([float(depth_m(place(drawn("cascade", seed)[0]))) for seed in range(1000)])
    everywhere = np.random.default_rng(0).uniform(-650.0, 650.0, (200_000, 3))
    inside = depth_m(everywhere)[depth_m(everywhere) > 0.0]
    for deep in (50.0, 150.0, 300.0):
        share = np.mean(inside > deep)
        assert abs(np.mean(depths > deep) - share) < 4.0 * np.sqrt(share * (1 - share) / len(depths))


@pytest.mark.parametrize("kind", KINDS)
def test_directions_are_uniform_on_the_sphere_but_for_what_the_kind_selects(kind):
    vectors = np.array([back(drawn(kind, seed)[0]) for seed in range(60)])
    assert np.all(np.abs(vectors.mean(axis=0)) < 4.0 / np.sqrt(3 * 60))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_given_is_so(kind):
    truth, _ = drawn(kind, 5, ENERGIES[kind], 120.0, 33.0)
    assert truth.energy_gev == ENERGIES[kind]
    assert np.degrees([truth.zenith_rad, truth.azimuth_rad]).tolist() == pytest.approx([120.0, 33.0])
    assert truth.t_ns == VERTEX_NS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [0, 1])
@pytest.mark.parametrize("zenith", [0.0, 180.0])
def test_every_allowed_energy_can_be_had_from_above_and_below(kind, end, zenith):
    energy = ENERGY_RANGES_GEV[kind][end]
    assert drawn(kind, 1, energy, zenith).truth.energy_gev == energy
