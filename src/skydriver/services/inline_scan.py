"""A small scan in this very process: one fit after the other, without workers and without a limit on their time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from skydriver.scan.planner import Ledger
from skydriver.services.pixel_tasks import PixelTasks, finished
from skydriver.worker.attempt import ROW, attempt, report_of, row_of

if TYPE_CHECKING:
    from skydriver.recos.base import EventFitter
    from skydriver.services.preparation import ScanRequest
    from skydriver.worker.task import PixelReport, PixelTask


def scan_inline(request: ScanRequest, fitter: EventFitter, mjd: float) -> Ledger:
    """Make the fits that a `LocalScan` would make, with the same outcome; each is tried once.

    Parameters
    ----------
    request
        What was asked for; its limit on a fit's time and its workers have no influence.
    fitter
        The request's algorithm, bound to the event's cleaned pulses.
    mjd
        Time of the event, UTC.

    Returns
    -------
    Ledger
        Finished. A fit that raised is NaN in it, with its error.
    """
    ledger = Ledger(request.plan_settings(mjd))
    tasks = PixelTasks(ledger, mjd)
    while wanted := ledger.plan().certain:
        for fit in wanted:
            ledger.add(finished(fit, _report(fitter, tasks.task(fit))))
    return ledger


def _report(fitter: EventFitter, pixel: PixelTask) -> PixelReport:
    """One fit, by way of the row that a worker would have written: so errors have the same length."""
    start = time.thread_time()
    fit, error = attempt([fitter], pixel)
    return report_of(np.array([row_of(fit, time.thread_time() - start, error)], ROW)[0])
