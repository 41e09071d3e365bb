"""Angles as catalogues write them: numbers of a unit, or sexagesimal."""

from __future__ import annotations

import math
import re
from typing import Final

DEGREES_PER: Final = {
    **dict.fromkeys(("", "deg", "degree", "degrees", "d", "°"), 1.0),
    **dict.fromkeys(("hourangle", "hour", "hours", "hr", "h"), 15.0),
    **dict.fromkeys(("rad", "radian", "radians"), math.degrees(1.0)),
    **dict.fromkeys(("arcmin",), 1.0 / 60.0),
    **dict.fromkeys(("arcsec",), 1.0 / 3600.0),
}
"""By the unit's name in lower case; none is degrees."""
NOTHING: Final = frozenset({"", "nan", "null", "none", "n/a", "na", "-", "--"})
"""Texts, in lower case, that stand where there is no value."""
_SEXAGESIMAL: Final = re.compile(
    r"([+-]?)(\d{1,3})(?:\s*([:hd°])\s*|\s+)(\d{1,2})(?:(?:\s*[:m']\s*|\s+)(\d{1,2}(?:\.\d*)?)\s*[s\"]?|\s*[m'])?",
    re.ASCII,
)


def angle_deg(value: object, unit: str, *, is_ra: bool) -> float:
    """An angle in degrees, NaN where there is none.

    Parameters
    ----------
    value
        A number, or a text: a number of the unit, or sexagesimal, for example ``05:09:25.97`` or ``-05d41m35.3s``.
    unit
        Of numbers, as the column states it.
    is_ra
        Whether it is a right ascension, in hours where it is sexagesimal and does not say degrees.

    Raises
    ------
    ValueError
        Saying what is wrong.
    """
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    if isinstance(text, str):
        text = text.strip().replace("−", "-")  # noqa: RUF001 - as printed catalogues have it
        if text.lower() in NOTHING:
            return math.nan
        if match := _SEXAGESIMAL.fullmatch(text):
            return _sexagesimal(match, is_ra=is_ra)
    return _number(text) * _degrees_per(unit)


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type] # what is no number is an error
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{str(value)[:40]!r} is no angle") from error
    if math.isinf(number):
        raise ValueError(f"{number} is no angle")
    return number


def _degrees_per(unit: str) -> float:
    try:
        return DEGREES_PER[unit.strip().lower()]
    except KeyError as error:
        raise ValueError(f"{unit[:40]!r} is no unit of angles known here") from error


def _sexagesimal(match: re.Match[str], *, is_ra: bool) -> float:
    sign, whole, mark, minutes, seconds = match.groups()
    if int(minutes) >= 60 or float(seconds or 0) >= 60:
        raise ValueError(f"{match[0]!r} has more than 59 minutes or seconds")
    size = int(whole) + int(minutes) / 60.0 + float(seconds or 0) / 3600.0
    in_hours = mark == "h" or (is_ra and mark not in {"d", "°"})
    return (-size if sign == "-" else size) * (15.0 if in_hours else 1.0)
