"""Events as they are sent: ``text/event-stream``, JSON in one line of data."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from skydriver.services.push.positions import Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skydriver.db.stores.feed import News
    from skydriver.db.stores.fits import Fit

MOST_PIXELS: Final = 1000
"""In one event."""
RETRY: Final = b"retry: 1000\n\n"
"""After a lost connection a browser waits so long, ms."""
COMMENT: Final = b":\n\n"
"""Says that the connection lives."""


class Told(NamedTuple):
    """One event."""

    at: Position
    """The place of whoever was told it."""
    text: bytes


def event(at: str, kind: str, data: bytes) -> bytes:
    """One event; `data` is JSON without line breaks."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (at.encode(), kind.encode(), data)


def of_news(news: News, at: Position, scan: str | None) -> Told:
    """An announcement: which scan, when, and its own facts."""
    head = orjson.dumps({"scan_id": news.scan, "time": news.time})
    facts = news.data.encode()
    data = head if facts == b"{}" else head[:-1] + b"," + facts[1:]
    return Told(at, event(at.id(scan), news.kind, data))


def of_fits(done: Sequence[Fit], at: Position, scan: str) -> Iterator[Told]:
    """Fits in the order in which they became done, as events of one nside each.

    Parameters
    ----------
    done
        Rows with ``sequence``, ``nside``, ``round``, ``pixel``, ``llh``.
    at
        The place before them.
    scan
        Whose.
    """
    for nside, alike in groupby(done, key=lambda fit: int(fit.nside)):
        fits = list(alike)
        for first in range(0, len(fits), MOST_PIXELS):
            some = fits[first : first + MOST_PIXELS]
            at = Position(at.news, some[-1].sequence)
            pixels = [[fit.pixel, fit.llh, fit.round] for fit in some]
            yield Told(
                at, event(at.id(scan), "pixels", orjson.dumps({"scan_id": scan, "nside": nside, "pixels": pixels}))
            )
