"""I3Time to UTC and back: a year and tenths of ns since its January 1, leap seconds counted.

A Modified Julian Date has 86,400 s in every day, as in IceTray: the MJD of a leap second, 23:59:60, repeats that of the
second before it, and no time maps to the wrong day. ISO-8601 texts tell the two seconds apart.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TENTHS_PER_SECOND = 10**10
DAY_SECONDS = 86_400
MJD_OF_ORDINAL_ZERO = -678_576
"""MJD minus Python's proleptic Gregorian ordinal."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years that an IceCube event, real or simulated, can have."""
LEAP_DAYS = (
    dt.date(2005, 12, 31),
    dt.date(2008, 12, 31),
    dt.date(2012, 6, 30),
    dt.date(2015, 6, 30),
    dt.date(2016, 12, 31),
)
"""Days since 2000 that end with a leap second (IERS Bulletin C); none is announced after 2016."""
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,10}))?Z")


def tenths_in_year(year: int) -> int:
    """Tenths of ns in a year, leap seconds counted."""
    days = dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)
    leaps = sum(day.year == year for day in LEAP_DAYS)
    return (days.days * DAY_SECONDS + leaps) * TENTHS_PER_SECOND


def to_iso(year: int, tenths_ns: int) -> str:
    """ISO-8601 with Z and all ten decimals of the second."""
    date, second, tenths = _split(year, tenths_ns)
    regular = min(second, DAY_SECONDS - 1)
    clock = f"{regular // 3600:02}:{regular // 60 % 60:02}:{regular % 60 + second - regular:02}"
    return f"{date.isoformat()}T{clock}.{tenths:010}Z"


def to_mjd(year: int, tenths_ns: int) -> float:
    """Modified Julian Date, UTC, correctly rounded."""
    date, second, tenths = _split(year, tenths_ns)
    day = date.toordinal() + MJD_OF_ORDINAL_ZERO
    elapsed = min(second, DAY_SECONDS - 1) * TENTHS_PER_SECOND + tenths
    return (day * DAY_SECONDS * TENTHS_PER_SECOND + elapsed) / (DAY_SECONDS * TENTHS_PER_SECOND)


def mjd_to_iso(mjd: float) -> str:
    """ISO-8601 with Z, to the microsecond, of a Modified Julian Date, UTC.

    A double holds such a date to 0.4 microseconds. A ValueError says that the year is none of an IceCube event.
    """
    day = math.floor(mjd) - MJD_OF_ORDINAL_ZERO if math.isfinite(mjd) else 0
    if not dt.date(FIRST_YEAR, 1, 1).toordinal() <= day <= dt.date(LAST_YEAR, 12, 31).toordinal():
        raise ValueError(f"mjd {mjd} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    microseconds = round(Fraction(mjd) % 1 * DAY_SECONDS * 10**6)
    time = dt.datetime.fromordinal(day) + dt.timedelta(microseconds=microseconds)
    return f"{time.isoformat(timespec='microseconds')}Z"


def from_iso(text: str) -> tuple[int, int]:
    """(year, tenths of ns) of an ISO-8601 text with Z and up to ten decimals; a ValueError says what is wrong."""
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!a} is not a time such as 2023-12-02T17:08:24.0932305000Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    date = dt.date(year, month, day)
    is_leap_second = (hour, minute, second) == (23, 59, 60) and date in LEAP_DAYS
    if not is_leap_second and (hour > 23 or minute > 59 or second > 59):
        raise ValueError(f"{text} names no time of day")
    days_before = (date - dt.date(year, 1, 1)).days
    leaps = sum(leap.year == year and leap < date for leap in LEAP_DAYS)
    seconds = days_before * DAY_SECONDS + leaps + hour * 3600 + minute * 60 + second
    return year, seconds * TENTHS_PER_SECOND + int((match[7] or "").ljust(10, "0"))


def later(year: int, tenths_ns: int, by_tenths_ns: int) -> tuple[int, int]:
    """The time that is some tenths of ns later, perhaps in a later year."""
    tenths_ns += by_tenths_ns
    while tenths_ns >= tenths_in_year(year):
        tenths_ns -= tenths_in_year(year)
        year += 1
    return year, tenths_ns


def _split(year: int, tenths_ns: int) -> tuple[dt.date, int, int]:
    """Date, second of that day (86,400 in a leap second) and tenths of ns."""
    seconds, tenths = divmod(tenths_ns, TENTHS_PER_SECOND)
    for begin, date in _days_after_leaps(year):
        if seconds >= begin:
            day, second = divmod(seconds - begin, DAY_SECONDS)
            end = date + dt.timedelta(days=day)
            if end - dt.timedelta(days=1) in LEAP_DAYS and second == 0 and day > 0:
                return end - dt.timedelta(days=1), DAY_SECONDS, tenths
            return end, second, tenths
    raise ValueError(f"{tenths_ns} tenths of ns are before the year {year}")


def _days_after_leaps(year: int) -> Iterator[tuple[int, dt.date]]:
    """(second of the year, date) from which days count evenly, latest first."""
    first = dt.date(year, 1, 1)
    leaps = [day for day in LEAP_DAYS if day.year == year]
    for before in range(len(leaps), 0, -1):
        date = leaps[before - 1] + dt.timedelta(days=1)
        yield (date - first).days * DAY_SECONDS + before, date
    yield 0, first
