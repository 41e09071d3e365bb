"""Workers on the service's own machine: so many processes, kept alive."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from skydriver.clusters.local_process import LocalProcess
from skydriver.errors import SkyDriverError
from skydriver.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

POOL = "local"
EARLY_S = 10.0
"""A worker that ends sooner than this failed to start: the next one waits a while."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
NO_TOKEN_PAUSE_S = 1.0
"""While no token can be made, because the database is away, that is tried again after so long."""
TERMINATE_S = 3.0
"""Workers that are told to end have so long."""
LOOK_S = 0.2
"""Between looks whether something has changed of which nothing tells."""

log = get_logger()


@dataclass(eq=False)
class _Place:
    """Where one worker is, was, and will be again."""

    process: LocalProcess | None = None
    failures: int = 0
    """Workers in a row that ended early."""
    not_before: float = 0.0
    """The next one starts then, by `time.monotonic`."""
    reason: str | None = None
    """How the last one ended."""

    def failed(self, reason: str, *, early: bool) -> None:
        """Empty it; after failures in a row it stays so for longer each time."""
        self.process, self.reason = None, reason
        self.failures = self.failures + 1 if early else 0
        pause_s = min(FIRST_PAUSE_S * 2.0 ** (self.failures - 1), LONGEST_PAUSE_S) if self.failures else 0.0
        self.not_before = time.monotonic() + pause_s

    def postpone(self, reason: str) -> None:
        """Keep it empty for a moment; nothing is wrong with its workers."""
        self.reason = reason
        self.not_before = time.monotonic() + NO_TOKEN_PAUSE_S


class LocalPool:
    """Keeps worker processes alive, in a thread of its own; a context manager that leaves none behind.

    Parameters
    ----------
    size
        Number of workers.
    url
        Of the service, which listens already.
    mint
        Makes a token for one worker.
    gone
        Called at once with the token of a worker that has ended, and how it did; again if it raises a `SkyDriverError`.
    environment
        Variables that workers are to have beside this process's own, such as those of an instruction set.
    """

    def __init__(
        self,
        size: int,
        url: str,
        mint: Callable[[], str],
        gone: Callable[[str, str], None],
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._url = url
        self._environment = environment
        self._mint = mint
        self._gone = gone
        self._places = [_Place() for _ in range(size)]
        self._untold: list[tuple[str, str]] = []
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="local pool")
        self._wake_r, self._wake_w = os.pipe()

    def __enter__(self) -> Self:
        """Start the workers in the background."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all workers, within a few seconds."""
        self._ending = True
        os.write(self._wake_w, b"x")
        self._thread.join()
        os.close(self._wake_r)
        os.close(self._wake_w)

    def describe(self) -> list[dict[str, object]]:
        """Of each worker ``pid`` or None, ``state`` (running or waiting), and ``reason`` why the last one ended."""
        found: list[dict[str, object]] = []
        for place in self._places:
            process = place.process
            state = "waiting" if process is None else "running"
            found.append({"pid": process and process.pid, "state": state, "reason": place.reason})
        return found

    def _run(self) -> None:
        try:
            while not self._ending:
                self._attend_safely()
        finally:
            self._end()

    def _attend_safely(self) -> None:
        """Once around; whatever goes wrong is logged, for without this loop there would be no workers."""
        try:
            self._fill()
            self._tell()
            self._wait(self._pause_s())
            self._look()
        except Exception:  # the loop that must not end
            log.error("local_pool_failed", exc_info=True)  # noqa: G201 - structlog
            self._wait(LOOK_S)

    def _fill(self) -> None:
        """Start what is missing and due."""
        for place in self._places:
            if place.process is None and time.monotonic() >= place.not_before and not self._ending:
                self._start(place)

    def _start(self, place: _Place) -> None:
        try:
            place.process = LocalProcess(self._url, self._mint(), POOL, self._environment)
        except SkyDriverError as error:
            if place.reason != str(error):
                log.warning("worker_not_started", problem=str(error))
            place.postpone(str(error))
        except OSError as error:
            log.warning("worker_not_started", problem=str(error))
            place.failed(str(error), early=True)
        else:
            log.info("worker_started", pid=place.process.pid)

    def _pause_s(self) -> float | None:
        """How long nothing is to be done of itself."""
        due = [max(0.0, place.not_before - time.monotonic()) for place in self._places if place.process is None]
        if self._untold or not hasattr(os, "pidfd_open"):
            due.append(LOOK_S)
        return min(due, default=None)

    def _wait(self, timeout_s: float | None) -> None:
        channels = [fd for place in self._places if place.process for fd in place.process.channels]
        wait([self._wake_r, *channels], timeout_s)

    def _look(self) -> None:
        """What workers said, and which of them ended."""
        for place in self._places:
            process = place.process
            if process is None:
                continue
            how = process.ended()
            for line in process.listen():
                log.info("worker_said", pid=process.pid, line=line)
            if how is not None:
                self._bury(place, process)

    def _bury(self, place: _Place, process: LocalProcess) -> None:
        reason = process.ended() or "the worker ended"
        process.kill()
        early = time.monotonic() - process.started < EARLY_S
        place.failed(reason, early=early)
        log.info("worker_ended", pid=process.pid, reason=reason)
        self._untold.append((process.token, reason))
        self._tell()
        if self._untold:
            log.warning("worker_end_not_told", pid=process.pid)

    def _tell(self) -> None:
        """Have told who is gone, all if possible."""
        untold, self._untold = self._untold, []
        for token, reason in untold:
            try:
                self._gone(token, reason)
            except SkyDriverError:
                self._untold.append((token, reason))

    def _end(self) -> None:
        """Let the workers give their tasks back; those that take too long are killed."""
        for place in self._places:
            if place.process is not None:
                place.process.terminate()
        until = time.monotonic() + TERMINATE_S
        while any(place.process for place in self._places) and time.monotonic() < until:
            channels = [fd for place in self._places if place.process for fd in place.process.channels]
            wait(channels, min(LOOK_S, max(0.0, until - time.monotonic())))
            self._look()
        for place in self._places:
            if place.process is not None:
                place.process.kill()
                self._bury(place, place.process)
