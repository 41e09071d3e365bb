"""What no argument may hold is found wherever it is, soon; what a sentence shows of a value is short and printable."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.services.json_values import MAX_TOLD, OF_ARGUMENTS, OF_EVENTS, check_value, told

WRONG = {
    "NUL": "a\x00",
    "half a pair": "\udc80",
    "NaN": math.nan,
    "infinity": -math.inf,
    "large": 2**63,
    "small": -(2**64),
}
PLACES = {
    "alone": lambda value: value,
    "in a list": lambda value: [1, [value]],
    "as an item": lambda value: {"a": {"b": value}},
    "as a key": lambda value: {"a": [{value: 1}]},
}


def wrapped(levels: int) -> object:
    value: object = "x"
    for number in range(levels):
        value = [value] if number % 2 else {"k": value}
    return value


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found_wherever_it_is(place, wrong):
    with pytest.raises(SettingError, match=r"^name: holds "):
        check_value("name", PLACES[place](WRONG[wrong]), OF_ARGUMENTS)


@pytest.mark.parametrize("wrong", ["NUL", "half a pair", "large"])
def test_events_may_hold_any_text_and_whole_number(wrong):
    check_value("name", {"a": WRONG[wrong]}, OF_EVENTS)


@pytest.mark.parametrize("bounds", [OF_ARGUMENTS, OF_EVENTS])
def test_the_bounds_are_where_they_are_said_to_be(bounds):
    check_value("name", wrapped(bounds.depth - 1), bounds)
    check_value("name", [0] * (bounds.values - 1), bounds)
    check_value("name", "x" * bounds.characters, bounds)
    for beyond in (wrapped(bounds.depth), [0] * bounds.values, "x" * (bounds.characters + 1)):
        with pytest.raises(SettingError, match=r"name: (is nested deeper|holds more) than"):
            check_value("name", beyond, bounds)


class Unread(dict):
    """May be counted, not walked through."""

    def values(self):
        pytest.fail("it was read")


def test_what_holds_too_much_is_not_read():
    with pytest.raises(SettingError, match="name: holds more than"):
        check_value("name", {"a": Unread.fromkeys(range(OF_ARGUMENTS.values))}, OF_ARGUMENTS)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_told_fits_a_sentence(value):
    text = told(value)
    assert 0 < len(text) <= MAX_TOLD
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (None, "null"), ("a", "'a'"), (1.5, "1.5"), ([1], "a list of 1")]
)
def test_it_is_told_as_json_has_it(value, text):
    assert told(value) == text


def test_a_number_too_long_to_write_down_is_told():
    assert told(10**5000) == "a number of more than 64 bits"
