"""The fit of one event: what it takes from the pulses, and that nothing but event, direction and seeds counts."""

import math

import numpy as np
import pytest

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.detector.geometry import dom_index, dom_positions
from skydriver.errors import TaskInputError
from skydriver.events.event import Pulses
from skydriver.recos.pandel_table import SCATTERING_LENGTH_M, load_table
from skydriver.recos.registry import find_reco
from skydriver.recos.track_fit import TrackFitter, TrackSettings, first_hits
from skydriver.recos.track_llh import track_llh
from skydriver.recos.vertices import track_frame
from skydriver.testing.events import toy_pulses

PIXELS = [np.array(v) / np.linalg.norm(v) for v in ([1, 2, 3], [-3, 1, 0], [0, 0, 1], [-1, 0.1, -0.2])]
SETTINGS = TrackSettings(max_photons=5.0, stretch=8.0, ring_m=150.0, n_ring=3, n_given=2)


def make_pulses(string, om, time_ns, charge_pe):
    n = len(time_ns)
    return Pulses(string, om, time_ns, charge_pe, np.full(n, 8.0), np.ones(n, bool))


@pytest.fixture(scope="module")
def pulses():
    """The toy event's light in ice."""
    every = toy_pulses()
    return every.select(every.om <= 60)


@pytest.fixture
def fitter(pulses):
    return TrackFitter(pulses, load_table(), SCATTERING_LENGTH_M, SETTINGS)


def bits(fit):
    return np.array(fit).tobytes()


def test_first_pulse_and_all_charge_of_each_dom():
    """Also when the pulses come in no order; the charge is cut to between 1 and the most."""
    string, om = [30, 5, 30, 5, 86], [7, 60, 7, 60, 1]
    rows = first_hits(make_pulses(string, om, [90.0, 50.0, 70.0, 40.0, 10.0], [1.5, 0.25, 1.0, 0.25, 99.0]), 5.0)
    by_place = {tuple(row[:3]): tuple(row[3:]) for row in rows.tolist()}
    place = [tuple(row) for row in dom_positions()[dom_index([30, 5, 86], [7, 60, 1])].tolist()]
    assert by_place == {place[0]: (70.0, 2.5), place[1]: (40.0, 1.0), place[2]: (10.0, 5.0)}


@pytest.mark.parametrize("om", [61, 0])
def test_unknown_dom_is_refused(om):
    with pytest.raises(TaskInputError, match="unknown DOM"):
        first_hits(make_pulses([5, 5], [3, om], [1.0, 2.0], [1.0, 1.0]), 5.0)


def test_no_pulses_are_refused():
    with pytest.raises(TaskInputError, match="hold none"):
        first_hits(make_pulses([], [], [], []), 5.0)


@pytest.mark.parametrize("seeded", [False, True])
def test_same_bits_whatever_was_fitted_before(pulses, seeded):
    def seeds_of(k):
        late = np.array([0.0, 0.0, 0.0, 10_500.0])
        return late + np.random.default_rng(k).uniform(-300.0, 300.0, (3, 4)) if seeded else None

    def run(order):
        fitter = TrackFitter(pulses, load_table(), SCATTERING_LENGTH_M, SETTINGS)
        return {k: bits(fitter.fit(PIXELS[k], seeds_of(k))) for k in order}

    once = run([0, 1, 2, 3])
    assert once == run([3, 1, 0, 2])
    assert once == run([0, 0, 1, 1, 2, 2, 3, 3])
    assert len(set(once.values())) == len(PIXELS)


def test_fit_leaves_direction_and_seeds_alone(fitter):
    direction, seeds = PIXELS[0].copy(), np.random.default_rng(1).uniform(-300.0, 300.0, (4, 4))
    before = seeds.copy()
    fitter.fit(direction, seeds)
    assert (direction == PIXELS[0]).all()
    assert (seeds == before).all()


