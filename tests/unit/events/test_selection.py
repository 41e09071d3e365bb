"""Selecting pulses: laws of what is left out, and texts that become selections and back."""

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skydriver.detector.geometry import dom_positions
from skydriver.errors import SettingError
from skydriver.events.cleaning import clean
from skydriver.events.event import Pulses
from skydriver.events.realtime import load_event, read_event
from skydriver.events.selection import FAULTY_WINDOWS, Selection, parse_strings, select
from skydriver.testing.events import toy_event, toy_positions

POSITIONS = toy_positions()
TOY = read_event(toy_event())
CLEANED = clean(TOY.pulses, POSITIONS).pulses
ODD, EVEN = parse_strings("odd"), parse_strings("even")


def with_pulses(pulses):
    """The toy event with another main series."""
    return dataclasses.replace(TOY, series={**TOY.series, TOY.main_series: pulses})


def joined(*parts: Pulses):
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in Pulses.__slots__]
    everything = Pulses(*columns)
    return everything.select(np.lexsort((everything.time_ns, everything.pmt, everything.om, everything.string)))


def pulses_at(*rows: tuple[int, int, float]):
    """One pulse of 1 PE and 10 ns in local coincidence at each (string, om, time)."""
    string, om, time_ns = np.array(rows).T
    n = len(rows)
    return Pulses(string, om, time_ns, np.ones(n), np.full(n, 10.0), np.ones(n, bool))


def selected(event=TOY, **choice: object):
    return select(event, Selection(**choice), POSITIONS)


def is_left_out(choice, kept, event=TOY):
    """Whether the choice leaves exactly `kept`, of the cleaned pulses, and counts the rest."""
    whole, found = selected(event), selected(event, **choice)
    counts = dataclasses.replace(found, pulses=whole.pulses, n_excluded=0)
    return found.pulses == whole.pulses.select(kept) and found.n_excluded == np.sum(~kept) and counts == whole


def test_excluding_nothing_changes_nothing():
    assert selected() == clean(TOY.pulses, POSITIONS)
    assert selected().n_excluded == 0
    assert selected(series=TOY.main_series) == selected()


@given(st.sets(st.integers(1, 86)))
def test_excluding_strings_leaves_out_their_pulses_and_no_others(strings):
    assert is_left_out({"exclude_strings": tuple(strings)}, ~np.isin(CLEANED.string, list(strings)))


def test_odd_and_even_part_the_strings_and_the_pulses():
    assert sorted(ODD + EVEN) == list(range(1, 87))
    parts = [selected(exclude_strings=half).pulses for half in (ODD, EVEN)]
    assert all(len(part) for part in parts)
    assert joined(*parts) == CLEANED


@given(st.sets(st.tuples(st.integers(41, 48), st.integers(28, 32)) | st.tuples(st.integers(1, 86), st.integers(1, 60))))
def test_excluding_doms_leaves_out_their_pulses_and_no_others(doms):
    kept = np.array([(s, o) not in doms for s, o in zip(CLEANED.string, CLEANED.om, strict=True)])
    assert is_left_out({"exclude_doms": tuple(f"{string}-{om}" for string, om in doms)}, kept)


@given(st.floats(9_000, 14_000), st.floats(0.5, 3_000))
@example(float(CLEANED.time_ns[0]), 100.0)
@example(float(CLEANED.time_ns[-1]) - 100.0, 100.0)
def test_a_time_window_holds_its_start_and_not_its_stop(start, length):
    stop = start + length
    kept = (start <= CLEANED.time_ns) & (stop > CLEANED.time_ns)
    assert is_left_out({"time_window": (start, stop)}, kept)


@pytest.mark.parametrize(
    "choice",
    [{"exclude_strings": ODD}, {"exclude_doms": ("44-30", "bright")}, {"time_window": (9_000.0, 10_500.0)}],
)
def test_what_stays_is_what_cleaning_the_whole_event_keeps(choice):
    lonely = pulses_at((12, 30, 10_100.0))  # out of range of all others
    event = with_pulses(joined(TOY.pulses, lonely))
    assert selected(event, **choice).pulses == selected(**choice).pulses
    assert selected(event, **choice).n_isolated == selected(**choice).n_isolated + 1


modules = st.tuples(st.integers(41, 48), st.integers(28, 32))
spans = st.tuples(st.floats(9_500, 14_000), st.floats(0, 500)).map(lambda span: (span[0], span[0] + span[1]))
windows = st.dictionaries(modules, st.lists(spans, max_size=4).map(tuple), max_size=5)
FIRST = (int(CLEANED.string[0]), int(CLEANED.om[0]))
BEGIN, END = float(CLEANED.time_ns[0]), float(CLEANED.time_ns[0] + CLEANED.width_ns[0])


