"""The watchdog: no scan waits for ever. What lasts too long, by this process's own steady clock, is a failure.

The clock that people set has no say: after a start the time begins anew.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from skydriver.services.coordination.abort import End
from skydriver.services.coordination.states import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.config import Settings
    from skydriver.db.stores.scans import Scan

FEWEST_FITS = 20
"""Before so many fits ended, a scan is not judged by how many failed."""


class Watchdog:
    """Remembers since when a scan has been as it is.

    Parameters
    ----------
    settings
        The time limits.
    clock
        Seconds that go on steadily.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._seen: dict[str, tuple[object, float]] = {}

    def look(self, scan: Scan) -> End | None:
        """How a scan is to end, if it is; None while all is well."""
        if scan.status == Status.STARTING:
            return self._after(scan, self._settings.no_worker_timeout_s, _no_worker)
        if scan.status == Status.RUNNING and scan.engine != "external":
            return _fails(scan, self._settings) or self._after(scan, self._settings.no_pixel_timeout_s, _no_pixel)
        if scan.status == Status.FINISHING:  # its fits may all have ended since it was looked at last
            return _fails(scan, self._settings)
        if scan.engine == "external":
            return self._after(scan, self._settings.external_timeout_s, _silent)
        return None

    def forget(self, alive: set[str]) -> None:
        """Remember only these scans."""
        self._seen = {scan: seen for scan, seen in self._seen.items() if scan in alive}

    def _after(self, scan: Scan, limit_s: float, how: Callable[[float], End]) -> End | None:
        state = (scan.status, scan.fits_done, scan.updated if scan.engine == "external" else None)
        now = self._clock()
        before, since = self._seen.get(scan.id, (None, now))
        if before != state:
            self._seen[scan.id] = (state, now)
            return None
        return how(limit_s) if now - since > limit_s else None


def _no_worker(seconds: float) -> End:
    problem = f"no worker took it up within {seconds:g} s: see skydriver doctor, and whether workers are configured"
    return End(Status.FAILED, "no_worker", problem)


def _no_pixel(seconds: float) -> End:
    problem = f"no fit ended within {seconds:g} s: its workers died or hang; see its log, and rescan"
    return End(Status.FAILED, "no_pixel", problem)


def _silent(seconds: float) -> End:
    problem = f"its external scanner said nothing for {seconds:g} s: start it again with a new scan"
    return End(Status.FAILED, "scanner_silent", problem)


def _fails(scan: Scan, settings: Settings) -> End | None:
    if scan.fits_done < FEWEST_FITS or scan.fits_failed <= settings.max_failing_fraction * scan.fits_done:
        return None
    problem = f"{scan.fits_failed} of {scan.fits_done} fits failed: see its log; another algorithm may do better"
    return End(Status.FAILED, "fits_fail", problem)
