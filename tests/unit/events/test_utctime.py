import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.events import utctime

SECOND = utctime.TENTHS_PER_SECOND


@given(st.integers(2000, 2100), st.data())
def test_a_time_survives_its_text(year, data):
    tenths = data.draw(st.integers(0, utctime.tenths_in_year(year) - 1))
    assert utctime.from_iso(utctime.to_iso(year, tenths)) == (year, tenths)


@pytest.mark.parametrize("day", utctime.LEAP_DAYS)
@given(st.integers(-3 * SECOND, 3 * SECOND))
def test_every_time_beside_a_leap_second_survives_its_text(day, offset):
    _, leap = utctime.from_iso(f"{day}T23:59:60Z")
    later = utctime.later(day.year, leap, offset)
    assert utctime.from_iso(utctime.to_iso(*later)) == later


@pytest.mark.parametrize("day", utctime.LEAP_DAYS)
def test_a_leap_second_has_a_text_of_its_own_and_the_date_of_the_second_before(day):
    _, leap = utctime.from_iso(f"{day}T23:59:60.5Z")
    assert utctime.to_iso(day.year, leap) == f"{day}T23:59:60.5000000000Z"
    assert utctime.to_mjd(day.year, leap) == utctime.to_mjd(day.year, leap - SECOND)
    before, after = utctime.to_mjd(day.year, leap - SECOND), utctime.to_mjd(*utctime.later(day.year, leap, SECOND))
    assert np.floor(after) == np.floor(before) + 1


def test_leap_second_of_2016_counts_in_its_year():
    assert utctime.tenths_in_year(2016) == (366 * 86_400 + 1) * SECOND
    last = utctime.tenths_in_year(2016) - 1
    assert utctime.to_iso(2016, last) == "2016-12-31T23:59:60.9999999999Z"
    assert utctime.later(2016, last, 1) == (2017, 0)
    assert utctime.to_mjd(2017, 0) == 57754.0


def test_times_after_a_leap_second_in_june_are_a_second_later_in_the_year():
    days = (dt.date(2015, 7, 1) - dt.date(2015, 1, 1)).days
    assert utctime.from_iso("2015-07-01T00:00:00Z") == (2015, (days * 86_400 + 1) * SECOND)


@pytest.mark.parametrize(
    "text", ["2000-02-29T06:00:00", "2016-12-31T00:00:00", "2017-01-01T00:00:00", "2023-12-02T17:08:24.093230"]
)
def test_mjd_is_that_of_astropy(text):
    time = pytest.importorskip("astropy.time").Time(text, scale="utc")
    mjd = utctime.to_mjd(*utctime.from_iso(f"{text}Z"))
    day_has_leap_second = dt.date.fromisoformat(text[:10]) in utctime.LEAP_DAYS
    assert abs(mjd - time.mjd) * 86_400 < (1.0 if day_has_leap_second else 1e-6)


@pytest.mark.parametrize(
    "text",
    ["", "2023-12-02", "2023-12-02T17:08:24", "2023-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2023-01-01T24:00:00Z",
     "2023-01-01T23:59:60Z", "2016-12-31T23:58:60Z", "2023-01-01T00:00:00.12345678901Z"],
)  # fmt: skip
def test_what_is_no_utc_time_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        utctime.from_iso(text)


@given(st.integers(2000, 2100), st.data())
def test_a_date_as_text_is_within_a_microsecond_of_the_time(year, data):
    tenths = data.draw(st.integers(0, utctime.tenths_in_year(year) - 2 * SECOND))
    mjd = utctime.to_mjd(year, tenths)
    back = utctime.to_mjd(*utctime.from_iso(utctime.mjd_to_iso(mjd)))
    assert abs(back - mjd) * 86_400 < 1e-6


def test_the_alerts_date_is_its_start():
    assert utctime.mjd_to_iso(60280.71416774572) == "2023-12-02T17:08:24.093230Z"
    assert utctime.mjd_to_iso(60280.0) == "2023-12-02T00:00:00.000000Z"


@pytest.mark.parametrize("mjd", [math.nan, math.inf, 0.0, -1e6, 51543.9, 88069.0 + 366.0, 9.9e6])
def test_a_date_of_no_icecube_event_has_no_text(mjd):
    with pytest.raises(ValueError, match="not in the years 2000 to 2100"):
        utctime.mjd_to_iso(mjd)
