"""decode(encode(event)) = event, on SuperDST's grid."""

import datetime as dt

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skydriver.events.event import Pulses, Seed
from skydriver.events.realtime import read_event
from skydriver.events.superdst_writer import superdst_grid
from skydriver.events.writer import encode_event, make_header
from skydriver.testing.events import TOY_START, toy_event, toy_pulses, toy_seed

STEP, HALF = 0.05, 0.025
CODES = (0, 61, 62, 63, 64, 63 + 65534, 63 + 65535, 63 + 65536, 63 + 2 * 65535, 200_000)
DELTAS = (0, 1, 2, 3, 254, 255, 256, 2046, 2047, 2048, 255 + 65535, 2047 + 65535, 6449, 6450, 6451, 6452, 300_000)
CHARGES = st.sampled_from([code * STEP + HALF for code in CODES]) | st.floats(0, 100)
DELAYS = st.sampled_from(DELTAS) | st.floats(0, 3000)
MODULES = st.tuples(st.sampled_from((1, 36, 86, 93)), st.sampled_from((1, 59, 60)))


@st.composite
def pulse_lists(draw, modules=MODULES):
    """Pulses with delays beside the limits of a stamp, on so few modules that readouts interleave."""
    rows = draw(
        st.lists(st.tuples(modules, DELAYS, CHARGES, st.floats(0, 1e5), st.booleans()), min_size=1, max_size=40)
    )
    time_ns = draw(st.sampled_from((-512.0, 0.0, 9000.0))) + np.cumsum([row[1] for row in rows])
    string, om = np.array([row[0] for row in rows]).T
    return Pulses(string, om, time_ns, [row[2] for row in rows], [row[3] for row in rows], [row[4] for row in rows])


def read_back(pulses):
    return read_event(encode_event(make_header(1, 2, TOY_START), pulses))


def join(first, second):
    return Pulses(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in Pulses.__slots__))


@given(pulse_lists())
@example(Pulses([1, 1], [1, 1], [5, 5], [1, 2], [8, 8], [True, False]))
@settings(max_examples=100, deadline=None)
def test_pulses_on_the_grid_come_back(pulses):
    on_grid = superdst_grid(pulses)
    event = read_back(on_grid)
    assert event.pulses == on_grid
    assert event.series["I3SuperDST"] == on_grid
    assert superdst_grid(on_grid) == on_grid


@given(pulse_lists())
@settings(deadline=None)
def test_what_is_written_is_the_grid_of_the_pulses(pulses):
    assert read_back(pulses).pulses == superdst_grid(pulses)


@given(pulse_lists(modules=st.tuples(st.integers(1, 86), st.integers(55, 64))))
@settings(deadline=None)
def test_icetop_is_in_superdst_but_not_among_the_pulses_in_ice(pulses):
    both = superdst_grid(join(pulses, Pulses(87, 1, 0.0, 1.0, 8.0, True)))  # noqa: FBT003 # a column
    event = read_back(both)
    assert event.series["I3SuperDST"] == both
    assert event.pulses == both.select(both.om <= 60)


@given(pulse_lists())
@settings(deadline=None)
def test_the_grid_moves_times_by_half_a_ns_and_keeps_the_charge_of_a_module_within_a_step(pulses):
    on_grid = superdst_grid(pulses)
    assert set(on_grid.time_ns) == set(np.floor(pulses.time_ns + 0.5))
    for string, om in set(zip(pulses.string.tolist(), pulses.om.tolist(), strict=True)):
        here = (on_grid.string == string) & (on_grid.om == om)
        charge_pe = pulses.charge_pe[(pulses.string == string) & (pulses.om == om)].sum()
        assert abs(on_grid.charge_pe[here].sum() - charge_pe) <= (HALF + 1e-9) * np.count_nonzero(here)


@given(pulse_lists())
@settings(deadline=None)
def test_no_pulse_overlaps_the_next_of_its_module(pulses):
    found = read_back(pulses).pulses
    same = (np.diff(found.string) == 0) & (np.diff(found.om) == 0)
    assert (found.time_ns[:-1] + found.width_ns[:-1] <= found.time_ns[1:])[same].all()
    assert (found.width_ns > 0).all()


headers = st.builds(
    lambda run_id, time, *rest: make_header(run_id, rest[0], f"{time.isoformat()}Z", rest[1], rest[2]),
    st.integers(100_000, 999_999),
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 12, 31)),  # noqa: DTZ001 # hypothesis wants naive ones
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.text(st.characters(codec="utf-8"), max_size=20),
)


@given(headers, st.booleans())
@settings(deadline=None, max_examples=25)
def test_headers_come_back(header, is_real):
    event = read_event(encode_event(header, toy_pulses(), is_real=is_real))
    assert event.header == header
    assert event.is_real == is_real


angles = st.floats(0, np.pi), st.floats(0, 2 * np.pi)
lengths = st.floats(-1e6, 1e6)
shapes = st.sampled_from(("Null", "Cascade", "InfiniteTrack", "StartingTrack", "77"))
status = st.sampled_from(("NotSet", "OK", "FailedToConverge", "-5"))
seeds = st.builds(Seed, st.just("Fit"), *angles, lengths, lengths, lengths, lengths, st.floats(0, 1e9), status, shapes)


@given(st.lists(seeds, max_size=4))
@settings(deadline=None, max_examples=25)
def test_seeds_come_back_by_name(found):
    named = [
        Seed(f"Fit{9 - index}", *(getattr(seed, f) for f in Seed.__slots__[1:])) for index, seed in enumerate(found)
    ]
    event = read_event(encode_event(make_header(1, 2, TOY_START), toy_pulses(), named))
    assert list(event.seeds) == named[::-1]


def test_a_seed_without_direction_is_not_one():
    failed = Seed("Failed", np.nan, np.nan, 0.0, 0.0, 0.0, 0.0, np.nan, "FailedToConverge", "InfiniteTrack")
    event = read_event(encode_event(make_header(1, 2, TOY_START), toy_pulses(), [failed, toy_seed()]))
    assert event.seeds == (toy_seed(),)
    assert "Failed" in {found.name for found in event.objects}


def test_statements_come_back_by_path():
    stated = {"nch": 40, "truth": {"zenith_rad": 1.5, "losses": [[1, 2]]}}
    event = read_event(encode_event(make_header(1, 2, TOY_START), toy_pulses(), stated=stated))
    assert event.stated["nch"] == 40
    assert event.stated["truth.zenith_rad"] == 1.5
    assert event.stated["truth.losses.0.1"] == 2


def test_the_same_event_is_written_as_the_same_bytes():
    assert toy_event() == toy_event()
