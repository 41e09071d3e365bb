"""Processes that each measure one whole event after the other."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from skydriver.errors import TaskEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from skydriver.services.interrupts import Interrupts


class Named(Protocol):
    """Something to work on that has a name for people."""

    @property
    def name(self) -> str:
        """What an error calls it."""
        ...


Item = TypeVar("Item", bound=Named)
Answer = TypeVar("Answer")

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Processes share the cores among themselves."""


class _Worker(NamedTuple):
    """A process and the way to it."""

    process: SpawnProcess
    channel: Connection


class Done(NamedTuple, Generic[Item, Answer]):
    """An item and what became of it."""

    item: Item
    answer: Answer


def in_processes(
    work: Callable[[Item], Answer], items: Sequence[Item], size: int, interrupts: Interrupts
) -> Iterator[Done[Item, Answer]]:
    """The answers in the order in which they come; no process is left behind, nor outlives this one for long.

    Parameters
    ----------
    work
        What to do with each item; it can be pickled, as its items and answers can.
    items
        Handed out in their order.
    size
        Number of processes, at most.
    interrupts
        Requests to stop, answered while answers are waited for.

    Raises
    ------
    TaskEnvironmentError
        If a process dies.
    KeyboardInterrupt
        Where it was interrupted.
    """
    workers: list[_Worker] = []
    try:
        with _environment(ONE_THREAD), _signals_blocked():
            workers += [_start(work) for _ in range(min(size, len(items)))]
        yield from _answers(workers, items, interrupts)
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
            worker.channel.close()


def _answers(workers: list[_Worker], items: Sequence[Item], interrupts: Interrupts) -> Iterator[Done[Item, Answer]]:
    """Hand out items one at a time."""
    ahead = iter(items)
    at_work: dict[Connection, Item] = {}
    for worker, item in zip(workers, ahead, strict=False):
        _send(worker.channel, item, at_work)
    while at_work:
        with interrupts.welcome():
            ready = wait(list(at_work))
        for channel in [channel for channel in at_work if channel in ready]:
            item = at_work.pop(channel)
            try:
                answer = channel.recv()
            except (EOFError, OSError) as error:
                raise TaskEnvironmentError(f"a process that worked on {item.name} died") from error
            for following in ahead:
                _send(channel, following, at_work)
                break
            yield Done(item, answer)


def _send(channel: Connection, item: Item, at_work: dict[Connection, Item]) -> None:
    at_work[channel] = item
    with contextlib.suppress(OSError):  # a process that died is noticed when its answer is read
        channel.send(item)


def _start(work: Callable[[Item], Answer]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(channel: Connection, work: Callable[[Item], Answer]) -> None:
    """Answer until there is nobody left to answer to."""
    while True:
        try:
            item = channel.recv()
        except (EOFError, OSError):
            return
        answer = work(item)
        with contextlib.suppress(OSError):
            channel.send(answer)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """For the processes that are started meanwhile, for good: Ctrl-C reaches all processes of a terminal."""
    resource_tracker.ensure_running()  # it would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """For the processes that are started meanwhile: libraries read it when they are loaded."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
