"""Cleaning against a slow, obvious oracle, and its laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.events import cleaning
from skydriver.events.cleaning import clean
from skydriver.events.event import Pulses
from skydriver.testing.events import toy_positions, toy_pulses

POSITIONS = toy_positions()


def in_range(pulses, position, a, b):
    return np.sum((position[a] - position[b]) ** 2) <= 150.0**2 and abs(pulses.time_ns[a] - pulses.time_ns[b]) < 1000.0


def slow_seeded_rt(pulses):
    """Pair by pair, as the algorithm is told."""
    position = POSITIONS[(pulses.string.astype(int) - 1) * 60 + pulses.om - 1]
    hlc = set(np.flatnonzero(pulses.hlc).tolist())

    def module(hit):
        return pulses.string[hit], pulses.om[hit]

    core = {a for a in hlc if len({module(b) for b in hlc if b != a and in_range(pulses, position, a, b)}) >= 2}
    selected = core or hlc
    for _ in range(3):
        selected = selected | {
            a for a in range(len(pulses)) if any(in_range(pulses, position, a, b) for b in selected if b != a)
        }
    return selected


sixteenths_ns = st.integers(0, 16 * 12_000).map(lambda n: n / 16.0)
"""Their differences are exact: a hit 1000 ns less a rounding error from another may or may not be in range."""

hits = st.tuples(
    st.sampled_from((1, 2, 3, 11, 12, 79, 86)),
    st.integers(1, 12),
    st.integers(0, 60).map(lambda step: 200.0 * step) | sixteenths_ns,
    st.sampled_from((0.025, 1.0, 3.0)),
    st.booleans(),
)


def to_pulses(rows):
    string, om, time_ns, charge_pe, hlc = zip(*rows, strict=True)
    order = np.lexsort((time_ns, om, string))
    return Pulses(string, om, time_ns, charge_pe, np.ones(len(rows)), hlc).select(order)


@given(st.lists(hits, min_size=1, max_size=30))
@settings(deadline=None, max_examples=100)
def test_seeded_rt_is_that_of_the_oracle(rows):
    pulses = to_pulses(rows)
    row = (pulses.string.astype(int) - 1) * 60 + pulses.om - 1
    assert set(np.flatnonzero(cleaning._seeded_rt(pulses, row, POSITIONS)).tolist()) == slow_seeded_rt(pulses)


@given(st.lists(hits, min_size=1, max_size=30))
@settings(deadline=None, max_examples=30)
def test_work_in_pieces_changes_nothing(rows):
    whole = clean(to_pulses(rows), POSITIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaning, "_ROWS_AT_ONCE", 2)
        assert clean(to_pulses(rows), POSITIONS) == whole


@given(st.lists(st.floats(0, 30_000), min_size=1, max_size=40))
def test_no_window_holds_more_than_the_best(times):
    times = np.array(times)
    best = cleaning._best_window(times)
    assert np.ptp(times[best]) <= 6000.0
    assert best.sum() == max(((times >= start) & (times <= start + 6000.0)).sum() for start in times)


@given(st.lists(hits, min_size=1, max_size=30))
@settings(deadline=None)
def test_every_pulse_is_kept_or_counted(rows):
    pulses = to_pulses(rows)
    cleaned = clean(pulses, POSITIONS)
    left_out = cleaned.n_icetop + cleaned.n_unknown + cleaned.n_isolated + cleaned.n_outside_window + cleaned.n_deepcore
    assert cleaned.npulses + left_out == len(pulses)
    assert (cleaned.pulses.string < 79).all()


@given(st.lists(hits, min_size=1, max_size=30), st.integers(-10_000, 10_000))
@settings(deadline=None)
def test_a_common_shift_in_time_changes_nothing(rows, shift):
    pulses = to_pulses([(s, o, np.floor(t), q, h) for s, o, t, q, h in rows])
    later = Pulses(pulses.string, pulses.om, pulses.time_ns + shift, pulses.charge_pe, pulses.width_ns, pulses.hlc)
    assert np.array_equal(clean(later, POSITIONS).pulses.time_ns, clean(pulses, POSITIONS).pulses.time_ns + shift)


def test_icetop_and_unknown_modules_are_counted_and_left_out():
    known = toy_pulses().select(toy_pulses().om <= 60)
    rows = [(44, 61, 0), (44, 64, 0), (44, 65, 0), (87, 1, 0), (93, 100, 0), (0, 1, 0), (-3, 1, 0), (41, 30, 5)]
    string, om, pmt = np.array(rows).T
    extra = Pulses(string, om, np.full(8, 10_000.0), np.ones(8), np.ones(8), np.ones(8, bool), pmt)
    both = Pulses(*(np.concatenate([getattr(known, n), getattr(extra, n)]) for n in Pulses.__slots__))
    cleaned = clean(both, POSITIONS)
    assert (cleaned.n_icetop, cleaned.n_unknown) == (2, 6)
    assert cleaned.pulses == clean(known, POSITIONS).pulses


def test_nothing_is_kept_without_local_coincidence():
    quiet = toy_pulses()
    quiet = Pulses(quiet.string, quiet.om, quiet.time_ns, quiet.charge_pe, quiet.width_ns, np.zeros(len(quiet), bool))
    cleaned = clean(quiet, POSITIONS)
    assert (cleaned.npulses, cleaned.nch, cleaned.qtot) == (0, 0, 0.0)


def test_one_module_is_kept():
    one = to_pulses([(5, 5, 100.0, 1.0, True), (5, 5, 200.0, 1.0, True)])
    assert clean(one, POSITIONS).pulses == one
