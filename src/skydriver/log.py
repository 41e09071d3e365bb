"""Structured logging: events with ids, one line each on standard error.

A line that cannot be written is lost, and nothing else: whoever logs goes on where the disk is full or the terminal
gone. A warning or error that goes on and on is told once a minute.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

AGAIN_S = 60.0
MOST = 1000


class Repeats:
    """Drops a warning or error that was told already within the last minute.

    Parameters
    ----------
    clock
        Seconds that go on steadily.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def __call__(self, _logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event, where it is to be told."""
        if name not in {"warning", "error"}:
            return event
        now, what = self._clock(), repr(event)
        if now - self._told.get(what, -AGAIN_S) < AGAIN_S:
            raise structlog.DropEvent
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[what] = now
        return event


class Lines:
    """Writes lines on a stream, those that it takes.

    Parameters
    ----------
    stream
        None, as standard error is where it was closed before the start: nothing is written.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write one line."""
        if self._stream is not None:
            with suppress(OSError, ValueError):  # not by the stream's own buffer, which keeps what it cannot write
                os.write(self._stream.fileno(), f"{line}\n".encode(errors="backslashreplace"))

    debug = info = warning = error = msg


def configure(*, verbose: bool = False, quiet: bool = False) -> None:
    """Set up logging for a program of ours; libraries' own lines from warnings on, and ours too where it is quiet."""
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            Repeats(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_names: Lines(sys.stderr),
    )


def get_logger() -> Any:
    """What a module logs with: ``log.info("pixel_done", scan=…, nside=…)``."""
    return structlog.get_logger()
