"""Light in layered ice, and the muon's losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector import light as ice_light
from skydriver.detector.constants import C_ICE_M_PER_NS, SIN_CHERENKOV
from skydriver.detector.ice import spice_mie
from skydriver.detector.light import PathIce
from skydriver.simulation import light, losses

HEIGHTS = st.floats(-840.0, 840.0)
ICE = PathIce(np.array(0.04), np.array(0.01))


@given(HEIGHTS, HEIGHTS)
def test_mean_ice_is_the_mean_of_the_layers_on_the_way(z1, z2):
    model = spice_mie()
    steps = z1 + (z2 - z1) * (np.arange(20000) + 0.5) / 20000
    found = ice_light.LayerMeans(model).between(z1, z2)
    assert found.scattering == pytest.approx(model.effective_scattering_per_m[model.layer(steps)].mean(), rel=1e-2)
    assert found.absorption == pytest.approx(model.absorption_per_m[model.layer(steps)].mean(), rel=1e-2)


@given(HEIGHTS, HEIGHTS)
def test_mean_ice_is_the_same_both_ways(z1, z2):
    means = ice_light.LayerMeans(spice_mie())
    if abs(z1 - z2) > 0.1:
        assert np.allclose(means.between(z1, z2), means.between(z2, z1), rtol=1e-9)


def test_close_light_is_straight():
    near = np.array(0.01)
    assert ice_light.line_yield(near, ICE) == pytest.approx(
        ice_light.PE_M_PER_M / (2 * np.pi * near * SIN_CHERENKOV), rel=0.01
    )
    straight = ice_light.PE_M_PER_M * light.cascade_profile(np.array(0.3)) / (4 * np.pi * near**2)
    assert light.point_yield(near, np.array(0.3), ICE) == pytest.approx(straight, rel=0.01)


def test_far_light_is_diffusive():
    """Its decay length is sqrt(absorption length x scattering length / 3), whatever the emission."""
    far = np.array([500.0, 600.0])
    for cos_emission in (-0.9, 0.75):
        value = light.point_yield(far, np.full(2, cos_emission), ICE) * far
        assert np.log(value[0] / value[1]) == pytest.approx(100.0 / np.sqrt(100.0 * 25.0 / 3.0), rel=1e-3)


@given(st.floats(1.0, 400.0), st.floats(0.01, 100.0), st.floats(-1.0, 1.0))
def test_light_fades_with_distance(distance, step, cos_emission):
    near, far, cos_emission = np.array(distance), np.array(distance + step), np.array(cos_emission)
    assert ice_light.line_yield(far, ICE) < ice_light.line_yield(near, ICE)
    assert light.point_yield(far, cos_emission, ICE) < light.point_yield(near, cos_emission, ICE)


def test_showers_shine_once_over_the_sphere_and_most_at_the_cherenkov_angle():
    cosines = np.linspace(-1, 1, 200001)
    assert light.cascade_profile(cosines).mean() == pytest.approx(1.0, rel=1e-3)
    assert cosines[light.cascade_profile(cosines).argmax()] == pytest.approx(1 / 1.32, abs=1e-4)


def test_delays_follow_pandel():
    """Mean and variance of a gamma law: shape times scale, shape times scale squared."""
    n, distance = 400_000, 60.0
    ice = PathIce(np.full(n, 0.04), np.full(n, 0.01))
    delays = light.pandel_delays(np.full(n, distance), ice, np.random.default_rng(3))
    shape, scale = distance * 0.04 / light.PANDEL_LENGTHS, 1 / (1 / light.PANDEL_TAU_NS + C_ICE_M_PER_NS * 0.01)
    assert delays.min() >= 0
    assert delays.mean() == pytest.approx(shape * scale, rel=0.01)
    assert delays.var() == pytest.approx(shape * scale**2, rel=0.03)


def test_losses_add_up_to_the_mean_of_ice():
    fractions = np.geomspace(1e-9, 1.0, 100_001)
    mean = np.trapezoid(losses.loss_spectrum(fractions), fractions)
    assert mean == pytest.approx(3.3e-4, rel=0.01)


@given(st.floats(100.0, 1e7), st.integers(0, 1000))
def test_energy_is_never_made(energy, seed):
    energies, showers = losses.energy_losses(energy, 100, 5.0, np.random.default_rng(seed))
    after = np.maximum(0.0, energies - showers - losses.IONISATION_GEV_PER_M * 5.0)
    assert energies[0] == energy
    assert np.all(showers >= 0)
    assert np.allclose(energies[1:], after[:-1])


def test_mean_loss_of_many_muons_is_that_of_the_spectrum():
    rng = np.random.default_rng(5)
    showers = [losses.energy_losses(1e4, 1, 5.0, rng)[1][0] for _ in range(20_000)]
    error = np.std(showers) / np.sqrt(len(showers))
    assert abs(np.mean(showers) - 3.3e-4 * 5.0 * 1e4) < 4 * error


def test_a_stopped_muon_is_dark():
    assert losses.bare_muon_light(np.array([0.0, 1000.0])).tolist() == pytest.approx([0.0, 1.33], abs=0.01)
