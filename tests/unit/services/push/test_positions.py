"""Places of listeners: every id is read as the place that it was made of, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.services.push.positions import START, Position, read_position

NUMBERS = st.integers(0, 10**18 - 1)
PLACES = st.builds(Position, NUMBERS, NUMBERS)
SCAN, OTHER = "19a2b3c4d5ex0123456789abcdef", "19a2b3c4d5ex0123456789abcdee"


@given(PLACES)
def test_an_id_is_read_as_it_was_made(at):
    assert read_position(at.id(SCAN), SCAN) == at
    assert read_position(at.id(None), None) == Position(at.news, 0)


@given(PLACES)
def test_either_form_is_taken_everywhere(at):
    assert read_position(at.id(SCAN), None) == Position(at.news, 0)
    assert read_position(at.id(None), SCAN) == Position(at.news, 0)
    assert read_position(f"{at.news}-{at.fits}", SCAN) == at


@given(PLACES)
def test_fits_of_another_scan_do_not_count(at):
    assert read_position(at.id(OTHER), SCAN) == Position(at.news, 0)


@pytest.mark.parametrize(
    "text", ["", "-1", "1-", "1--2", "x", "1-2-", "1-2-3-4", " 1", "1\n", "1-2-abcdefg", "٣", "9" * 19, "1.0", "1-2-é"]
)
def test_a_damaged_id_is_refused(text):
    with pytest.raises(SettingError, match="last_event_id"):
        read_position(text, SCAN)


@given(PLACES, PLACES)
def test_a_place_covers_what_is_no_later_in_both_numbers(one, other):
    earlier = one.no_later_than(other)
    assert one.covers(earlier)
    assert other.covers(earlier)
    assert one.covers(other) == (earlier == other)
    assert one.covers(START)
