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
from typing import TYPE_CHECKING

import numpy as np

from skydriver.worker.attempt import NO_FIT, ROW, attempt, report_of, row_of
from skydriver.worker.task import PixelReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from skydriver.recos.base import EventFitter
    from skydriver.worker.task import PixelTask

MAX_PIXELS = 4096
"""Most pixels in one task."""
WALL_FACTOR, WALL_EXTRA_S = 10.0, 60.0
"""A fit may take this much longer by the clock than by CPU time: a stuck one ends too, a starved one is not blamed."""
TIME_SIGNALS = {signal.SIGPROF: "CPU time", signal.SIGALRM: "time by the clock"}


class ComputeProcess:
    """A forked child bound to the models of one job. Fork from a process without threads.

    Parameters
    ----------
    fitters
        What fits, for each model, loaded and compiled before the fork.
    max_reco_time_s
        Limit on the CPU time of one fit.
    private
        Connections to whoever gives the tasks: the child closes its copies, so that they notice when this process dies,
        and when they hang up a task is given up.
    """

    def __init__(
        self, fitters: Sequence[EventFitter], max_reco_time_s: float, private: Sequence[Connection] = ()
    ) -> None:
        self._fitters = fitters
        self._limit_s = max_reco_time_s
        self._private = private
        memory = mmap(-1, ROW.itemsize * MAX_PIXELS + 8)
        self._count = np.frombuffer(memory, np.int64, 1)
        self._rows = np.frombuffer(memory, ROW, MAX_PIXELS, offset=8)
        self._pid = 0
        self._channel: Connection | None = None

    def run(self, pixels: Sequence[PixelTask]) -> list[PixelReport]:
        """Fit `pixels`, one report each; a child that dies is replaced and goes on behind the pixel that it died on."""
        reports: list[PixelReport] = []
        while len(reports) < len(pixels):
            status = self._attempt(pixels[len(reports) :])
            reports += [report_of(row) for row in self._rows[: self._count[0]]]
            if status is not None and len(reports) < len(pixels):
                reports.append(self._died(status))
        return reports

    def close(self) -> None:
        """End the child, at once."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._reap()

    def _attempt(self, pixels: Sequence[PixelTask]) -> int | None:
        """Let the child work on `pixels` until it is through (None) or dead (its wait status)."""
        channel = self._channel or self._fork()
        self._count[0] = 0
        try:
            channel.send(pixels)
            if channel in wait([channel, *self._private]):
                channel.recv()
                return None
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return self._reap()
        raise EOFError("the coordinator hung up in the middle of a task")

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
                for channel in (ours, *self._private):
                    channel.close()
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
