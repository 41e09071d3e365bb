"""What every use case of the service works with."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydriver.config import Settings
    from skydriver.db.database import Database


class Bell:
    """Rung, from any thread, when there may be something to do; waited for in one event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def ring(self) -> None:
        """Wake whoever waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

    def listen(self) -> asyncio.Event:
        """What the next ring sets. Get it before looking whether there is anything to do, so that no ring is missed."""
        event = asyncio.Event()
        with self._lock:
            self._waiting.add((asyncio.get_running_loop(), event))
        return event


@dataclass(frozen=True, slots=True)
class Service:
    """The service as its use cases see it: they hold nothing else, and remember nothing between calls."""

    settings: Settings
    database: Database
    work: Bell = field(default_factory=Bell)
    """Rung when fits may be leased."""
    scans: Bell = field(default_factory=Bell)
    """Rung when a scan may need its next step."""
