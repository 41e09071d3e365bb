"""Local workers: started, fed and replaced by the process that coordinates a scan."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from skydriver.errors import TaskEnvironmentError, TaskInputError
from skydriver.worker.task import Ready, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from skydriver.worker.task import Job, PixelReport, PixelTask

Tag = TypeVar("Tag")

MAX_STILLBORN = 3
"""So many workers in a row that die before they answer anything: the machine is at fault, not the luck."""
STOP_SECONDS = 5.0
"""A worker that is told to end has so long before it is killed."""


@dataclass(eq=False)
class _Worker(Generic[Tag]):
    """One worker process and what it does."""

    process: subprocess.Popen[bytes]
    channel: Connection
    ready: bool = False
    task: Tag | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[Tag]):
    """What became of a task: its reports, or None if its worker died."""

    tag: Tag
    reports: Sequence[PixelReport] | None


@dataclass
class Pool(Generic[Tag]):
    """A number of worker processes for one job, as a context manager that leaves none behind.

    Parameters
    ----------
    job
        What all tasks share.
    size
        Number of workers.
    """

    job: Job
    size: int
    _workers: list[_Worker[Tag]] = field(default_factory=list)
    _stillborn: int = 0

    def __enter__(self) -> Self:
        """Start the workers; they load in the background."""
        try:
            for _ in range(self.size):
                self._workers.append(self._start())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers."""
        self.close()

    def idle(self) -> int:
        """Number of workers that wait for a task."""
        return sum(worker.ready and worker.task is None for worker in self._workers)

    def submit(self, tag: Tag, pixels: Sequence[PixelTask]) -> None:
        """Give an idle worker a task; `tag` comes back with the answer."""
        worker = next(worker for worker in self._workers if worker.ready and worker.task is None)
        worker.task = tag
        with suppress(BrokenPipeError, ConnectionResetError):  # `answers` notices its death and gives the task back
            worker.channel.send(list(pixels))

    def answers(self) -> Iterator[Answer[Tag]]:
        """Wait until something happened, then tell it: answers, or nothing where a worker became ready.

        Raises
        ------
        TaskInputError
            If a worker refuses the job.
        TaskEnvironmentError
            If workers keep dying before they answer anything.
        """
        heard = wait([worker.channel for worker in self._workers])
        for worker in [worker for worker in self._workers if worker.channel in heard]:
            try:
                message = worker.channel.recv()
            except (EOFError, OSError):  # OSError where it died in the middle of its answer
                yield from self._buried(worker)
            else:
                yield from self._taken(worker, message)

    def close(self) -> None:
        """End all workers and wait for them."""
        for worker in self._workers:
            worker.channel.close()  # an idle worker ends of itself
            if worker.task is not None or not worker.ready:
                worker.process.terminate()
        for worker in self._workers:
            try:
                worker.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self._workers = []

    def _taken(self, worker: _Worker[Tag], message: Ready | Refused | Sequence[PixelReport]) -> Iterator[Answer[Tag]]:
        self._stillborn = 0
        if isinstance(message, Refused):
            raise TaskInputError(message.reason)
        if isinstance(message, Ready):
            worker.ready = True
            return
        if worker.task is not None:
            tag, worker.task = worker.task, None
            yield Answer(tag, message)

    def _buried(self, worker: _Worker[Tag]) -> Iterator[Answer[Tag]]:
        """Replace a dead worker and give its task back."""
        worker.channel.close()
        status = worker.process.wait()
        self._stillborn += not worker.ready
        if self._stillborn >= MAX_STILLBORN:
            raise TaskEnvironmentError(f"worker processes die before they are ready (the last with status {status})")
        self._workers[self._workers.index(worker)] = self._start()
        if worker.task is not None:
            yield Answer(worker.task, None)

    def _start(self) -> _Worker[Tag]:
        ours, theirs = socket.socketpair()
        channel = Connection(ours.detach())
        with theirs, _interrupts_held():
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "skydriver.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        with suppress(BrokenPipeError, ConnectionResetError):  # `answers` notices its death
            channel.send(self.job)
        return _Worker(process, channel)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back SIGINT; a process that is started meanwhile never gets one, not even before it can say so itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
