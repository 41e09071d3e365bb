"""The reconciler: looks at what every scan is and what it is to be, and takes it one step towards that, over and over.

Each step is one transaction, or has none. A service that is killed anywhere goes on with the next step when it is
started again, for start, stop, crash and restart are the same code. Any number of services may reconcile at once.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import fits, scans
from skydriver.errors import SkyDriverError, UnavailableError
from skydriver.log import get_logger
from skydriver.services.coordination.abort import End, abort
from skydriver.services.coordination.backlog import ALERT, is_alert_at_work
from skydriver.services.coordination.finishing import finish
from skydriver.services.coordination.planning import plan
from skydriver.services.coordination.preparing import fail, launch, prepare_scan
from skydriver.services.coordination.progress import measure
from skydriver.services.coordination.purging import purge
from skydriver.services.coordination.silence import free_expired
from skydriver.services.coordination.states import ACTIVE, ENDED, NEEDS_WORKERS, Status
from skydriver.services.coordination.turn import take_turn
from skydriver.services.coordination.watchdog import Watchdog
from skydriver.services.memory import give_back
from skydriver.services.pools.told import is_hopeless, problems

if TYPE_CHECKING:
    from types import TracebackType

    from skydriver.services.context import Service

log = get_logger()

IDLE_SECONDS = 0.5
"""It looks again after so long when nothing rang."""
MEASURE_SECONDS = 1.0
"""A scan's progress is measured this often."""
SWEEP_SECONDS = 1.0
"""Silent workers and old fits are looked for this often."""
HEAVY = frozenset({Status.PREPARING, Status.FINISHING})
"""In these the service itself computes for a scan."""
SPARED_SECONDS = 5.0
"""While an alert is at work the service computes for one of the other scans only this often."""
NO_CLUSTER = "no_cluster"
"""Code of a scan that failed because no cluster does it."""
MAX_SENTENCE = 2000
RETRY_SECONDS = 2.0
"""A scan whose step failed for reasons that may pass is left alone for so long."""


