"""Times in the past, as people write them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_AGO: Final = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)


def since(text: str, now: float) -> float:
    """Seconds since 1970 of a time such as ``2026-03-01``, ``2026-03-01T12:30``, or, before `now`, ``90m`` or ``2d``.

    A time without a zone is one of UTC.

    Raises
    ------
    SettingError
        Naming ``since``, if it is none of these.
    """
    from skydriver.errors import SettingError

    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - float(ago[1]) * UNITS[ago[2]]
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingError("since", f"{text[:80]!r} is no time such as 2026-03-01, 2026-03-01T12:30 or 2d") from error
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp()
