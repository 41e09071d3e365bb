"""The likelihood of a track: its geometry from first principles, its gradient, and what it must not depend on."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.recos._kernels.pandel import log_pandel
from skydriver.recos.pandel_table import load_table
from skydriver.recos.track_fit import project_seeds
from skydriver.recos.track_llh import track_llh
from skydriver.recos.vertices import track_frame

seeds = st.integers(0, 2**32)
lengths_m = st.floats(-200.0, 200.0)
places_m = st.tuples(lengths_m, lengths_m, lengths_m)
stretches = st.sampled_from([1.0, 8.0])
LENGTH_M = 45.0


def direction_of(seed):
    """A unit vector."""
    vector = np.random.default_rng(seed).normal(size=3)
    return vector / np.linalg.norm(vector)


def frame_of(direction):
    frame = np.empty((3, 3))
    track_frame(direction, frame)
    return frame


def llh_at(hits, direction, vertex, ct, scales=(LENGTH_M, 1.0)):
    """The likelihood of a track that came from `direction` and passes `vertex` at `ct` (m); scales: length, stretch."""
    frame, start = frame_of(direction), np.empty((1, 4))
    project_seeds(np.array([[*vertex, ct / C_VACUUM_M_PER_NS]]), np.zeros(3), frame, start)
    return track_llh(hits, load_table(), *scales, frame, *start[0, :3].tolist())[0]


def moved_away(place, vertex, travel):
    """`place` moved away from the track as the softened distance does: d becomes sqrt(d^2 + 1 m^2)."""
    foot = vertex + ((place - vertex) @ travel) * travel
    distance = np.linalg.norm(place - foot)
    return foot + (place - foot) * math.sqrt(distance**2 + 1.0) / distance


@settings(deadline=None, max_examples=50)
@given(seeds, lengths_m, st.tuples(st.floats(20.0, 100.0), stretches))
def test_llh_is_the_sum_over_doms_of_first_of_n(toy_hits, direct_light, seed, ct, scales):
    length, stretch = scales
    direction = direction_of(seed)
    vertex = 50.0 * direction_of(seed + 1)
    hits = toy_hits(seed)
    expected = 0.0
    for x, y, z, t_m, photons in hits.tolist():
        place = moved_away(np.array([x, y, z]), vertex, -direction)
        late_ns = t_m / C_VACUUM_M_PER_NS - direct_light(place, vertex, ct / C_VACUUM_M_PER_NS, -direction)
        away = place - vertex
        distance = math.sqrt(away @ away - (away @ direction) ** 2)
        log_p, _, _, log_s, _, _ = log_pandel(load_table(), distance / length, late_ns / stretch)
        expected -= log_p + (photons - 1.0) * log_s
    assert llh_at(hits, direction, vertex, ct, scales) == pytest.approx(expected, rel=0, abs=1e-6)


def test_llh_is_that_of_the_slow_pandel(toy_hits, direct_light, slow_pandel):
    """End to end, without the table: to its interpolation error for each photon of a DOM."""
    direction, vertex, travel = direction_of(5), np.array([20.0, -10.0, 5.0]), -direction_of(5)
    hits = toy_hits(5)
    hits[:, 4] = 2.0
    expected = 0.0
    for k, (x, y, z) in enumerate(hits[:, :3].tolist()):
        place = moved_away(np.array([x, y, z]), vertex, travel)
        late_ns = 30.0 * k
        hits[k, 3] = C_VACUUM_M_PER_NS * (direct_light(place, vertex, 0.0, travel) + late_ns)
        distance = np.linalg.norm(np.cross(place - vertex, travel))
        expected -= sum(np.log(slow_pandel(distance / LENGTH_M, late_ns)))
    assert llh_at(hits, direction, vertex, 0.0) == pytest.approx(expected, abs=1.2e-3 * 2 * len(hits))


@settings(deadline=None, max_examples=50)
@given(seeds, places_m, stretches)
def test_gradient_is_the_finite_difference(table, toy_hits, seed, place_m, stretch):
    """To the difference that halving the step makes."""
    hits, frame = toy_hits(seed), frame_of(direction_of(seed))

    def llh(place):
        return track_llh(hits, table, LENGTH_M, stretch, frame, *place.tolist())[0]

    _, gradient, _ = track_llh(hits, table, LENGTH_M, stretch, frame, *place_m)
    here = np.array(place_m)
    for slope, unit in zip(gradient, np.eye(3), strict=True):
        wide, narrow = ((llh(here + h * unit) - llh(here - h * unit)) / (2.0 * h) for h in (2e-3, 1e-3))
        assert abs(slope - narrow) <= 2.0 * abs(wide - narrow) + 1e-8


@settings(deadline=None, max_examples=50)
@given(seeds, places_m)
def test_everything_adds_up_over_doms(table, toy_hits, seed, place_m):
    hits, frame = toy_hits(seed), frame_of(direction_of(seed))
    llh, gradient, outer = track_llh(hits, table, LENGTH_M, 1.0, frame, *place_m)
    single = [track_llh(hits[k : k + 1], table, LENGTH_M, 1.0, frame, *place_m) for k in range(len(hits))]
    slopes = np.array([one[1] for one in single])
    assert_allclose(llh, sum(one[0] for one in single), rtol=1e-12)
    assert_allclose(gradient, slopes.sum(0), rtol=0, atol=1e-12)
    assert_allclose(outer, (slopes.T @ slopes)[np.triu_indices(3)], rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(seeds, st.floats(-1e4, 1e4))
def test_unchanged_when_everything_moves_together(toy_hits, seed, shift_m):
    hits, direction, vertex = toy_hits(seed), direction_of(seed), 50.0 * direction_of(seed + 1)
    step = shift_m * direction_of(seed + 2)
    moved = hits.copy()
    moved[:, :3] += step
    here = llh_at(hits, direction, vertex, 20.0)
    assert llh_at(moved, direction, vertex + step, 20.0) == pytest.approx(here, rel=0, abs=1e-8)


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_unchanged_when_everything_turns_together(toy_hits, seed):
    hits, direction, vertex = toy_hits(seed), direction_of(seed), 50.0 * direction_of(seed + 1)
    turn = Rotation.from_quat(np.random.default_rng(seed).normal(size=4))
    turned = np.column_stack([turn.apply(hits[:, :3]), hits[:, 3:]])
    here = llh_at(hits, direction, vertex, 20.0)
    there = llh_at(turned, turn.apply(direction), turn.apply(vertex), 20.0)
    assert there == pytest.approx(here, rel=0, abs=1e-8)


@settings(deadline=None, max_examples=50)
@given(seeds, st.floats(-1e5, 1e5))
def test_unchanged_when_all_times_shift_together(toy_hits, seed, shift_m):
    hits, direction, vertex = toy_hits(seed), direction_of(seed), 50.0 * direction_of(seed + 1)
    late = hits + np.array([0.0, 0.0, 0.0, shift_m, 0.0])
    here = llh_at(hits, direction, vertex, 20.0)
    assert llh_at(late, direction, vertex, 20.0 + shift_m) == pytest.approx(here, rel=0, abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_changed_when_only_the_track_moves(toy_light, seed):
    """The laws above are not those of a constant."""
    direction = direction_of(seed)
    hits = toy_light(seed, frame_of(direction))
    here = llh_at(hits, direction, np.zeros(3), 0.0)
    assert abs(llh_at(hits, direction, np.zeros(3), 5.0) - here) > 1e-3


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_order_of_doms_does_not_matter(toy_hits, seed):
    hits, direction = toy_hits(seed), direction_of(seed)
    shuffled = np.random.default_rng(seed).permutation(hits)
    here = llh_at(hits, direction, np.zeros(3), 0.0)
    assert llh_at(shuffled, direction, np.zeros(3), 0.0) == pytest.approx(here, rel=1e-13)


@pytest.mark.parametrize("column", [0, 1, 2, 3])
def test_a_nan_in_a_hit_shows(toy_hits, column):
    hits = toy_hits(3)
    hits[4, column] = math.nan
    assert math.isnan(llh_at(hits, direction_of(3), np.zeros(3), 0.0))