class Reconciler:
    """A thread, as a context manager; without entering it, `step` can be called by hand."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._watchdog = Watchdog(service.settings)
        self._measured: dict[str, tuple[float, int]] = {}
        self._swept = 0.0
        self._others_from = 0.0
        self._left_alone: dict[str, float] = {}
        self._rung = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End after the present step."""
        self._ends = True
        self._rung.set()
        self._thread.join()

    def _run(self) -> None:
        with self._service.scans.heard_by(self._rung.set):
            while not self._ends:
                self._rung.clear()
                self._service.pulse.beat()
                if not self._step_safely():
                    self._rung.wait(IDLE_SECONDS)

    def _step_safely(self) -> bool:
        """A step; what goes wrong is logged, and tried again later."""
        try:
            return self.step()
        except UnavailableError as error:
            log.warning("database_away", error=str(error))
        except Exception:  # the loop that must not end
            log.error("step_failed", exc_info=True)  # noqa: G201 - structlog
        return False

    def step(self) -> bool:
        """Take every scan that is at work one step. Whether anything was done, so that there may be more to do."""
        did = self._sweep()
        did |= self._end_wanted()
        did |= launch(self._service)
        with self._service.database.reading() as connection:
            active = scans.in_status(connection, ACTIVE)
            now = self._service.database.now(connection)
        self._forget({scan.id for scan in active})
        alert = any(is_alert_at_work(scan, now) for scan in active)
        self._others_from = (self._others_from or time.monotonic() + SPARED_SECONDS) if alert else 0.0
        for scan in active:
            if scan.priority < ALERT and scan.status in HEAVY and not self._may_compute():
                continue
            did |= self._guarded(scan)
            if did and self._rung.is_set():
                return True  # maybe for an alert: the order is made anew
        return did

    def _may_compute(self) -> bool:
        """Whether the service may compute for a scan that is no alert just now; then, beside one, not again soon."""
        if not self._others_from:
            return True
        if time.monotonic() < self._others_from:
            return False
        self._others_from = time.monotonic() + SPARED_SECONDS
        return True

    def _forget(self, alive: set[str]) -> None:
        """Remember only these scans."""
        self._watchdog.forget(alive)
        for kept in (self._measured, self._left_alone):
            for gone in kept.keys() - alive:
                del kept[gone]

    def _guarded(self, scan: scans.Scan) -> bool:
        """One step of one scan; what is wrong with it ends it alone."""
        if time.monotonic() < self._left_alone.get(scan.id, 0.0):
            return False
        try:
            return self._step_of(scan)
        except (UnavailableError, OSError, MemoryError):
            self._left_alone[scan.id] = time.monotonic() + RETRY_SECONDS
            raise
        except Exception as error:
            log.error("scan_failed", scan=scan.id, exc_info=True)  # noqa: G201 - structlog
            fail(self._service, scan.id, _fault(error))
            return True

    def _step_of(self, scan: scans.Scan) -> bool:
        how = self._watchdog.look(scan) or self._without_workers(scan)
        if how is not None:
            fail(self._service, scan.id, self._with_reasons(scan, how))
            return True
        if scan.engine == "external":
            return False
        if scan.status == Status.PREPARING:
            return prepare_scan(self._service, scan.id)
        if scan.status == Status.FINISHING:
            return self._finish(scan)
        return self._follow(scan)

    def _without_workers(self, scan: scans.Scan) -> End | None:
        """How a scan is to end that no cluster does; None where something works on it."""
        if scan.n_local or scan.status not in NEEDS_WORKERS:
            return None
        with self._service.database.reading() as connection:
            if not is_hopeless(connection, scan.id):
                return None
        return End(Status.FAILED, NO_CLUSTER, "none of its clusters does it")

    def _with_reasons(self, scan: scans.Scan, how: End) -> End:
        """The same with what clusters say, where it is for want of workers."""
        if how.code not in {NO_CLUSTER, "no_worker"}:
            return how
        with self._service.database.reading() as connection:
            said = problems(connection, scan.id)
        return how._replace(sentence=f"{how.sentence}: {said}"[:MAX_SENTENCE]) if said else how

    def _finish(self, scan: scans.Scan) -> bool:
        """Make its map, which takes much memory for a moment."""
        did = finish(self._service, scan.id)
        give_back()
        return did

    def _follow(self, scan: scans.Scan) -> bool:
        """A scan that workers fit: what it wants next is seen to by their reports, but for what a crash left."""
        if self._is_stuck(scan):
            return True
        at, done = self._measured.get(scan.id, (0.0, -1))
        if scan.fits_done != done and time.monotonic() - at >= MEASURE_SECONDS:
            self._measured[scan.id] = (time.monotonic(), scan.fits_done)
            measure(self._service, scan.id)
        return False

    def _is_stuck(self, scan: scans.Scan) -> bool:
        """Whether a scan wanted nothing although it goes on; then what it wants is stored now."""
        with self._service.database.reading() as connection:
            left = fits.pending(connection, scan.id)
        if left.open or left.leased:
            return False
        with take_turn(self._service, CommitPoint.PLAN) as turn:
            locked = scans.lock(turn.connection, scan.id)
            if locked is not None and locked.status in {Status.STARTING, Status.RUNNING}:
                plan(turn, locked)
        self._service.work.ring()
        return True

    def _end_wanted(self) -> bool:
        """End the scans that are to end."""
        with self._service.database.reading() as connection:
            wanted = scans.wanted_ends(connection, Status.ABORTED, ENDED)
        for scan_id in wanted:
            with take_turn(self._service, CommitPoint.ABORT) as turn:
                abort(turn, scan_id)
            self._service.ledgers.drop(scan_id)
        return bool(wanted)

    def _sweep(self) -> bool:
        """Free what silent workers hold, and forget fits that are old."""
        if time.monotonic() - self._swept < SWEEP_SECONDS:
            return False
        self._swept = time.monotonic()
        free_expired(self._service)
        return purge(self._service)


def _fault(error: Exception) -> End:
    """How a scan ends because of an error that is not its own; only our errors' words are sentences for users."""
    if isinstance(error, SkyDriverError):
        code, words = error.code, str(error)[:400]
    else:
        code, words = "internal", type(error).__name__
    return End(Status.FAILED, code, f"an error of SkyDriver itself, which its log holds: {words}")
