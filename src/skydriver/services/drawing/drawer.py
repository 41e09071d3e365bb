"""Products are made one after the other, each once however many ask for it, by a process that is there when needed."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.errors import ImpossibleError, SkyDriverError, UnavailableError
from skydriver.log import get_logger
from skydriver.services.drawing.process import DiedError, DrawingProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from skydriver.services.drawing.order import Made, Order

log = get_logger()

IDLE_S: Final = 60.0
"""The process ends after so long without an order."""
MOST_WAITING: Final = 200
"""So many products may wait for their turn."""
TRIES: Final = 2
"""A product on which so many processes died is not tried again, for a while: it may be that it kills them."""
LEFT_ALONE_S: Final = 60.0


ENDS: Final = "the service is ending: ask again when it is back"


class Job(NamedTuple):
    """A product that waits for its turn."""

    urgency: float
    """The highest goes first."""
    key: Hashable
    prepare: Callable[[], Order]
    keep: Callable[[Made], None]
    future: Future[Made]


class Drawer:
    """Makes products in a thread that begins with the first of them; safe to use from many threads.

    Parameters
    ----------
    start
        What starts the process.
    idle_s
        When that ends again.
    """

    def __init__(self, start: Callable[[], DrawingProcess] = DrawingProcess, idle_s: float = IDLE_S) -> None:
        self._start = start
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Job]] = []
        self._under_way: dict[Hashable, Future[Made]] = {}
        self._left_alone: OrderedDict[Hashable, tuple[float, str]] = OrderedDict()
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._process: DrawingProcess | None = None
        self._ends = False

    @property
    def pid(self) -> int | None:
        """Of the process that there is."""
        process = self._process
        return None if process is None else process.pid

    def ask(
        self, key: Hashable, urgency: float, prepare: Callable[[], Order], keep: Callable[[Made], None]
    ) -> Future[Made]:
        """Have a product made, if it is not under way already.

        Parameters
        ----------
        key
            Of the product: of equal ones only the first is made.
        urgency
            The highest goes first.
        prepare
            What is to be made, called when its turn has come.
        keep
            Called with what was made, before anybody else has it.

        Returns
        -------
        Future
            Of the product; its error is one of `skydriver.errors`.

        Raises
        ------
        UnavailableError
            If too many wait, or the service ends.
        ImpossibleError
            If nothing could make it a moment ago.
        """
        with self._changed:
            self._check(key)
            under_way = self._under_way.get(key)
            if under_way is not None:
                return under_way
            future: Future[Made] = Future()
            future.set_running_or_notify_cancel()  # who stops waiting takes it from nobody else
            self._under_way[key] = future
            job = Job(urgency, key, prepare, keep, future)
            heapq.heappush(self._waiting, (-urgency, next(self._numbers), job))
            self._begin()
            self._changed.notify_all()
            return future

    def close(self) -> None:
        """Make no more: who waits is told that the service ends. It can be called again."""
        with self._changed:
            self._ends = True
            process = self._process
            self._changed.notify_all()
        if process is not None:
            process.kill()
        if self._thread is not None:
            self._thread.join()

    def _check(self, key: Hashable) -> None:
        if self._ends:
            raise UnavailableError(ENDS)
        if len(self._waiting) >= MOST_WAITING and key not in self._under_way:
            raise UnavailableError("too many products are being made: ask again in a minute")
        until, why = self._left_alone.get(key, (0.0, ""))
        if time.monotonic() < until:
            raise ImpossibleError(why)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="drawer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._settle(job)
        self._end_process()
        for *_, job in self._waiting:
            job.future.set_exception(UnavailableError(ENDS))

    def _next(self) -> Job | None:
        """The job whose turn it is, when there is one; None when there will be none."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ends or self._waiting, self._idle_s)
                if self._ends:
                    return None
                if self._waiting:
                    return heapq.heappop(self._waiting)[-1]
            self._end_process()

    def _settle(self, job: Job) -> None:
        """Do a job; whatever goes wrong is told to whoever asked."""
        made: Made | None = None
        problem: BaseException | None = None
        try:
            made = self._make(job)
        except SkyDriverError as error:
            problem = error
        except Exception as error:  # a loop that must not end
            log.error("product_failed", product=str(job.key), exc_info=True)  # noqa: G201 - structlog
            problem = error
        with self._changed:
            del self._under_way[job.key]
        if made is not None:
            job.future.set_result(made)
        else:
            job.future.set_exception(problem)

    def _make(self, job: Job) -> Made:
        made = self._tried(job.key, job.prepare())
        job.keep(made)
        return made

    def _tried(self, key: Hashable, order: Order) -> Made:
        """The product, also where a process dies on it that was ended by somebody else."""
        for n_left in reversed(range(TRIES)):
            try:
                return self._running().make(order)
            except DiedError as error:
                self._process = None
                log.warning("drawing_died", product=str(key), problem=str(error))
                if self._ends:
                    raise UnavailableError(ENDS) from error
                if error.is_its_own or not n_left:
                    raise self._leave_alone(key, f"{order.product}: {error}") from error
        raise AssertionError("the last try has returned or raised")

    def _running(self) -> DrawingProcess:
        """The process, started where there is none."""
        if self._process is None:
            try:
                process = self._start()
            except OSError as error:
                raise UnavailableError(f"no process can be started to make it: {error.strerror or error}") from error
            with self._changed:
                self._process = process
                if self._ends:
                    process.kill()
        return self._process

    def _end_process(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _leave_alone(self, key: Hashable, why: str) -> ImpossibleError:
        with self._changed:
            self._left_alone[key] = time.monotonic() + LEFT_ALONE_S, why
            if len(self._left_alone) > MOST_WAITING:
                self._left_alone.popitem(last=False)
        return ImpossibleError(why)
