"""The likelihood of a point source: from first principles, its gradient, and what it must not depend on."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from skydriver.detector.constants import C_ICE_M_PER_NS, C_VACUUM_M_PER_NS
from skydriver.recos._kernels.pandel import log_pandel
from skydriver.recos.pandel_table import load_table
from skydriver.recos.point_llh import point_llh

LENGTH_M = 45.0
seeds = st.integers(0, 2**32)


def source_of(seed):
    """Somewhere among the hits, x, y, z and c t (m)."""
    return np.random.default_rng(seed + 1).uniform(-200.0, 200.0, 4)


def evaluate(hits, source):
    return point_llh(hits, load_table(), LENGTH_M, 1.0 / C_VACUUM_M_PER_NS, source)


def llh_at(hits, source):
    return evaluate(hits, np.asarray(source, float))[0]


def arrival_ns(place, source):
    """When light of the source reaches a place that is no nearer than a DOM's size: ns."""
    away_m = math.sqrt(sum((place - source[:3]) ** 2) + 1.0)
    return source[3] / C_VACUUM_M_PER_NS + away_m / C_ICE_M_PER_NS


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_llh_is_the_sum_over_doms_of_first_of_n(toy_hits, seed):
    hits, source = toy_hits(seed), source_of(seed)
    expected = 0.0
    for x, y, z, ct, photons in hits.tolist():
        place = np.array([x, y, z])
        late_ns = ct / C_VACUUM_M_PER_NS - arrival_ns(place, source)
        distance = math.sqrt(math.dist(place, source[:3]) ** 2 + 1.0)
        log_p, _, _, log_s, _, _ = log_pandel(load_table(), distance / LENGTH_M, late_ns)
        expected -= log_p + (photons - 1.0) * log_s
    assert llh_at(hits, source) == pytest.approx(expected, rel=0, abs=1e-6)


def test_llh_is_that_of_the_slow_pandel(toy_hits, slow_pandel):
    """End to end, without the table: to its interpolation error for each photon of a DOM."""
    hits, source = toy_hits(5), source_of(5)
    hits[:, 4] = 2.0
    expected = 0.0
    for k, place in enumerate(hits[:, :3]):
        late_ns = 30.0 * k
        hits[k, 3] = C_VACUUM_M_PER_NS * (arrival_ns(place, source) + late_ns)
        distance = math.sqrt(math.dist(place, source[:3]) ** 2 + 1.0)
        expected -= sum(np.log(slow_pandel(distance / LENGTH_M, late_ns)))
    assert llh_at(hits, source) == pytest.approx(expected, abs=1.2e-3 * 2 * len(hits))


def test_direct_light_runs_at_the_group_speed():
    """A hit just before it is far less likely than one just after it, wherever the DOM is."""
    source = np.array([10.0, -20.0, 30.0, 40.0])
    for away_m in (30.0, 60.0, 120.0):
        place = source[:3] + away_m * np.array([2.0, -1.0, 2.0]) / 3.0
        direct_m = source[3] + away_m / C_ICE_M_PER_NS * C_VACUUM_M_PER_NS
        early, late = (
            llh_at(np.array([[*place, direct_m + step_ns * C_VACUUM_M_PER_NS, 1.0]]), source)
            for step_ns in (-80.0, 80.0)
        )
        assert early > late + 3.0


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_gradient_is_the_finite_difference(toy_hits, seed):
    """To the difference that halving the step makes."""
    hits, source = toy_hits(seed), source_of(seed)
    for slope, unit in zip(evaluate(hits, source)[1], np.eye(4), strict=True):
        wide, narrow = (
            (llh_at(hits, source + h * unit) - llh_at(hits, source - h * unit)) / (2.0 * h) for h in (2e-3, 1e-3)
        )
        assert abs(slope - narrow) <= 2.0 * abs(wide - narrow) + 1e-8


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_everything_adds_up_over_doms_in_any_order(toy_hits, seed):
    hits, source = toy_hits(seed), source_of(seed)
    llh, gradient = evaluate(hits, source)
    single = [evaluate(hits[k : k + 1], source) for k in np.random.default_rng(seed).permutation(len(hits))]
    assert_allclose(llh, sum(one[0] for one in single), rtol=1e-12)
    assert_allclose(gradient, np.sum([one[1] for one in single], axis=0), rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(seeds, st.floats(-1e4, 1e4), st.floats(-1e5, 1e5))
def test_unchanged_when_everything_moves_turns_and_shifts_together(toy_hits, seed, step_m, shift_m):
    """The gradient turns with it."""
    hits, source, dice = toy_hits(seed), source_of(seed), np.random.default_rng(seed)
    turn, step = Rotation.from_quat(dice.normal(size=4)), step_m * dice.normal(size=3)
    there = np.column_stack([turn.apply(hits[:, :3]) + step, hits[:, 3] + shift_m, hits[:, 4]])
    moved = np.array([*(turn.apply(source[:3]) + step), source[3] + shift_m])
    (llh, gradient), (llh_there, gradient_there) = evaluate(hits, source), evaluate(there, moved)
    assert llh_there == pytest.approx(llh, rel=0, abs=1e-7)
    assert_allclose(gradient_there, [*turn.apply(gradient[:3]), gradient[3]], rtol=0, atol=1e-7)


@pytest.mark.parametrize("axis", range(4))
def test_changed_when_only_the_source_moves(toy_hits, axis):
    """The law above is not that of a constant."""
    hits, source = toy_hits(2), source_of(2)
    assert abs(llh_at(hits, source + 5.0 * np.eye(4)[axis]) - llh_at(hits, source)) > 1e-3


@pytest.mark.parametrize("column", range(4))
def test_a_nan_shows(toy_hits, column):
    hits, source = toy_hits(3), source_of(3)
    nowhere = np.where(np.arange(4) == column, math.nan, source)
    assert math.isnan(llh_at(hits, nowhere))
    hits[4, column] = math.nan
    assert math.isnan(llh_at(hits, source))


def test_a_dom_at_the_source_is_no_singularity(toy_hits):
    hits = toy_hits(3)
    llh, gradient = evaluate(hits, hits[2, :4].copy())
    assert math.isfinite(llh)
    assert np.isfinite(gradient).all()
