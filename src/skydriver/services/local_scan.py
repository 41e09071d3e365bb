"""A scan on this machine: the planner on one side, a pool of worker processes on the other."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from skydriver.recos.machine import machine_type
from skydriver.scan.batches import cut
from skydriver.scan.fits import Wanted
from skydriver.scan.forecast import fit_seconds, forecast
from skydriver.scan.planner import Ledger
from skydriver.services.interrupts import Interrupts
from skydriver.services.pixel_tasks import PixelTasks, finished
from skydriver.worker.attempt import NO_FIT
from skydriver.worker.compute import MAX_PIXELS
from skydriver.worker.task import PixelReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skydriver.events.event import Pulses
    from skydriver.scan.fits import Finished
    from skydriver.scan.forecast import Forecast
    from skydriver.services.preparation import ScanRequest
    from skydriver.worker.pool import Answer, Pool

MAX_ATTEMPTS = 3
"""Times that a fit may fail before its pixel is given up."""
MAX_LOSSES = 5
"""Times that a fit may take its process down, or lose it, before its pixel is given up."""

WORKER_DIED = PixelReport("lost", *NO_FIT, 0.0, "the worker process died")

Batch = tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is, for people."""

    forecast: Forecast
    best: Finished | None
    """The best fit so far."""
    seconds: float
    """Time since the start, by the clock."""
    what: str = ""
    """Which of several scans it is of; empty for the first."""


@dataclass
class LocalScan:
    """One scan: what is known of it so far, also after it was interrupted.

    Parameters
    ----------
    request
        What was asked for.
    pulses
        Cleaned.
    mjd
        Time of the event, UTC.
    """

    request: ScanRequest
    pulses: Pulses
    mjd: float
    interrupts: Interrupts = field(default_factory=Interrupts)
    """Requests to stop: answered while the scan waits for its workers."""
    model: int = 0
    """Which of the pool's models fits."""
    ledger: Ledger = field(init=False)
    n_fits: int = 0
    """Fits that were made, those that were in vain too."""
    fit_cpu_seconds: float = 0.0
    unlucky: Counter[str] = field(default_factory=Counter)
    """Fits that were stopped, or lost for good, by that word: another run may do better on them."""
    machine: str = field(default_factory=machine_type)
    """Instruction set of the fits: that of this machine."""
    _started: float = field(default_factory=time.monotonic)
    _at_work: set[Wanted] = field(default_factory=set)
    _failures: Counter[Wanted] = field(default_factory=Counter)
    _losses: Counter[Wanted] = field(default_factory=Counter)
    _tasks: PixelTasks = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing finished."""
        self.ledger = Ledger(self.request.plan_settings(self.mjd))
        self._tasks = PixelTasks(self.ledger, self.mjd)

    def run_in(self, pool: Pool[Batch], show: Callable[[Progress], None]) -> None:
        """Scan to the end in a pool that is open and idle, and leave it idle: scans may follow one another in it.

        Parameters
        ----------
        pool
            The one of its models that `model` tells is that of `request` and `pulses`; its limit on the time of a fit
            holds, not the request's.
        show
            Called after each step.

        Raises
        ------
        KeyboardInterrupt
            Where it was interrupted: what is finished stays, and the pool must be closed, for its workers are still at
            work.
        """
        while not self.ledger.plan().finished:
            self._hand_out(pool)
            for answer in self._wait(pool):
                self._take_in(answer.tag, answer.reports)
            show(self.progress())
        self._await_idle(pool)

    def _await_idle(self, pool: Pool[Batch]) -> None:
        """Wait for the fits that were begun early and that the final plan does not want; they count only as made."""
        while self._at_work:
            for answer in self._wait(pool):
                self._at_work.difference_update(answer.tag)
                for report in answer.reports or [WORKER_DIED]:
                    self._count(report)

    def widened(self) -> LocalScan | None:
        """The same scan refining twice as many pixels in its last stage, with what stays of its fits; None if all are.

        Its result is that of a scan that asked for so many from the start.
        """
        progression = self.request.progression.widened()
        if progression is None:
            return None
        wider = replace(self, request=replace(self.request, nsides=str(progression)), unlucky=Counter(self.unlucky))
        wider.ledger.extend(self.ledger.results_for_wider())
        return wider

    def progress(self) -> Progress:
        """How far the scan is."""
        ahead = forecast(self.ledger.settings, self.ledger.tallies(), self.request.workers)
        return Progress(ahead, self.ledger.best(), time.monotonic() - self._started)

    def _wait(self, pool: Pool[Batch]) -> list[Answer[Batch]]:
        with self.interrupts.welcome():
            return list(pool.answers())

    def _hand_out(self, pool: Pool[Batch]) -> None:
        """Give every idle worker a task: what is certain first, then what is only likely."""
        if not pool.idle():
            return
        plan = self.ledger.plan()
        for wanted in (plan.certain, plan.speculative):
            free = [fit for fit in wanted if fit not in self._at_work]
            while free and pool.idle():
                batch = self._next_batch(free)
                free = free[len(batch) :]
                self._at_work.update(batch)
                pool.submit(batch, [self._tasks.task(fit, self.model) for fit in batch])

    def _next_batch(self, free: Sequence[Wanted]) -> Batch:
        """The fits ahead that make a task; suspects go alone."""
        if self._failures[free[0]] or self._losses[free[0]]:
            return (free[0],)
        tasks = cut(free, fit_seconds(self.ledger.tallies()), self.request.workers)
        return next(tasks)[:MAX_PIXELS]

    def _take_in(self, batch: Batch, reports: Sequence[PixelReport] | None) -> None:
        """Count what came back; without reports the worker died, and the first fit is suspected and sent alone."""
        self._at_work.difference_update(batch)
        if reports is None:
            batch, reports = batch[:1], [WORKER_DIED]
        for fit, report in zip(batch, reports, strict=True):
            self._count(report)
            if report.outcome == "done" or self._give_up(fit, report):
                self.ledger.add(finished(fit, report))

    def _count(self, report: PixelReport) -> None:
        self.n_fits += 1
        self.fit_cpu_seconds += report.cpu_seconds

    def _give_up(self, fit: Wanted, report: PixelReport) -> bool:
        """Whether this failure was the last one allowed."""
        lost = report.outcome == "lost"
        counts, most = (self._losses, MAX_LOSSES) if lost else (self._failures, MAX_ATTEMPTS)
        counts[fit] += 1
        last = counts[fit] >= most
        if report.outcome == "stopped" or (lost and last):
            self.unlucky[report.outcome] += 1
        return last
