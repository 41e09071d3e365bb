"""Channels: what was told lately of one scan, or of all, as bytes that all its listeners share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

    from skydriver.services.push.pages import Page
    from skydriver.services.push.positions import Position
    from skydriver.services.push.texts import Told

MOST_BYTES: Final = 262_144
"""Of texts that a channel keeps; whoever is further behind reads the database."""


class Channel:
    """One of them; used in one event loop alone.

    Parameters
    ----------
    scan
        None: of all scans.
    at
        The place from which it is told.
    """

    def __init__(self, scan: str | None, at: Position) -> None:
        self.scan = scan
        self.at = at
        self.is_over = False
        """Whether nothing more comes."""
        self.is_behind = True
        """Whether there is more to be read than is known of."""
        self.first = 0
        """Number of the first event that is kept."""
        self.bells: set[asyncio.Event] = set()
        """Of its listeners."""
        self._kept: list[Told] = []
        self._n_bytes = 0
        self._joined: dict[int, bytes] = {}

    @property
    def end(self) -> int:
        """Number of the event that comes next."""
        return self.first + len(self._kept)

    def tell(self, page: Page) -> None:
        """What was read behind its place."""
        moves = page.told or page.is_over or not self.at.covers(page.at)
        self.at, self.is_behind = page.at, page.has_more
        self.is_over |= page.is_over
        if page.told:
            self._kept += page.told
            self._n_bytes += sum(len(one.text) for one in page.told)
            self._joined.clear()
            self._forget()
        if moves:
            self.wake()

    def wake(self) -> None:
        """Let all listeners look."""
        for bell in self.bells:
            bell.set()

    def since(self, number: int) -> bytes:
        """The texts from this number on, which is one that is kept or the end; the same object for all who ask."""
        text = self._joined.get(number)
        if text is None:
            text = self._joined[number] = b"".join([told.text for told in self._kept[number - self.first :]])
        return text

    def _forget(self) -> None:
        """Keep no more than the last `MOST_BYTES`."""
        n = 0
        while self._n_bytes > MOST_BYTES and n < len(self._kept):
            self._n_bytes -= len(self._kept[n].text)
            n += 1
        del self._kept[:n]
        self.first += n
