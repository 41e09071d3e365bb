"""Showers along their length, and their light."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.ice import spice_mie
from skydriver.simulation import shower
from skydriver.simulation.scene import make_scene
from skydriver.simulation.truth import Truth

ENERGIES = st.floats(10.0, 1e8)


def scene(zenith: float = 1.2):
    return make_scene(Truth(zenith, 0.7, 10.0, 20.0, -250.0, 12500.0, 1e5, "cascade"), spice_mie(), 2000.0)


def light(energy: float, seed: int = 1) -> int:
    return len(shower.shower_hits(scene(), energy, np.random.default_rng(seed)).dom)


@given(ENERGIES)
def test_a_shower_loses_its_energy_on_its_length(energy):
    places, energies = shower.shower_profile(energy)
    assert energies.sum() == pytest.approx(energy)
    assert energies.min() >= 0.0
    assert energies[-1] < 1e-3 * energy
    assert places[0] > 0.0


@given(ENERGIES)
def test_its_centre_moves_with_the_logarithm_of_its_energy(energy):
    """The mean of the gamma law: two radiation lengths after its greatest value."""
    places, energies = shower.shower_profile(energy)
    greatest = np.log(energy / shower.CRITICAL_ENERGY_GEV) - 0.5
    assert places @ energies / energy == pytest.approx(shower.RADIATION_LENGTH_M * (greatest + 2.0), abs=0.03)


def test_ten_times_the_energy_is_ten_times_the_light():
    assert light(1e6) / light(1e5) == pytest.approx(10.0, rel=0.06)  # it shines from a metre farther on


def test_hadronic_showers_are_dimmer_by_their_constant():
    hadronic = len(shower.hadronic_hits(scene(), 1e6, np.random.default_rng(2)).dom)
    assert hadronic / light(1e6) == pytest.approx(shower.HADRONIC_LIGHT, rel=0.01)


@pytest.mark.parametrize("zenith", [0.2, 1.2, 2.9])
def test_more_light_goes_ahead_than_back(zenith):
    around = scene(zenith)
    hits = shower.shower_hits(around, 1e5, np.random.default_rng(3))
    counts = np.bincount(hits.dom, minlength=5160)[around.dom]
    ahead, near = around.along_m > 0.0, np.abs(around.along_m) < 150.0
    assert counts[ahead & near].sum() > 1.2 * counts[~ahead & near].sum()
