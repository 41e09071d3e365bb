"""What the command find asks for, and how it shows what it is told."""

from __future__ import annotations

import datetime as dt

import pytest

from skydriver.cli.filters import checked_status, filter_of, joined, labelled
from skydriver.cli.labels import label
from skydriver.cli.since import since
from skydriver.cli.table import table, utc
from skydriver.errors import SettingError

NOW = 1_764_000_000.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=x", "x"),
        ("a=", ""),
        ("a=b=c", "b=c"),
        ("a=3", 3),
        ("a=-2.5", -2.5),
        ("a=true", True),
        ("a=null", None),
        ('a="3"', '"3"'),
        ("a=[1]", "[1]"),
        ("a=NaN", "NaN"),
        ("a=007", "007"),
    ],
)
def test_the_value_of_a_label_is_a_scalar_as_json_has_it_or_the_text_itself(text, value):
    key, found = label(text)
    assert (key, found, type(found)) == ("a", value, type(value))


@pytest.mark.parametrize("text", ["", "a", "=x"])
def test_what_is_no_label_is_refused(text):
    with pytest.raises(SettingError, match=r"^classifier: "):
        label(text)


def test_a_label_that_looks_like_a_number_is_found_as_a_text_too():
    assert labelled("a=3") == ("a", {"$in": [3, "3"]})
    assert labelled("a=x") == ("a", "x")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-11-24T16:00:00", NOW),
        ("2025-11-24T17:00:00+01:00", NOW),
        ("2025-11-24", dt.datetime(2025, 11, 24, tzinfo=dt.UTC).timestamp()),
        ("0s", NOW),
        ("90m", NOW - 5400.0),
        ("12h", NOW - 43_200.0),
        ("2d", NOW - 172_800.0),
        ("1w", NOW - 604_800.0),
    ],
)
def test_a_time_is_one_of_the_calendar_or_so_long_ago(text, seconds):
    assert since(text, NOW) == seconds


@pytest.mark.parametrize("text", ["", "yesterday", "2", "2y", "-2d", "2025-13-01", "9999999999d"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(SettingError, match=r"^since: "):
        since(text, NOW)


def test_conditions_hold_all_at_once():
    assert joined([]) == {}
    assert joined([{"a": 1}]) == {"a": 1}
    assert joined([{"a": 1}, {"a": {"$gt": 0}}]) == {"$and": [{"a": 1}, {"a": {"$gt": 0}}]}


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "[" * 100_000])
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(SettingError, match=r"^filter: "):
        filter_of(text)


def test_a_status_that_there_is_not_is_refused_with_all_that_there_are():
    assert checked_status("done") == "done"
    with pytest.raises(SettingError, match=r"^status: 'finished' is not one of queued, .*, failed$"):
        checked_status("finished")


def test_a_table_is_aligned_with_numbers_to_the_right():
    rows = [["a", 1, None, 2.5], ["long", 100, "x", None]]
    assert list(table(["NAME", "N", "T", "F"], rows)) == [
        "NAME    N  T    F",
        "a       1  -  2.5",
        "long  100  x    -",
    ]
    assert list(table(["NAME"], [])) == []
    assert utc(NOW) == "2025-11-24 16:00:00"
