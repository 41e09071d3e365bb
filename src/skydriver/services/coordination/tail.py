"""The tail of a round: workers that have nothing to do get copies of the slowest tasks, and the first answer counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.db.schema.fits import LEASED
from skydriver.db.stores import fits, scans, tasks
from skydriver.services.coordination.room import room_for
from skydriver.services.coordination.states import LEASABLE
from skydriver.services.coordination.wire import ENGINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.db.database import Connection
    from skydriver.db.stores.workers import Worker

COPY_AFTER_S: Final = 1.0
"""A task is not slow before so long."""
SLOW: Final = 3.0
"""It is when it takes so many times as long as its fits do on average."""


class Slow(NamedTuple):
    """A task to do once more."""

    scan: scans.Scan
    """Locked."""
    task: str
    rows: Sequence[fits.Fit]
    """Its fits that are not done."""


def slow_task(connection: Connection, worker: Worker, now: float) -> Slow | None:
    """A task of another worker that `worker` may do once more; None where there is none.

    It is slow, nobody else does it once more, nothing of its scan is left to hand out, and none of its fits has failed
    or is suspected of a worker's death.
    """
    for task in tasks.uncopied(connection, ENGINE, worker, now - COPY_AFTER_S):
        scan = scans.lock(connection, task.scan, wait=False)
        if scan is None or scan.status not in LEASABLE or not _is_slow(task, scan, now):
            continue
        if room_for(connection, scan, worker) <= 0 or fits.count_open(connection, scan.id):
            continue
        rows = _left_of(connection, task)
        if rows:
            return Slow(scan, task.id, rows)
    return None


def may_be_slow(connection: Connection, worker: Worker, now: float) -> bool:
    """Whether it is worth a transaction that writes."""
    return bool(tasks.uncopied(connection, ENGINE, worker, now - COPY_AFTER_S))


def settle_copies(connection: Connection, task: tasks.Task) -> None:
    """After a task is answered: whoever does the same has nothing left to do, and hears of it at the next heartbeat."""
    if task.copy_of is None:
        tasks.drop_copies(connection, task.id)
    elif not fits.holds(connection, task.copy_of):
        tasks.close(connection, task.copy_of, tasks.DROPPED)


def _is_slow(task: tasks.Task, scan: scans.Scan, now: float) -> bool:
    """Before any fit of a scan is done nobody knows what is slow."""
    if not scan.fits_done:
        return False
    return bool(now - task.issued > SLOW * task.n_fits * scan.cpu_seconds / scan.fits_done)


def _left_of(connection: Connection, task: tasks.Task) -> Sequence[fits.Fit]:
    """The fits that it still holds; none where one of them is to be sent alone."""
    keys = tasks.keys_of(task)
    rows = fits.leased_of(connection, task.scan, keys[0].nside, keys[0].round, task.id)
    return [] if any(row.failures or row.losses or row.state != LEASED for row in rows) else rows
