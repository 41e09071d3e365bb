"""What was told since a place, read from the database by the page: announcements, and fits between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from skydriver.db.stores import feed, fits
from skydriver.services.coordination.states import ENDED
from skydriver.services.push.positions import Position
from skydriver.services.push.texts import Told, of_fits, of_news

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from skydriver.db.database import Connection
    from skydriver.db.stores.feed import News
    from skydriver.db.stores.fits import Fit

NEWS: Final = 500
FITS: Final = 5000
"""On one page at most."""


class Page(NamedTuple):
    """Some of what was told."""

    told: list[Told]
    at: Position
    """The place behind it."""
    has_more: bool
    is_over: bool
    """Whether the scan's end is among it."""


def read_page(connection: Connection, scan: str | None, at: Position, until: Position) -> Page:
    """What was told behind `at`, up to `until`, in order: of one scan, or the announcements of all.

    Fits come before what is said of them: how far the scan is, and its end.
    """
    news = feed.after(connection, at.news, NEWS, scan)
    done: Sequence[Fit] = [] if scan is None else fits.done_after(connection, scan, at.fits, FITS)
    all_news = len(news) < NEWS or news[-1].id >= until.news
    all_fits = len(done) < FITS or done[-1].sequence >= until.fits
    merged = _Merged(scan, at)
    waiting: Sequence[Fit] = [fit for fit in done if fit.sequence <= until.fits]
    for new in news:
        if new.id > until.news:
            break
        waiting = merged.take_fits(waiting, _fits_before(new))
        if not waiting and not all_fits and _fits_before(new) > merged.at.fits:
            return merged.page(until, is_all=False)
        merged.take_news(new)
    merged.take_fits(waiting, math.inf)
    return merged.page(until, is_all=all_news and all_fits)


class _Merged:
    """What is told, in order."""

    def __init__(self, scan: str | None, at: Position) -> None:
        self.at = at
        self._scan = scan
        self._told: list[Told] = []
        self._is_over = False

    def take_fits(self, waiting: Sequence[Fit], last: float) -> Sequence[Fit]:
        """Tell the fits up to the number `last`; the others."""
        n_due = sum(fit.sequence <= last for fit in waiting)
        if n_due and self._scan is not None:
            self._tell(of_fits(waiting[:n_due], self.at, self._scan))
        return waiting[n_due:]

    def take_news(self, new: News) -> None:
        """Tell an announcement."""
        self._tell([of_news(new, Position(new.id, self.at.fits), self._scan)])
        self._is_over |= self._scan is not None and _is_end(new)

    def page(self, until: Position, *, is_all: bool) -> Page:
        """All of it."""
        return Page(self._told, until if is_all else self.at, not is_all, self._is_over)

    def _tell(self, told: Iterable[Told]) -> None:
        for one in told:
            self._told.append(one)
            self.at = one.at


def _fits_before(new: News) -> float:
    """So many fits are told before an announcement."""
    if new.kind == "progress":
        return float(orjson.loads(new.data).get("fits_done") or 0)
    return math.inf if _is_end(new) else 0.0


def _is_end(new: News) -> bool:
    return new.kind == "state" and orjson.loads(new.data).get("status") in ENDED
