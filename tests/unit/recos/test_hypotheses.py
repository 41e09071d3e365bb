"""Which of a track and a point source light came from: of light drawn from either, the right one wins."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.constants import C_ICE_M_PER_NS, C_VACUUM_M_PER_NS
from skydriver.detector.geometry import dom_positions
from skydriver.errors import TaskInputError
from skydriver.events.event import Pulses
from skydriver.recos.hypotheses import MAX_PHOTONS, compare, significance
from skydriver.recos.pandel_table import JITTER_NS, RATE_PER_NS, SCATTERING_LENGTH_M, load_table
from skydriver.recos.point_llh import point_llh
from skydriver.recos.track_fit import TrackFitter, TrackSettings, first_hits

MAIN_DOMS = 78 * 60
START_NS = 10_000.0
SETTINGS = TrackSettings(max_photons=5.0, stretch=8.0, ring_m=75.0, n_ring=6, n_given=2)
some_floats = st.lists(st.floats(-100.0, 100.0), min_size=2, max_size=30)


def unit(x, y, z):
    return np.array([x, y, z]) / math.hypot(x, y, z)


def light(dice, dom, distance_m, direct_ns):
    """One pulse for each of the DOMs, late as the Pandel law says."""
    late = dice.gamma(distance_m / SCATTERING_LENGTH_M, 1.0 / RATE_PER_NS) + dice.normal(0.0, JITTER_NS, len(dom))
    n = len(dom)
    return Pulses(dom // 60 + 1, dom % 60 + 1, direct_ns + late, np.ones(n), np.full(n, 8.0), np.ones(n, bool))


def point_light(seed, place, radius_m=150.0):
    """Light of a point, on the DOMs around it."""
    away = np.linalg.norm(dom_positions()[:MAIN_DOMS] - place, axis=1)
    dom = np.flatnonzero(away < radius_m)
    return light(np.random.default_rng(seed), dom, away[dom], START_NS + away[dom] / C_ICE_M_PER_NS)


def track_light(seed, direction, direct_light, reach_m=80.0):
    """Light of a track through the origin, on every third of the DOMs along it."""
    place = dom_positions()[:MAIN_DOMS]
    away = np.linalg.norm(np.cross(place, direction), axis=1)
    dom = np.flatnonzero(away < reach_m)[::3]
    direct = np.array([direct_light(place[k], np.zeros(3), START_NS, -direction) for k in dom])
    return light(np.random.default_rng(seed), dom, away[dom], direct)


def best_track(pulses, direction):
    fit = TrackFitter(pulses, load_table(), SCATTERING_LENGTH_M, SETTINGS).fit(direction, None)
    return direction, [fit.x, fit.y, fit.z], fit.t


@pytest.mark.parametrize(
    ("seed", "place"), [(0, (0.0, 0.0, 0.0)), (1, (210.0, -120.0, -330.0)), (2, (-150.0, 60.0, 250.0))]
)
def test_light_of_a_point_is_that_of_a_point(seed, place):
    """Whatever the track's direction; and the place and the time are found."""
    pulses = point_light(seed, np.array(place))
    for direction in (unit(0, 0, 1), unit(1, 2, -1), unit(-3, 1, 0.5)):
        found = compare(pulses, *best_track(pulses, direction))
        assert found.n_dom == pulses.n_dom
        assert found.significance < -1.0
        assert found.point_llh < found.track_llh
        assert math.dist(found.point[:3], place) < 15.0
        assert found.point.t_ns == pytest.approx(START_NS, abs=50.0)


@pytest.mark.parametrize(("seed", "direction"), [(0, unit(0.3, 0.2, -1)), (1, unit(1, 0.1, 0.3)), (2, unit(-1, 2, 1))])
def test_light_of_a_track_is_that_of_a_track(seed, direction, direct_light):
    pulses = track_light(seed, direction, direct_light)
    found = compare(pulses, direction, np.zeros(3), START_NS)
    assert found.significance > 3.0
    assert found.track_llh < found.point_llh