@given(windows, st.sampled_from(sorted(FAULTY_WINDOWS)))
@settings(deadline=None)
@example({FIRST: ((BEGIN - 5, BEGIN),)}, "saturation")
@example({FIRST: ((END, END + 5),)}, "saturation")
@example({FIRST: ((END + 1, END + 5), (BEGIN - 5, BEGIN - 1))}, "saturation")
@example({FIRST: ((END + 5, BEGIN - 5),)}, "saturation")
@example({(44, 30): ((-np.inf, np.inf),)}, "saturation")
@example({(44, 30): ((-np.inf, 0.0), (20_000.0, np.inf))}, "saturation")
@example({(40, 30 + 4 * 64): ((0.0, 1e9),), (-1, 30): ((0.0, 1e9),), (44, 4_000_000_000): ((0.0, 1e9),)}, "errata")
def test_what_overlaps_a_faulty_window_of_its_dom_is_left_out(found, word):
    event = dataclasses.replace(TOY, time_windows={FAULTY_WINDOWS[word]: found})
    kept = np.array(
        [
            not any(min(span) <= t + w and t <= max(span) for span in found.get((s, o), ()))
            for s, o, t, w in zip(CLEANED.string, CLEANED.om, CLEANED.time_ns, CLEANED.width_ns, strict=True)
        ]
    )
    assert is_left_out({"exclude_windows": (word,)}, kept, event)


def test_other_windows_than_those_asked_for_count_for_nothing():
    everything = {(string, om): ((0.0, 1e6),) for string in range(41, 49) for om in range(28, 33)}
    event = dataclasses.replace(TOY, time_windows={"SaturationWindows": everything})
    assert selected(event, exclude_windows=("errata",), exclude_doms=("errata",)) == selected()
    assert selected(event, exclude_windows=("saturation",)).npulses == 0
    assert selected(event, exclude_doms=("saturated",)).npulses == 0


def test_bright_doms_have_more_than_ten_times_the_mean_charge():
    charge_pe = np.where((CLEANED.string == 44) & (CLEANED.om == 30), 100.0, CLEANED.charge_pe)
    event = with_pulses(dataclasses.replace(CLEANED, charge_pe=charge_pe))
    kept = (CLEANED.string != 44) | (CLEANED.om != 30)
    assert is_left_out({"exclude_doms": ("bright",)}, kept, event)
    assert selected(exclude_doms=("bright",)) == selected()


def test_ten_times_the_mean_is_not_yet_bright():
    rows = [(string, om, 10_000.0) for string in (44, 45) for om in range(20, 30)]
    charge_pe = np.ones(20)
    charge_pe[3] = 19.0  # of 38 PE on 20 DOMs
    pulses = dataclasses.replace(pulses_at(*rows), charge_pe=charge_pe)
    assert selected(with_pulses(pulses), exclude_doms=("bright",)).n_excluded == 0
    charge_pe[3] = 19.1
    pulses = dataclasses.replace(pulses, charge_pe=charge_pe)
    assert selected(with_pulses(pulses), exclude_doms=("bright",)).n_excluded == 1


def test_deepcore_only_adds_its_strings():
    deepcore = pulses_at((79, 30, 10_000.0), (79, 31, 10_010.0), (80, 30, 10_400.0), (86, 1, 90_000.0))
    event = with_pulses(joined(TOY.pulses, deepcore))
    without, with_them = selected(event), selected(event, deepcore=True)
    assert with_them.pulses.select(with_them.pulses.string < 79) == without.pulses
    assert with_them.npulses == without.npulses + without.n_deepcore
    assert (without.n_deepcore, with_them.n_deepcore) == (3, 0)


def test_everything_can_be_left_out_and_nothing_be_selected_from():
    everything = Selection(exclude_doms=("bright", "saturated"), exclude_strings=ODD + EVEN)
    assert select(TOY, everything, POSITIONS).npulses == 0
    nothing = with_pulses(TOY.pulses.select(np.zeros(len(TOY.pulses), bool)))
    assert select(nothing, Selection(exclude_doms=("bright",), exclude_windows=("errata",)), POSITIONS).npulses == 0


def test_another_series_is_taken_by_its_name():
    half = TOY.pulses.select(TOY.pulses.om <= 30)
    event = dataclasses.replace(TOY, series={**TOY.series, "Half": half})
    assert selected(event, series="Half") == clean(half, POSITIONS)
    with pytest.raises(SettingError, match=r"^pulses: the event has no pulse series 'Third', only Half, I3SuperDST, "):
        selected(event, series="Third")


def test_odd_modules_of_an_event_do_no_harm():
    strange = Pulses(
        [44, 87, 93, 0, -3, 41],
        [61, 1, 100, 1, 1, 30],
        np.full(6, 10_000.0),
        np.full(6, 1e6),
        np.ones(6),
        np.ones(6, bool),
        [0, 0, 0, 0, 0, 5],
    )
    event = with_pulses(joined(TOY.pulses, strange))
    everything = {"exclude_doms": ("bright", "saturated", "44-30"), "exclude_windows": ("errata",)}
    assert selected(event, **everything).pulses == selected(**everything).pulses