@pytest.mark.parametrize("direction", PIXELS)
def test_llh_is_that_of_the_answer(fitter, pulses, direction):
    """In detector coordinates, with the constant log N: the vertex that is told has the llh that is told."""
    fit = fitter.fit(direction, None)
    hits, frame = first_hits(pulses, 5.0), np.empty((3, 3))
    constant = np.log(hits[:, 4]).sum()
    track_frame(direction, frame)
    hits[:, :3] -= [fit.x, fit.y, fit.z]
    hits[:, 3] = (hits[:, 3] - fit.t) * C_VACUUM_M_PER_NS
    llh, _, _ = track_llh(hits, load_table(), SCATTERING_LENGTH_M, 1.0, frame, 0.0, 0.0, 0.0)
    assert fit.llh == pytest.approx(llh - constant, rel=0, abs=1e-5)  # the constant is rounded to 1e-6
    assert math.isnan(fit.E_in)
    assert math.isnan(fit.E_tot)


def test_vertex_lies_across_from_the_centre_of_light(fitter, pulses):
    hits = first_hits(pulses, 5.0)
    centre = np.average(hits[:, :3], axis=0, weights=hits[:, 4])
    fit = fitter.fit(PIXELS[0], None)
    assert (np.array([fit.x, fit.y, fit.z]) - centre) @ PIXELS[0] == pytest.approx(0.0, abs=1e-9)


def test_its_own_vertex_as_seed_is_no_worse(fitter):
    """Nor when worse seeds come with it, beyond the number that is fitted."""
    for direction in PIXELS:
        own = fitter.fit(direction, None)
        far = [[5e3, 5e3, 5e3, 0.0]] * 5
        assert fitter.fit(direction, np.array([own[3:]])).llh <= own.llh + 1e-9
        assert fitter.fit(direction, np.array([*far, own[3:]])).llh <= own.llh + 1e-9


def test_nan_seeds_never_win(fitter):
    good = np.array([[0.0, 0.0, 0.0, 11_000.0], [50.0, 0.0, 0.0, 11_200.0]])
    nan = np.full((1, 4), math.nan)
    alone = fitter.fit(PIXELS[1], good)
    assert math.isfinite(alone.llh)
    for place in (0, 1, 2):
        assert bits(fitter.fit(PIXELS[1], np.insert(good, place, nan, axis=0))) == bits(alone)


def test_nothing_finite_is_nan_throughout(fitter):
    assert np.isnan(fitter.fit(PIXELS[1], np.full((1, 4), math.nan))).all()


def test_a_brighter_pulse_does_not_count_for_more_than_the_cut(pulses):
    def llh(charge_pe):
        event = make_pulses(pulses.string, pulses.om, pulses.time_ns, np.full(len(pulses), charge_pe))
        return TrackFitter(event, load_table(), SCATTERING_LENGTH_M, SETTINGS).fit(PIXELS[1], None).llh

    assert llh(50.0) == llh(500.0) != llh(1.0)


def test_moving_the_event_in_time_moves_its_vertex_in_time(fitter, pulses):
    late = make_pulses(pulses.string, pulses.om, pulses.time_ns + 1000.0, pulses.charge_pe)
    here, there = fitter.fit(PIXELS[1], None), TrackFitter(late, load_table(), 45.0, SETTINGS).fit(PIXELS[1], None)
    assert there.llh == pytest.approx(here.llh, abs=1e-6)
    assert np.subtract(there[3:], here[3:]) == pytest.approx([0.0, 0.0, 0.0, 1000.0], abs=1e-3)


def test_evaluations_are_counted_without_the_warm_up(pulses):
    fitter = find_reco("pandel_mpe").bind(pulses)
    assert fitter.evaluations == 0
    fitter.fit(PIXELS[0], None)
    assert fitter.evaluations >= 2 * 4


def test_only_the_first_fitter_of_a_process_is_warmed_up(pulses, monkeypatch):
    """All share the compiled kernels: a worker with many models has not to fit with each."""
    find_reco("pandel_mpe").bind(pulses)
    monkeypatch.setattr(TrackFitter, "fit", None)
    find_reco("pandel_mpe:jitter=8").bind(pulses)


def test_of_two_opposite_directions_the_true_one_is_likelier(pulses):
    """The toy's light moves along +x: it came from -x."""
    fitter = find_reco("pandel_mpe").bind(pulses)
    true, opposite = (fitter.fit(np.array([x, 0.0, 0.0]), None) for x in (-1.0, 1.0))
    assert true.llh < opposite.llh - 10.0