def test_llhs_are_those_of_the_fits():
    """With the constant log N, in detector coordinates and ns."""
    pulses = point_light(7, np.array([20.0, 30.0, -200.0]))
    charge = np.random.default_rng(7).gamma(1.0, 4.0, len(pulses))
    pulses = Pulses(pulses.string, pulses.om, pulses.time_ns, charge, pulses.width_ns, pulses.hlc)
    fit = TrackFitter(pulses, load_table(), SCATTERING_LENGTH_M, SETTINGS).fit(unit(1, 1, 1), None)
    found = compare(pulses, unit(1, 1, 1), [fit.x, fit.y, fit.z], fit.t)
    assert found.track_llh == pytest.approx(fit.llh, abs=1e-5)
    hits = first_hits(pulses, MAX_PHOTONS)
    hits[:, 3] *= C_VACUUM_M_PER_NS
    source = np.array([*found.point[:3], found.point.t_ns * C_VACUUM_M_PER_NS])
    llh, gradient = point_llh(hits, load_table(), SCATTERING_LENGTH_M, 1.0 / C_VACUUM_M_PER_NS, source)
    assert found.point_llh == pytest.approx(llh - np.log(hits[:, 4]).sum(), abs=1e-5)
    assert np.abs(gradient).max() < 1e-3  # per m: it is a minimum


def test_a_point_of_the_track_is_as_good_as_another():
    pulses, direction = point_light(2, np.zeros(3)), unit(1, 2, 3)
    here = compare(pulses, direction, [10.0, 20.0, 30.0], START_NS)
    there = compare(
        pulses, direction, np.array([10.0, 20.0, 30.0]) - 500.0 * direction, START_NS + 500.0 / C_VACUUM_M_PER_NS
    )
    assert there.track_llh == pytest.approx(here.track_llh, abs=1e-6)
    assert there.significance == pytest.approx(here.significance, abs=1e-6)


def test_a_later_event_is_the_same_event():
    pulses = point_light(3, np.zeros(3))
    late = Pulses(pulses.string, pulses.om, pulses.time_ns + 700.0, pulses.charge_pe, pulses.width_ns, pulses.hlc)
    here = compare(pulses, unit(1, 2, 3), np.zeros(3), START_NS)
    there = compare(late, unit(1, 2, 3), np.zeros(3), START_NS + 700.0)
    assert there.significance == pytest.approx(here.significance, abs=1e-3)
    assert np.subtract(there.point, here.point) == pytest.approx([0.0, 0.0, 0.0, 700.0], abs=0.1)


@pytest.mark.parametrize("n", [1, 3])
def test_few_doms_are_compared_as_well(n):
    pulses = point_light(4, np.zeros(3)).select(np.arange(n))
    found = compare(pulses, unit(1, 2, 3), np.zeros(3), START_NS)
    assert found.n_dom == n
    assert np.isfinite([*found[:4], *found.point]).all()


def test_pulses_that_were_not_cleaned_are_refused():
    with pytest.raises(TaskInputError):
        compare(Pulses([87], [1], [0.0], [1.0], [1.0], [True]), unit(0, 0, 1), np.zeros(3), 0.0)


@given(st.floats(-1e6, 1e6), st.integers(1, 30))
def test_what_does_not_differ_from_dom_to_dom_is_not_significant(difference, n):
    assert significance(np.zeros(n)) == 0.0
    assert significance(np.full(1, difference)) == 0.0


@given(some_floats)
def test_the_significance_of_the_opposite_is_the_opposite(differences):
    values = np.array(differences)
    assert significance(-values) == pytest.approx(-significance(values), rel=1e-12)


@given(some_floats, st.sampled_from([0.25, 8.0]))
def test_the_significance_is_the_mean_over_its_error(differences, factor):
    values = np.array(differences)
    if np.std(values) < 1e-6:
        return
    n = len(values)
    mean = sum(differences) / n
    error = math.sqrt(sum((value - mean) ** 2 for value in differences) / n / n)
    assert significance(values) == pytest.approx(mean / error, rel=1e-6, abs=1e-6)
    assert significance(factor * values) == pytest.approx(significance(values), rel=1e-9)
