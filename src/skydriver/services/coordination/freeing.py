"""Taking tasks back from workers that are gone, silent, or busy with something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.schema.fits import OPEN
from skydriver.db.stores import fits, scan_log, scans, tasks, workers
from skydriver.services.coordination.outcomes import lost_with_worker
from skydriver.services.coordination.planning import is_due, plan
from skydriver.services.coordination.states import LEASABLE

if TYPE_CHECKING:
    from skydriver.services.coordination.turn import Turn


def bury(turn: Turn, worker: str, reason: str, *, suspect: bool) -> None:
    """A worker is gone, and what it held is free."""
    workers.leave(turn.connection, worker, reason)
    for task in tasks.held_by(turn.connection, worker):
        expire(turn, task, reason, suspect=suspect)


def expire(turn: Turn, task: tasks.Task, reason: str, *, suspect: bool) -> None:
    """A task is no longer its worker's: its fits are free again.

    Parameters
    ----------
    turn
        The transaction.
    task
        Open.
    reason
        Why, for the log.
    suspect
        Whether its first fit may have killed the worker: after some such losses it is given up.
    """
    scan = scans.lock(turn.connection, task.scan)
    tasks.close(turn.connection, task.id, tasks.EXPIRED)
    if scan is None or scan.status not in LEASABLE:
        return
    if task.copy_of is not None:  # its fits are another task's
        return
    if suspect:
        _suspect(turn, scan, task)
    fits.free(turn.connection, task.id)
    line = f"{task.n_fits} fits are free again: {reason}"
    scan_log.add_of_worker(turn.connection, turn.now, scan.id, task.worker, [line])
    if is_due(turn.connection, scan, None):
        plan(turn, scan)


def _suspect(turn: Turn, scan: scans.Scan, task: tasks.Task) -> None:
    key = tasks.keys_of(task)[0]
    rows = fits.of_round(turn.connection, scan.id, key.nside, key.round, [key.pixel])
    row = next((row for row in rows if row.seeds == key.seeds and row.task == task.id), None)
    if row is None:
        return
    values = lost_with_worker(row)
    given_up = values["state"] != OPEN
    if given_up:
        values["sequence"] = scan.fits_done + 1
    fits.set_many(turn.connection, scan.id, [(key, values)])
    if given_up:
        counts = {"fits_done": scan.fits_done + 1, "fits_failed": scan.fits_failed + 1, "n_lost": scan.n_lost + 1}
        scans.update(turn.connection, scan.id, **counts)
