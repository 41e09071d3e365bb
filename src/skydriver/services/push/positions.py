"""Where a listener is: what it was told last, as the id of that event, from which it can go on anywhere."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from skydriver.errors import SettingError

TAG_LETTERS: Final = 6
_ID: Final = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18})(?:-([0-9A-Za-z_]{1,6}))?)?", re.ASCII)


class Position(NamedTuple):
    """A place among all that was ever told."""

    news: int
    """Number of the last announcement."""
    fits: int
    """How many fits of the scan were told; 0 where all scans are listened to."""

    def covers(self, other: Position) -> bool:
        """Whether all that was told at the other place was told here, too."""
        return self.news >= other.news and self.fits >= other.fits

    def no_later_than(self, other: Position) -> Position:
        """The place, or the other's, of each the earlier."""
        return Position(min(self.news, other.news), min(self.fits, other.fits))

    def id(self, scan: str | None) -> str:
        """As the id of an event; the last letters say of which scan its fits are."""
        return str(self.news) if scan is None else f"{self.news}-{self.fits}-{scan[-TAG_LETTERS:]}"


START: Final = Position(0, 0)


def read_position(text: str, scan: str | None) -> Position:
    """The place that an id says, of any scan's events or of those of all.

    Fits of another scan do not count: who is led on to the scan that replaced one is told all of it.

    Raises
    ------
    SettingError
        Naming ``last_event_id``, where it is none.
    """
    found = _ID.fullmatch(text)
    if found is None:
        raise SettingError("last_event_id", f"{text[:40]!r} is no id of an event here, such as 12 or 12-345-89abcd")
    news, fits, tag = found.groups()
    is_ours = scan is not None and fits is not None and tag in {None, scan[-TAG_LETTERS:]}
    return Position(int(news), int(fits) if is_ours else 0)