def test_a_real_event_with_a_saturated_dom(real_event):
    event, positions_m = load_event(real_event("hese_event_02")), dom_positions()
    whole = clean(event.pulses, positions_m).pulses
    on_it = (whole.string == 47) & (whole.om == 31)
    found = select(event, Selection(exclude_doms=("saturated",)), positions_m)
    assert found.pulses == whole.select(~on_it)
    assert found.n_excluded == on_it.sum() > 0
    within = select(event, Selection(exclude_windows=("saturation",)), positions_m)
    assert 0 < within.n_excluded < on_it.sum()


doms = st.tuples(st.integers(1, 86), st.integers(1, 60)).map(lambda dom: f"{dom[0]}-{dom[1]}")
times = st.floats(-1e9, 1e9)
selections = st.builds(
    Selection,
    series=st.none() | st.text(min_size=1, max_size=9),
    exclude_strings=st.lists(st.integers(1, 86), max_size=9).map(tuple),
    exclude_doms=st.lists(doms | st.sampled_from(("saturated", "errata", "bright")), max_size=9).map(tuple),
    deepcore=st.booleans(),
    time_window=st.none() | st.tuples(times, times).filter(lambda span: span[0] < span[1]),
    exclude_windows=st.lists(st.sampled_from(("saturation", "errata")), max_size=3).map(tuple),
)


@given(selections)
def test_its_texts_become_the_same_selection(selection):
    assert Selection.from_texts(selection.described()) == selection


def test_only_what_differs_from_the_usual_choice_is_described():
    assert Selection().described() == {}
    assert Selection(deepcore=True, time_window=(9000, 15000), exclude_strings=(5, 1, 3, 1)).described() == {
        "exclude_strings": "1,3,5",
        "deepcore": "true",
        "time_window": "9000.0,15000.0",
    }


@pytest.mark.parametrize(
    ("texts", "selection"),
    [
        ({"exclude_strings": "1,5-7, 80"}, Selection(exclude_strings=(1, 5, 6, 7, 80))),
        ({"exclude_strings": "odd,2,7-7"}, Selection(exclude_strings=(2, *ODD))),
        ({"exclude_doms": "bright,47-31,12-60,5-07"}, Selection(exclude_doms=("5-7", "12-60", "47-31", "bright"))),
        ({"time_window": "-1.5,2e3"}, Selection(time_window=(-1.5, 2000.0))),
        ({"exclude_windows": "saturation,errata,errata"}, Selection(exclude_windows=("errata", "saturation"))),
        ({"pulses": "Some", "deepcore": "false"}, Selection("Some")),
    ],
)  # fmt: skip
def test_what_users_write_is_understood(texts, selection):
    assert Selection.from_texts(texts) == selection


BAD = {
    "pulses": [""],
    "exclude_strings": [
        "", "0", "87", "1,,2", "1-", "-1", "5-1", "1-87", "ODD", "1.5", "\u0663", "1-2-3", "9" * 5000, "x" * 5000,
    ],
    "exclude_doms": [
        "", "47", "47-0", "47-61", "0-1", "87-1", "47-31-0", "47,31", "dim", "\u0663-1", "saturated,", "x" * 5000,
    ],
    "deepcore": ["", "yes", "True", "1"],
    "time_window": ["", "1", "1,2,3", "1,", "a,b", "2,1", "1,1", "nan,1", "1,nan", "0,inf", "-inf,0", "1" * 5000],
    "exclude_windows": ["", "saturated", "errata;saturation", "errata,", "x" * 5000],
    "strings": ["1"],
}  # fmt: skip


@pytest.mark.parametrize(("argument", "text"), [(argument, text) for argument in BAD for text in BAD[argument]])
def test_nonsense_is_refused_by_the_name_of_the_option(argument, text):
    with pytest.raises(SettingError) as caught:
        Selection.from_texts({argument: text})
    assert caught.value.argument == argument
    assert len(str(caught.value)) < 200


@given(st.sampled_from(sorted(BAD)), st.text(alphabet="0123456789-,. einfaodvr\u0663", max_size=8))
def test_any_text_is_understood_or_refused_by_the_name_of_the_option(argument, text):
    try:
        found = Selection.from_texts({argument: text})
    except SettingError as error:
        named = error.argument
    else:
        named = argument
        assert Selection.from_texts(found.described()) == found
    assert named == argument


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("exclude_strings", (0,)),
        ("exclude_strings", (87,)),
        ("exclude_doms", ("47",)),
        ("time_window", (1.0, 1.0)),
        ("time_window", (0.0, float("inf"))),
        ("exclude_windows", ("bright",)),
    ],
)
def test_programs_are_refused_the_same(argument, value):
    with pytest.raises(SettingError) as caught:
        Selection(**{argument: value})
    assert caught.value.argument == argument
