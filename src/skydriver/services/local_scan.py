"""A scan on this machine: the planner on one side, a pool of worker processes on the other."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skydriver.scan.batches import cut
from skydriver.scan.fits import Finished, Wanted
from skydriver.scan.forecast import fit_seconds, forecast
from skydriver.scan.planner import Ledger
from skydriver.services.directions import pixel_directions
from skydriver.services.interrupts import Interrupts
from skydriver.worker.compute import MAX_PIXELS, NO_FIT
from skydriver.worker.pool import Pool
from skydriver.worker.task import Job, PixelReport, PixelTask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skydriver.events.event import Pulses
    from skydriver.scan.forecast import Forecast
    from skydriver.services.preparation import ScanRequest
    from skydriver.worker.pool import Answer

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
    ledger: Ledger = field(init=False)
    interrupted: bool = False
    n_fits: int = 0
    """Fits that were made, those that were in vain too."""
    fit_cpu_seconds: float = 0.0
    unlucky: Counter[str] = field(default_factory=Counter)
    """Fits that were stopped, or lost for good, by that word: another run may do better on them."""
    _started: float = field(default_factory=time.monotonic)
    _at_work: set[Wanted] = field(default_factory=set)
    _failures: Counter[Wanted] = field(default_factory=Counter)
    _losses: Counter[Wanted] = field(default_factory=Counter)
    _directions: dict[tuple[int, int], tuple[float, float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing finished."""
        self.ledger = Ledger(self.request.plan_settings(self.mjd))

    def run(self, show: Callable[[Progress], None]) -> None:
        """Scan to the end, or to KeyboardInterrupt: then what is finished stays and `interrupted` is set.

        Parameters
        ----------
        show
            Called after each step.
        """
        job = Job(self.request.reco, self.pulses, self.request.fit_limit_s())
        try:
            with Pool[Batch](job, self.request.workers) as pool:
                while not self.ledger.plan().finished:
                    self._hand_out(pool)
                    for answer in self._wait(pool):
                        self._take_in(answer.tag, answer.reports)
                    show(self.progress())
        except KeyboardInterrupt:
            self.interrupted = True

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
                pool.submit(batch, [self._task(fit) for fit in batch])

    def _next_batch(self, free: Sequence[Wanted]) -> Batch:
        """The fits ahead that make a task; suspects go alone."""
        if self._failures[free[0]] or self._losses[free[0]]:
            return (free[0],)
        tasks = cut(free, fit_seconds(self.ledger.tallies()), self.request.workers)
        return next(tasks)[:MAX_PIXELS]

    def _task(self, fit: Wanted) -> PixelTask:
        seeds = (self.ledger.fit(key) for key in fit.seeds)
        return PixelTask(self._direction(fit), tuple((seed.x, seed.y, seed.z, seed.t) for seed in seeds))

    def _direction(self, fit: Wanted) -> tuple[float, float, float]:
        """The pixel's direction; those of its whole stage are looked up together."""
        if (fit.nside, fit.pixel) not in self._directions:
            plan = self.ledger.plan()
            pixels = sorted({other.pixel for other in (*plan.certain, *plan.speculative) if other.nside == fit.nside})
            vectors = pixel_directions(fit.nside, pixels, self.mjd)
            self._directions.update(zip(((fit.nside, pixel) for pixel in pixels), vectors, strict=True))
        return self._directions[fit.nside, fit.pixel]

    def _take_in(self, batch: Batch, reports: Sequence[PixelReport] | None) -> None:
        """Count what came back; without reports the worker died, and the first fit is suspected and sent alone."""
        self._at_work.difference_update(batch)
        if reports is None:
            batch, reports = batch[:1], [WORKER_DIED]
        for fit, report in zip(batch, reports, strict=True):
            self.n_fits += 1
            self.fit_cpu_seconds += report.cpu_seconds
            if report.outcome == "done" or self._give_up(fit, report):
                self.ledger.add(_finished(fit, report))

    def _give_up(self, fit: Wanted, report: PixelReport) -> bool:
        """Whether this failure was the last one allowed."""
        lost = report.outcome == "lost"
        counts, most = (self._losses, MAX_LOSSES) if lost else (self._failures, MAX_ATTEMPTS)
        counts[fit] += 1
        last = counts[fit] >= most
        if report.outcome == "stopped" or (lost and last):
            self.unlucky[report.outcome] += 1
        return last


def _finished(fit: Wanted, report: PixelReport) -> Finished:
    numbers = (report.llh, report.E_in, report.E_tot, report.x, report.y, report.z, report.t)
    return Finished(fit, *numbers, cpu_seconds=report.cpu_seconds, error=report.error)
