"""The compute process: a forked child that fits the pixels of one task after the other.

It writes each outcome into memory that it shares with its parent, so that nothing computed is lost when it is killed.
The limit on a fit's CPU time is an interval timer of the kernel whose signal ends the process, also inside compiled
code.
"""

from __future__ import annotations

import os
import signal
import time
from mmap import mmap
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from skydriver.worker.attempt import NO_FIT, ROW, attempt, report_of, row_of
from skydriver.worker.orphans import end_with_parent
from skydriver.worker.task import PixelReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from skydriver.recos.base import EventFitter
    from skydriver.worker.task import PixelTask

Waitable = Any
"""A connection, a socket or a file descriptor that can be waited for."""


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let it go."""


MAX_PIXELS = 4096
"""Most pixels in one task."""
WALL_FACTOR, WALL_EXTRA_S = 10.0, 60.0
"""A fit may take this much longer by the clock than by CPU time: a stuck one ends too, a starved one is not blamed."""
TIME_SIGNALS = {signal.SIGPROF: "CPU time", signal.SIGALRM: "time by the clock"}


class ComputeProcess:
    """A forked child bound to the models of one job. Fork from a process without threads.

    Either `run` a task and wait for it, or `start` one, `wait` for it and other things together, and look at the
    `reports` that there are.

    Parameters
    ----------
    fitters
        What fits, for each model, loaded and compiled before the fork.
    max_reco_time_s
        Limit on the CPU time of one fit.
    private
        What the child closes its copies of: connections of whoever gives the tasks, who thus notices when this process
        dies.
    prepare
        What the child does before its first fit; within the limit by the clock of one fit.
    """

    def __init__(
        self,
        fitters: Sequence[EventFitter],
        max_reco_time_s: float,
        private: Sequence[Closable] = (),
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self._fitters = fitters
        self._limit_s = max_reco_time_s
        self._private = private
        self._prepare = prepare
        memory = mmap(-1, ROW.itemsize * MAX_PIXELS + 8)
        self._count = np.frombuffer(memory, np.int64, 1)
        self._rows = np.frombuffer(memory, ROW, MAX_PIXELS, offset=8)
        self._pid = 0
        self._channel: Connection | None = None
        self._pixels: Sequence[PixelTask] = ()
        self._settled: list[PixelReport] = []

    def run(self, pixels: Sequence[PixelTask], givers: Sequence[Connection] = ()) -> list[PixelReport]:
        """Fit `pixels`, one report each; EOFError where one of the `givers` hangs up in the middle of it."""
        self.start(pixels)
        while self.at_work:
            if self.wait(givers):
                raise EOFError("the coordinator hung up in the middle of a task")
        return self.reports()

    def start(self, pixels: Sequence[PixelTask]) -> None:
        """Begin with a task of at most MAX_PIXELS; the one before is at its end or dropped."""
        self._pixels, self._settled = list(pixels), []
        self._go_on()

    @property
    def at_work(self) -> bool:
        """Whether pixels of the task are left."""
        return len(self._settled) < len(self._pixels)

    def wait(self, others: Sequence[Waitable] = (), timeout_s: float | None = None) -> list[Waitable]:
        """Wait until the task is done, until one of `others` can be read, or for so long; those that can be read.

        A child that dies is replaced here and goes on behind the pixel that it died on.
        """
        channel = self._channel
        heard = wait([*others, channel] if channel else others, timeout_s)
        if channel in heard:
            self._hear(channel)
        return [other for other in others if other in heard]

    def reports(self) -> list[PixelReport]:
        """One for each of the first pixels of the task, as far as it came."""
        return self._settled + [report_of(row) for row in self._rows[: self._count[0]]]

    def drop(self) -> None:
        """Give the task up: a child in the middle of a fit ends, at once."""
        if self.at_work:
            self.close()
        self._pixels, self._settled = (), []

    def close(self) -> None:
        """End the child, at once."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._reap()

    def _go_on(self) -> None:
        """Give the child what is left of the task."""
        while self.at_work:
            channel = self._channel or self._fork()
            try:
                channel.send(self._pixels[len(self._settled) :])
            except (BrokenPipeError, ConnectionResetError):
                self._bury()
            else:
                return

    def _hear(self, channel: Connection) -> None:
        """The child is through with its pixels, or dead."""
        try:
            channel.recv()
        except (EOFError, ConnectionResetError):
            self._bury()
            self._go_on()
        else:
            self._settle()

    def _settle(self) -> None:
        self._settled, self._count[0] = self.reports(), 0

    def _bury(self) -> None:
        """What a dead child did counts, and what it died on is told."""
        status = self._reap()
        self._settle()
        if self.at_work:
            self._settled.append(self._died(status))

    def _died(self, status: int) -> PixelReport:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if number in TIME_SIGNALS:
            limit_s = self._limit_s if number == signal.SIGPROF else _wall_limit_s(self._limit_s)
            error = f"the fit was stopped after {limit_s:g} s of {TIME_SIGNALS[signal.Signals(number)]}"
            return PixelReport("stopped", *NO_FIT, self._limit_s, error)
        how = f"killed by {signal.Signals(number).name}" if number else f"ended with status {os.WEXITSTATUS(status)}"
        return PixelReport("lost", *NO_FIT, 0.0, f"the compute process was {how}")

    def _reap(self) -> int:
        _, status = os.waitpid(self._pid, 0)
        if self._channel is not None:
            self._channel.close()
        self._pid, self._channel = 0, None
        return status

    def _fork(self) -> Connection:
        ours, theirs = Pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                end_with_parent(parent)
                for ending in (ours, *self._private):
                    ending.close()
                self._serve(theirs, parent)
            finally:
                os._exit(1)
        theirs.close()
        self._channel = ours
        return ours

    def _serve(self, channel: Connection, parent: int) -> None:
        """The child's life: it ends when its parent's end of the pipe does, or after a fit that outlived its parent."""
        for number in (signal.SIGTERM, *TIME_SIGNALS):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        self._make_ready()
        while True:
            try:
                pixels = channel.recv()
            except EOFError:
                os._exit(0)
            for k, pixel in enumerate(pixels):
                self._rows[k] = self._fit(pixel)
                self._count[0] = k + 1
                if os.getppid() != parent:
                    os._exit(0)
            channel.send(None)

    def _make_ready(self) -> None:
        if self._prepare is None:
            return
        signal.setitimer(signal.ITIMER_REAL, _wall_limit_s(self._limit_s))
        try:
            self._prepare()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _fit(self, pixel: PixelTask) -> tuple[tuple[float, ...], float, bytes]:
        """One fit within its limits, as a row of shared memory."""
        signal.setitimer(signal.ITIMER_REAL, _wall_limit_s(self._limit_s))
        signal.setitimer(signal.ITIMER_PROF, self._limit_s)
        start = time.thread_time()
        try:
            fit, error = attempt(self._fitters, pixel)
            seconds = time.thread_time() - start
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        return row_of(fit, seconds, error)


def _wall_limit_s(cpu_limit_s: float) -> float:
    return WALL_FACTOR * cpu_limit_s + WALL_EXTRA_S
