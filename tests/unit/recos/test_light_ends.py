"""Where a track's light begins and ends, at the truth of simulated muons; events are chosen by geometry only."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.detector.coordinates import direction_vector
from skydriver.detector.edge import depth_m
from skydriver.detector.geometry import dom_positions
from skydriver.events.cleaning import clean
from skydriver.events.event import Pulses
from skydriver.recos.light_ends import LightEnds, _ends, light_ends
from skydriver.simulation.events import simulate_event

DARK = math.log(100.0)
"""Odds of one in a hundred."""
MIN_DOMS = 8
NOTHING = LightEnds(math.inf, -math.inf, 0.0, 0.0, 0, 0)


def crossing_m(place_m, travel):
    """Where a line that meets the detector enters and leaves it, m from the place."""
    steps = np.linspace(-2000.0, 2000.0, 4001)
    inside = steps[depth_m(np.array(place_m) + steps[:, None] * travel) > 0.0]
    return inside[0], inside[-1]


def at_the_truth(kind, seed):
    """Arguments of `light_ends`, and where the line enters and leaves the detector, m from the vertex."""
    pulses, truth = simulate_event(seed, kind=kind)
    direction, vertex = direction_vector(truth.zenith_rad, truth.azimuth_rad), (truth.x_m, truth.y_m, truth.z_m)
    cleaned = clean(pulses, dom_positions()).pulses
    return (cleaned, direction, vertex, truth.t_ns), crossing_m(vertex, -direction)


def chosen(kind, seeds, far_enough):
    """Events of a kind that are seen by some DOMs and far enough from the detector's edges."""
    for seed in seeds:
        event, crossing = at_the_truth(kind, seed)
        if event[0].n_dom >= MIN_DOMS and far_enough(*crossing):
            yield event, crossing


def with_pulses(pulses, string, om, time_ns):
    """More pulses, of one module each."""
    n, columns = len(string), {"string": string, "om": om, "time_ns": time_ns}
    more = columns | {"charge_pe": np.ones(n), "width_ns": np.ones(n), "hlc": np.ones(n, bool), "pmt": np.zeros(n)}
    return Pulses(**{name: np.concatenate([getattr(pulses, name), more[name]]) for name in Pulses.__slots__})


def test_a_muon_that_passes_is_nowhere_dark():
    for event, (entry, leave) in chosen("through_going", range(6), lambda *_: True):
        ends = light_ends(*event)
        assert ends.dark_before < 1.0
        assert ends.dark_after < 1.0
        assert ends.begin_m < entry + 150.0
        assert ends.end_m > leave - 150.0


def test_before_a_muon_that_starts_deep_inside_it_is_dark():
    """The light of the shower at its vertex makes it seem to begin some way before."""
    events = list(chosen("starting", range(13), lambda entry, _: entry < -500.0))
    assert len(events) > 4
    for event, (_, leave) in events:
        ends = light_ends(*event)
        assert ends.dark_before > DARK
        assert ends.dark_after < 1.0
        assert -250.0 < ends.begin_m < 50.0
        assert ends.end_m > leave - 150.0


def test_after_a_muon_that_stops_it_is_dark():
    """Such a muon is faint: its last DOMs often see nothing."""
    events = list(chosen("stopping", range(14), lambda _, leave: leave > 300.0))
    assert len(events) > 2
    for event, _ in events:
        ends = light_ends(*event)
        assert ends.dark_after > DARK
        assert -250.0 < ends.end_m < 50.0


def test_all_dark_is_no_light():
    """Without a pulse every begin and end is worse than none at all."""
    (pulses, *track), _ = at_the_truth("through_going", 0)
    ends = light_ends(pulses.select(np.zeros(len(pulses), bool)), *track)
    assert (ends.begin_m, ends.end_m, ends.n_hit) == (math.inf, -math.inf, 0)
    assert ends.dark_before > DARK
    assert ends.dark_before == pytest.approx(ends.dark_after)


def test_no_dom_near_is_nothing():
    (pulses, direction, _, t_ns), _ = at_the_truth("through_going", 0)
    across = np.cross(direction, [0.0, 0.0, 1.0])
    assert light_ends(pulses, direction, 3000.0 * across / np.linalg.norm(across), t_ns) == NOTHING
    assert light_ends(pulses, direction, (math.nan, 0.0, 0.0), t_ns) == NOTHING


def test_a_point_of_the_track_is_as_good_as_another():
    (pulses, direction, vertex, t_ns), _ = at_the_truth("starting", 2)
    here = light_ends(pulses, direction, vertex, t_ns)
    moved = vertex - 300.0 * direction
    there = light_ends(pulses, direction, moved, t_ns + 300.0 / C_VACUUM_M_PER_NS)
    assert (there.n_near, there.n_hit) == (here.n_near, here.n_hit)
    assert (there.begin_m + 300.0, there.end_m + 300.0) == pytest.approx((here.begin_m, here.end_m), abs=1e-6)
    assert (there.dark_before, there.dark_after) == pytest.approx((here.dark_before, here.dark_after), abs=1e-6)


def test_deepcore_and_unknown_modules_do_not_count():
    (pulses, *track), _ = at_the_truth("through_going", 3)
    string = np.array([79, 80, 86, 87, 93, 0, -1, 36, 36])
    om = np.array([30, 40, 60, 1, 100, 5, 5, 61, 0])
    more = with_pulses(pulses, string, om, np.full(9, track[-1]))
    assert light_ends(more, *track) == light_ends(pulses, *track)


def test_only_the_first_pulse_and_only_in_time_counts():
    (pulses, *track), _ = at_the_truth("through_going", 3)
    ends = light_ends(pulses, *track)
    assert ends.n_hit > 20
    again = with_pulses(pulses, pulses.string, pulses.om, pulses.time_ns + 5000.0)
    assert light_ends(again, *track) == ends
    early = with_pulses(pulses, pulses.string, pulses.om, np.full(len(pulses), -1e5))
    assert light_ends(early, *track).n_hit == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(1e-4, 20.0), st.booleans()), max_size=12))
def test_ends_are_the_likeliest_of_all(doms):
    """By trying every begin and end, with the probabilities written out."""
    light, hit = np.array([one[0] for one in doms]), np.array([one[1] for one in doms], bool)

    def log_probability(begin, end):
        total = 0.0
        for k, (mean, is_hit) in enumerate(doms):
            if begin <= k < end:
                total += math.log(1.0 - math.exp(-mean - 0.01)) if is_hit else -mean - 0.01
            else:
                total += math.log(0.01) if is_hit else -0.01
        return total

    n = len(doms)
    found = _ends(np.arange(n, dtype=float), light, hit)
    best = max(log_probability(begin, end) for begin in range(n + 1) for end in range(begin, n + 1))
    begin, end = (int(found.begin_m), int(found.end_m) + 1) if math.isfinite(found.begin_m) else (0, 0)
    assert log_probability(begin, end) == pytest.approx(best, abs=1e-9)
    later = max(log_probability(begin, n) for begin in range(n + 1))
    sooner = max(log_probability(0, end) for end in range(n + 1))
    assert found.dark_before == pytest.approx(later - log_probability(0, n), abs=1e-9)
    assert found.dark_after == pytest.approx(sooner - log_probability(0, n), abs=1e-9)
    assert (found.n_near, found.n_hit) == (n, hit.sum())
