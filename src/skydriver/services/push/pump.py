"""The pump: reads for all listeners of this process what was told anew, a few times a second, while there are any."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from skydriver.db.stores import feed, tallies
from skydriver.errors import UnavailableError
from skydriver.log import get_logger
from skydriver.services.push.channels import Channel
from skydriver.services.push.pages import Page, read_page
from skydriver.services.push.positions import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skydriver.services.context import Service

PACE_S: Final = 0.2
"""Between two looks at least: what comes meanwhile is told together."""
LOOK_AGAIN_S: Final = 1.0
"""Other services ring only for themselves."""
RETRY_S: Final = 1.0

log = get_logger()


class _Asked(NamedTuple):
    """What a look is to find out of one channel."""

    at: Position
    is_behind: bool


class _Found(NamedTuple):
    """What a look found."""

    news: int
    """Number of the last announcement."""
    pages: Mapping[str | None, Page]


class Pump:
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
        self._channels: dict[str | None, Channel] = {}
        self._rung = asyncio.Event()
        self._one = CapacityLimiter(1)
        self._task: asyncio.Task[None] | None = None
        self._news = 0

    @property
    def n_listeners(self) -> int:
        """How many there are."""
        return sum(len(channel.bells) for channel in self._channels.values())

    def join(self, scan: str | None, at: Position, bell: asyncio.Event) -> Channel:
        """The channel of a scan, or of all, which rings `bell` when there is something new.

        A channel that is new tells what comes behind `at`.
        """
        channel = self._channels.get(scan)
        if channel is None or channel.is_over:
            channel = self._channels[scan] = Channel(scan, at)
        channel.bells.add(bell)
        if self._task is None or self._task.done():
            self._news = at.news
            self._task = asyncio.get_running_loop().create_task(self._run(), name="pump")
            self._task.add_done_callback(self._ended)
        self._rung.set()
        return channel

    def leave(self, channel: Channel, bell: asyncio.Event) -> None:
        """Do not ring any more; a channel to which nobody listens is forgotten."""
        channel.bells.discard(bell)
        if not channel.bells and self._channels.get(channel.scan) is channel:
            del self._channels[channel.scan]
            self._rung.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._rung.set)

        with ExitStack() as stack:
            for bell in (self._service.news, self._service.work):
                stack.enter_context(bell.heard_by(wake))
            while self._channels and not self._is_ending():
                self._rung.clear()
                pause = PACE_S if await self._look_safely() else RETRY_S
                await asyncio.sleep(pause)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._rung.wait(), LOOK_AGAIN_S)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """End all that is listened to: whoever comes back starts the pump again."""
        if self._task is not task:
            return  # another has begun
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            log.error("pump_failed", exc_info=task.exception())
        for channel in self._channels.values():
            channel.is_over = True
            channel.wake()

    async def _look_safely(self) -> bool:
        """Look, and tell; False while the database is away."""
        asked = {scan: _Asked(channel.at, channel.is_behind) for scan, channel in self._channels.items()}
        try:
            found = await run_sync(self._look, self._news, asked, limiter=self._one)
        except UnavailableError as error:
            log.warning("events_wait", error=str(error))
            return False
        self._news = found.news
        for scan, page in found.pages.items():
            channel = self._channels.get(scan)
            if channel is not None and channel.at == asked[scan].at:
                channel.tell(page)
                if page.has_more:
                    self._rung.set()
        return True

    def _look(self, since: int, asked: Mapping[str | None, _Asked]) -> _Found:
        """What is new since the announcement of that number, and in which channels, as of one moment."""
        with self._service.database.reading() as connection:
            newest = feed.newest(connection)
            changed = feed.scans_with_news(connection, since, newest)
            done = tallies.fits_done(connection, [scan for scan in asked if scan is not None])
            pages = {}
            for scan, (at, is_behind) in asked.items():
                until = Position(newest, 0 if scan is None else done[scan])
                if is_behind or until.fits > at.fits or (bool(changed) if scan is None else scan in changed):
                    pages[scan] = read_page(connection, scan, at, until)
                else:
                    pages[scan] = Page([], until, has_more=False, is_over=False)
        return _Found(newest, pages)
