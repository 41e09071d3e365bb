"""Where fits start, and which of them wins."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.recos._kernels.cherenkov import DELAY_PER_DISTANCE
from skydriver.recos.minimise import minimise_track
from skydriver.recos.track_fit import fit_seeds, lowest_first, place_seeds, project_seeds
from skydriver.recos.track_llh import track_llh
from skydriver.recos.vertices import EARLY_FRACTION, early_time, track_frame

LENGTH_M = 45.0
NAN = [math.nan, 0.0, 0.0, 1.0]

zeniths = st.floats(0.0, math.pi) | st.sampled_from([0.0, math.pi / 2, math.pi])
azimuths = st.floats(0.0, 2.0 * math.pi) | st.sampled_from([k * math.pi / 4 for k in range(8)])
directions = st.tuples(zeniths, azimuths).map(
    lambda angles: np.array(
        [
            math.sin(angles[0]) * math.cos(angles[1]),
            math.sin(angles[0]) * math.sin(angles[1]),
            math.cos(angles[0]),
        ]
    )
)
dice_seeds = st.integers(0, 2**32)
vertices_m = st.tuples(*[st.floats(-500.0, 500.0)] * 3)


def frame_of(direction):
    frame = np.full((3, 3), math.nan)
    track_frame(np.asarray(direction, float), frame)
    return frame


def random_seeds(dice, n):
    """Rows a, b, ct without a stretched first fit."""
    return np.column_stack([dice.uniform(-200.0, 200.0, (n, 3)), np.ones(n)])


def fitted(hits, table, frame, seeds):
    """`best` as `fit_seeds` leaves it, and its number of evaluations."""
    best = np.array([math.inf, math.nan, math.nan, math.nan])
    n = fit_seeds(hits, table, LENGTH_M, frame, np.array(seeds, float).reshape(-1, 4), best)
    return best, n


@settings(deadline=None)
@given(directions)
@example(np.array([1.0, 0.0, 0.0]))
@example(np.array([0.0, -1.0, 0.0]))
@example(np.array([0.0, 0.0, 1.0]))
@example(np.array([0.0, 0.0, -1.0]))
@example(np.full(3, math.sqrt(1.0 / 3.0)))
def test_frame_is_orthonormal_right_handed_and_travels_away(direction):
    frame = frame_of(direction)
    assert_allclose(frame @ frame.T, np.eye(3), rtol=0, atol=1e-14)
    assert np.linalg.det(frame) == pytest.approx(1.0)
    assert (frame[0] == -direction).all()


@settings(deadline=None)
@given(directions, vertices_m, vertices_m, st.floats(-1000.0, 1000.0))
def test_any_vertex_of_a_track_is_the_same_seed(direction, vertex, centre, further_m):
    frame, seeds = frame_of(direction), np.empty((2, 4))
    along = np.array(vertex) - further_m * direction
    rows = np.array([[*vertex, 5.0], [*along, 5.0 + further_m / C_VACUUM_M_PER_NS]])
    project_seeds(rows, np.array(centre), frame, seeds)
    assert_allclose(seeds[0], seeds[1], rtol=0, atol=1e-9)
    assert (seeds[:, 3] == 1.0).all()


@settings(deadline=None)
@given(directions, vertices_m, vertices_m)
def test_a_seed_is_a_place_on_its_track(direction, vertex, centre):
    """The vertex centre + a e1 + b e2 at ct lies on the track through `vertex` at 5 ns, at the speed of light."""
    frame, seeds = frame_of(direction), np.empty((1, 4))
    project_seeds(np.array([[*vertex, 5.0]]), np.array(centre), frame, seeds)
    a, b, ct, _ = seeds[0]
    walked = C_VACUUM_M_PER_NS * 5.0 - ct
    assert_allclose(np.array(centre) + a * frame[1] + b * frame[2] - walked * direction, vertex, rtol=0, atol=1e-9)


@settings(deadline=None)
@given(dice_seeds, st.integers(1, 40))
def test_early_time_lets_its_fraction_precede(toy_hits, seed, n):
    hits, frame = toy_hits(seed, n), frame_of([0.0, 0.6, 0.8])
    ct = early_time(hits, frame, 10.0, -20.0, np.empty(n))
    along, a, b = frame @ hits[:, :3].T
    residual = hits[:, 3] - ct - along - DELAY_PER_DISTANCE * np.sqrt((a - 10.0) ** 2 + (b + 20.0) ** 2 + 1.0)
    assert (residual < -1e-9).sum() == int(EARLY_FRACTION * (n - 1))
    assert np.abs(residual).min() < 1e-9


def test_own_seeds_are_the_centre_and_the_ring(toy_hits):
    hits, frame, ring, seeds = (
        toy_hits(2),
        frame_of([0.6, 0.0, 0.8]),
        np.array([[9.0, 1.0], [-4.0, 7.0]]),
        np.empty((3, 4)),
    )
    place_seeds(hits, frame, ring, 8.0, np.empty(8), seeds)
    assert_allclose(seeds[:, :2], [[0.0, 0.0], *ring])
    assert_allclose(seeds[:, 3], [8.0, 1.0, 1.0])
    assert_allclose(seeds[:, 2], [early_time(hits, frame, a, b, np.empty(8)) for a, b in seeds[:, :2].tolist()])


@settings(deadline=None, max_examples=40)
@given(dice_seeds, st.integers(1, 5))
def test_lowest_of_all_fits_wins(table, toy_hits, seed, n):
    """So more seeds never give a higher llh."""
    hits, frame = toy_hits(seed), frame_of([0.6, 0.0, 0.8])
    seeds = random_seeds(np.random.default_rng(seed), n)
    single = [minimise_track(hits, table, LENGTH_M, 1.0, frame, *row[:3]) for row in seeds.tolist()]
    best, evaluations = fitted(hits, table, frame, seeds)
    assert tuple(best) == min(single, key=lambda end: end[0])[:4]
    assert evaluations == sum(end[4] for end in single)


def test_a_stretched_first_fit_leads_to_the_true_one(table, toy_light):
    frame = frame_of([0.6, 0.0, 0.8])
    hits, start = toy_light(4, frame), (90.0, -60.0, 50.0)
    _, a, b, ct, n_first = minimise_track(hits, table, LENGTH_M, 8.0, frame, *start)
    llh, *end, n_then = minimise_track(hits, table, LENGTH_M, 1.0, frame, a, b, ct)
    best, evaluations = fitted(hits, table, frame, [[*start, 8.0]])
    assert best.tolist() == [llh, *end]
    assert evaluations == n_first + n_then


@pytest.mark.parametrize("place", [0, 1, 2])
def test_nan_never_wins_wherever_it_is_met(table, toy_hits, place):
    hits, frame = toy_hits(7), frame_of([0.6, 0.0, 0.8])
    good = random_seeds(np.random.default_rng(7), 2).tolist()
    best, _ = fitted(hits, table, frame, [*good[:place], NAN, *good[place:]])
    assert best.tolist() == fitted(hits, table, frame, good)[0].tolist()
    assert math.isfinite(best[0])


def test_only_nan_leaves_nothing(table, toy_hits):
    best, _ = fitted(toy_hits(7), table, frame_of([0.6, 0.0, 0.8]), [NAN, NAN])
    assert best[0] == math.inf
    assert np.isnan(best[1:]).all()


@pytest.mark.parametrize("first", [1.0, -1.0])
def test_of_a_tie_the_earlier_seed_wins(table, first):
    """One DOM, and seeds on either side of it: mirror images with the same llh to the last bit."""
    frame, hits = frame_of([0.0, 0.0, 1.0]), np.array([[0.0, 0.0, 0.0, 50.0, 5.0]])
    seeds = [[first * 30.0, 0.0, 0.0, 1.0], [first * -30.0, 0.0, 0.0, 1.0]]
    one, other = (fitted(hits, table, frame, [seed])[0].tolist() for seed in seeds)
    assert one[0] == other[0]
    assert one[1] == -other[1] != 0.0
    assert fitted(hits, table, frame, seeds)[0].tolist() == one


@settings(deadline=None, max_examples=40)
@given(dice_seeds, st.integers(1, 8), st.data())
def test_lowest_first_sorts_the_front(table, toy_hits, seed, n, data):
    hits, frame = toy_hits(seed), frame_of([0.6, 0.0, 0.8])
    seeds = random_seeds(np.random.default_rng(seed), n)
    bad = data.draw(st.sets(st.integers(0, n - 1)))
    seeds[list(bad)] = NAN
    count = data.draw(st.integers(1, n))

    def llh(row):
        value = track_llh(hits, table, LENGTH_M, 1.0, frame, *row[:3])[0]
        return math.inf if math.isnan(value) else value

    before = seeds.tolist()
    lowest_first(hits, table, LENGTH_M, frame, seeds, np.empty(n), count)
    assert [llh(row) for row in seeds[:count].tolist()] == sorted(map(llh, before))[:count]
    assert sorted(map(repr, seeds.tolist())) == sorted(map(repr, before))


@pytest.mark.parametrize("seed", [0, 1])
def test_ideal_light_gives_its_track_back(table, toy_hits, quantile, seed):
    """Without noise of chance, that is at all quantiles of the p.d.f. at once, to less than a metre."""
    vector = np.random.default_rng(seed).normal(size=3)
    frame = frame_of(vector / np.linalg.norm(vector))
    places = toy_hits(seed, 12)[:, :3]
    rows = []
    for place in places:
        along, a, b = frame @ place
        distance = math.sqrt(a * a + b * b + 1.0)
        for q in (np.arange(200) + 0.5) / 200.0:
            late_m = C_VACUUM_M_PER_NS * quantile(distance / LENGTH_M, float(q))
            rows.append([*place, along + DELAY_PER_DISTANCE * distance + late_m, 1.0])
    best, _ = fitted(np.array(rows), table, frame, [[30.0, -20.0, 10.0, 1.0]])
    assert np.linalg.norm(best[1:]) < 1.0
