"""Listeners: each has its place, and is told what comes behind it. Whoever is slow reads the database; nobody waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from skydriver.errors import UnavailableError
from skydriver.services.push.pages import read_page
from skydriver.services.push.pump import Pump
from skydriver.services.push.texts import COMMENT, RETRY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from skydriver.services.context import Service
    from skydriver.services.push.channels import Channel
    from skydriver.services.push.pages import Page
    from skydriver.services.push.positions import Position
    from skydriver.services.push.starts import Start

MOST: Final = 2000
"""Listeners of one process."""
QUIET_S: Final = 15.0
"""After so long without an event a comment says that the connection lives."""
READERS: Final = 4
"""So many listeners read the database at once; the others wait for them."""


class Listener:
    """One of them."""

    def __init__(self) -> None:
        self.bell = asyncio.Event()
        """Rung when there is something new."""
        self.is_gone = False

    def leave(self) -> None:
        """It went away."""
        self.is_gone = True
        self.bell.set()


class Listeners:
    """Of one process; used in one event loop alone.

    Parameters
    ----------
    service
        Whose events.
    is_ending
        Whether the process is about to end: then nobody is told any more.
    """

    def __init__(self, service: Service, is_ending: Callable[[], bool]) -> None:
        self._service = service
        self._is_ending = is_ending
        self._pump = Pump(service, is_ending)
        self._readers = CapacityLimiter(READERS)
        self._n = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self._n

    def check_room(self) -> None:
        """Refuse one more where there are enough.

        Raises
        ------
        UnavailableError
            Which says so.
        """
        if self._n >= MOST:
            raise UnavailableError(f"events: {MOST} listen already, and no more are served")

    async def told(self, scan: str | None, start: Start, listener: Listener) -> AsyncGenerator[bytes]:
        """What a listener is sent: events of a scan, or of all, until all is told, it leaves or the process ends.

        It ends early, and the listener comes back with what it was told last, while the database is away.
        """
        channel = None
        self._n += 1
        try:
            yield RETRY + start.text
            if start.has_ended:
                async for text in self._read(scan, start.at, start.now):
                    yield text
                return
            channel = self._pump.join(scan, start.now, listener.bell)
            async for text in self._followed(channel, start.at, listener):
                yield text
        except UnavailableError:
            return
        finally:
            self._n -= 1
            if channel is not None:
                self._pump.leave(channel, listener.bell)

    async def _followed(self, channel: Channel, at: Position, listener: Listener) -> AsyncIterator[bytes]:
        """What is told of a channel behind `at`, as it comes."""
        number = -1
        while not listener.is_gone:
            listener.bell.clear()
            is_behind = number < channel.first
            if is_behind and channel.at.covers(at):
                number, until = channel.end, channel.at
                async for text in self._read(channel.scan, at, until):
                    yield text
                at = until
            elif not is_behind and number != channel.end:
                text, number, at = channel.since(number), channel.end, channel.at
                yield text
            elif channel.is_over:
                return
            elif not await _rings(listener):
                yield COMMENT

    async def _read(self, scan: str | None, at: Position, until: Position) -> AsyncIterator[bytes]:
        """What was told between two places, from the database."""
        while not at.covers(until) and not self._is_ending():
            page = await run_sync(self._page, scan, at, until, limiter=self._readers)
            if page.told:
                yield b"".join([one.text for one in page.told])
            at = page.at

    def _page(self, scan: str | None, at: Position, until: Position) -> Page:
        with self._service.database.reading() as connection:
            return read_page(connection, scan, at, until)


async def _rings(listener: Listener) -> bool:
    """Wait until there is something new; whether it was so in time."""
    try:
        await asyncio.wait_for(listener.bell.wait(), QUIET_S)
    except TimeoutError:
        return False
    return True
