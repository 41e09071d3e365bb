"""Wanted fits as tasks for whoever fits, and what comes back as finished fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.scan.fits import Finished
from skydriver.services.directions import pixel_directions
from skydriver.worker.task import PixelTask

if TYPE_CHECKING:
    from skydriver.scan.fits import Wanted
    from skydriver.scan.planner import Ledger
    from skydriver.worker.task import PixelReport


class PixelTasks:
    """Makes the tasks of one scan.

    Parameters
    ----------
    ledger
        Of the scan: it knows the seeds.
    mjd
        Time of the event, UTC.
    """

    def __init__(self, ledger: Ledger, mjd: float) -> None:
        self._ledger = ledger
        self._mjd = mjd
        self._directions: dict[tuple[int, int], tuple[float, float, float]] = {}

    def task(self, fit: Wanted, model: int = 0) -> PixelTask:
        """A fit that the ledger's plan wants now, as a task for this model of the job."""
        seeds = [self._ledger.fit(key) for key in fit.seeds]
        return PixelTask(self._direction(fit), tuple([(seed.x, seed.y, seed.z, seed.t) for seed in seeds]), model)

    def _direction(self, fit: Wanted) -> tuple[float, float, float]:
        """The pixel's direction; those of its whole stage are looked up together."""
        if (fit.nside, fit.pixel) not in self._directions:
            plan = self._ledger.plan()
            pixels = sorted({other.pixel for other in (*plan.certain, *plan.speculative) if other.nside == fit.nside})
            vectors = pixel_directions(fit.nside, pixels, self._mjd)
            self._directions.update(zip(((fit.nside, pixel) for pixel in pixels), vectors, strict=True))
        return self._directions[fit.nside, fit.pixel]


def finished(fit: Wanted, report: PixelReport) -> Finished:
    """What the ledger takes in."""
    numbers = (report.llh, report.E_in, report.E_tot, report.x, report.y, report.z, report.t)
    return Finished(fit, *numbers, cpu_seconds=report.cpu_seconds, error=report.error)
