"""An alert gets workers at once: those of other scans are asked, as many as it can use, to leave these for it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from skydriver.db.stores import fits, scans, tasks
from skydriver.services.coordination.backlog import ALERT, is_alert_at_work
from skydriver.services.coordination.room import room_for
from skydriver.services.coordination.states import LEASABLE, Status
from skydriver.services.coordination.wire import ENGINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.db.stores.workers import Worker
    from skydriver.services.coordination.turn import Turn

FITTED: Final = frozenset({Status.PREPARING, *LEASABLE})
"""In these a scan has fits for workers, or will soon."""
ASKED_S: Final = 3.0
"""A worker that was asked is taken to come for so long; then another one is."""


class Asked:
    """Which workers were asked for which alert of late; safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[str, dict[str, float]] = {}

    def may_ask(self, alert: str, worker: str, wanted: int) -> bool:
        """Whether a worker is one of the `wanted` ones that an alert can use; it is noted then."""
        now = self._clock()
        with self._lock:
            fresh = {name: at for name, at in self._asked.get(alert, {}).items() if now - at < ASKED_S}
            may = worker in fresh or len(fresh) < wanted
            if may:
                fresh[worker] = now
            self._asked = {
                other: of for other, of in self._asked.items() if max(of.values(), default=0.0) > now - ASKED_S
            }
            if fresh:
                self._asked[alert] = fresh
        return may

    def came(self, alert: str, worker: str) -> None:
        """A worker has a task of an alert: it is no longer waited for."""
        with self._lock:
            self._asked.get(alert, {}).pop(worker, None)


def is_held(turn: Turn, worker: Worker) -> bool:
    """Whether a worker is to wait for what an alert wants next, which it does soon, and to begin nothing else."""
    connection = turn.connection
    if worker.scan is not None:
        return False
    for alert in scans.alerts(connection, FITTED, ENGINE, worker, ALERT):
        if not is_alert_at_work(alert, turn.now):
            continue
        room = room_for(connection, alert, worker)
        if room > 0 and turn.service.asked.may_ask(alert.id, worker.id, room):
            return True
    return False


def is_to_yield(turn: Turn, worker: Worker, task: str) -> bool:
    """Whether a worker is to leave its task for an alert that has fits for it and room for one more worker."""
    connection = turn.connection
    alerts = scans.with_work_of_priority(connection, LEASABLE, ENGINE, worker, ALERT)
    if not alerts or worker.scan is not None:
        return False
    held = tasks.get(connection, task, worker.id)
    mine = None if held is None else scans.get(connection, held.scan)
    if mine is None or mine.priority >= ALERT:
        return False
    for alert in alerts:
        room = room_for(connection, alert, worker)
        wanted = min(room, fits.count_open(connection, alert.id))
        if wanted > 0 and turn.service.asked.may_ask(alert.id, worker.id, wanted):
            return True
    return False
