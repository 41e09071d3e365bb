"""Leases: fits given to workers, and what becomes of them. Each fit counts once, whoever answers first."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, NamedTuple

from skydriver.db.commit_points import CommitPoint
from skydriver.db.schema.fits import DONE, OPEN
from skydriver.db.stores import fits, scan_log, scans, tasks, workers
from skydriver.db.stores.tasks import Key
from skydriver.errors import UnknownError
from skydriver.scan.batches import batch_size
from skydriver.services.coordination import planning, tail
from skydriver.services.coordination.backlog import ALERT
from skydriver.services.coordination.freeing import expire
from skydriver.services.coordination.outcomes import judge
from skydriver.services.coordination.room import room_for
from skydriver.services.coordination.states import LEASABLE, NEEDS_WORKERS, Status, check_transition
from skydriver.services.coordination.turn import take_turn
from skydriver.services.coordination.wire import ENGINE, OVER, Lease, Over
from skydriver.services.coordination.yielding import is_held
from skydriver.worker.compute import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.db.database import Connection
    from skydriver.services.context import Service
    from skydriver.services.coordination.outcomes import Outcomes
    from skydriver.services.coordination.turn import Turn
    from skydriver.services.coordination.wire import Report

SHORTEST_TASK_S = 0.05
"""No task is meant to take less than this, where more is left: it would cost more to hand out than to do."""
LEAST_SEEN_S = 1.0
"""A worker that asks for work and gets none is noted no more often than this."""


class _Taken(NamedTuple):
    """What a report came to."""

    accepted: int
    scan: scans.Scan | None
    """The scan that it was of, locked, if it goes on."""
    round: tuple[int, int] | None
    """(nside, round)."""


def lease(service: Service, worker_id: str, said: Report | None) -> Lease | Over | None:
    """Take in a worker's report, plan what follows from it, and give it its next task: all in one transaction.

    Returns
    -------
    Lease
        None where there is nothing for it to do now, an `Over` where there will be nothing any more; the report counts
        all the same.

    Raises
    ------
    UnknownError
        Where no such worker registered: it has to, anew.
    """
    if said is None and not _may_have_work(service, worker_id):
        return None
    with take_turn(service, CommitPoint.LEASE) as taken:
        worker = _worker(taken.connection, worker_id)
        if said is not None:
            _take_and_plan(taken, worker_id, said)
        for task in tasks.held_by(taken.connection, worker_id):
            expire(taken, task, "its worker asked for another", suspect=False)
        found = OVER if _is_over(taken.connection, worker) else _next(taken, worker)
        workers.see(taken.connection, worker_id, taken.now)
    if said is not None:
        service.work.ring()
    return found


def report(service: Service, worker_id: str, said: Report) -> int:
    """Take in a worker's report, and plan what follows; how many of its pixels counted. A late answer is no error."""
    return _without_next(service, CommitPoint.LEASE, worker_id, said)


def give_back(service: Service, worker_id: str, said: Report) -> int:
    """Take back a task that a worker does not end, with what is done of it; how many of its pixels counted."""
    return _without_next(service, CommitPoint.RETURN, worker_id, said)


def _without_next(service: Service, name: CommitPoint, worker_id: str, said: Report) -> int:
    with take_turn(service, name) as taken:
        _worker(taken.connection, worker_id)
        accepted = _take_and_plan(taken, worker_id, said)
        workers.see(taken.connection, worker_id, taken.now)
    service.work.ring()
    return accepted


def _worker(connection: Connection, worker_id: str) -> workers.Worker:
    worker = workers.get(connection, worker_id)
    if worker is None:
        raise UnknownError(f"worker: no worker {worker_id!r} registered")
    return worker


def _may_have_work(service: Service, worker_id: str) -> bool:
    """Whether it is worth a transaction that writes."""
    with service.database.reading() as connection:
        worker = _worker(connection, worker_id)
        unseen = service.database.now(connection) - worker.seen > LEAST_SEEN_S
        if unseen or _is_over(connection, worker) or scans.with_work(connection, LEASABLE, ENGINE, worker):
            return True
        return tail.may_be_slow(connection, worker, service.database.now(connection))


def _is_over(connection: Connection, worker: workers.Worker) -> bool:
    """Whether a worker that may fit one scan alone is needed no more."""
    if worker.scan is None:
        return False
    scan = scans.get(connection, worker.scan)
    return scan is None or scan.status not in NEEDS_WORKERS


def _take_and_plan(turn: Turn, worker: str, said: Report) -> int:
    taken = _take_in(turn, worker, said)
    if taken.scan is not None and planning.is_due(turn.connection, taken.scan, taken.round):
        planning.plan(turn, taken.scan)
    return taken.accepted


def _take_in(turn: Turn, worker: str, said: Report) -> _Taken:
    """Count what a worker reports of its own task; what it does not name is open again."""
    connection = turn.connection
    task = tasks.get(connection, said.task, worker)
    if task is None or task.state == tasks.DROPPED:
        return _Taken(0, None, None)
    scan = scans.lock(connection, task.scan)
    if scan is None or scan.status not in LEASABLE:
        return _Taken(0, None, None)
    keys = tasks.keys_of(task)
    outcomes = judge(_present(connection, scan.id, keys), said.pixels, task.id)
    _store(connection, scan, worker, task.id, outcomes)
    if task.state == tasks.OPEN:
        fits.free(connection, task.id)
        tasks.close(connection, task.id, tasks.ANSWERED)
        tail.settle_copies(connection, task)
    _count(turn, scan, outcomes)
    lines = [f"nside {key.nside} pixel {key.pixel}: {error}" for key, error in outcomes.complaints]
    scan_log.add_of_worker(connection, turn.now, scan.id, worker, lines)
    return _Taken(len(outcomes.done), scan, keys[0][:2])


def _present(connection: Connection, scan: str, keys: Sequence[Key]) -> dict[Key, fits.Fit]:
    """A task's fits as they are now, those that are not done."""
    nside, number = keys[0].nside, keys[0].round
    asked = set(keys)
    rows = fits.of_round(connection, scan, nside, number, [key.pixel for key in keys])
    found = {Key(nside, number, row.pixel, row.seeds): row for row in rows if row.state != DONE}
    return {key: row for key, row in found.items() if key in asked}


def _store(connection: Connection, scan: scans.Scan, worker: str, task: str, outcomes: Outcomes) -> None:
    end = {"state": DONE, "task": task, "worker": worker}
    numbered = enumerate(outcomes.done, scan.fits_done + 1)
    fits.set_many(connection, scan.id, [(key, end | values | {"sequence": n}) for n, (key, values) in numbered])
    again = {"state": OPEN, "task": None}
    fits.set_many(connection, scan.id, [(key, again | values | {"avoid": worker}) for key, values in outcomes.again])


def _count(turn: Turn, scan: scans.Scan, outcomes: Outcomes) -> None:
    """Keep the scan's own numbers."""
    if not outcomes.done and not outcomes.again:
        return
    if outcomes.done and scan.first_pixel is None:
        turn.announce(scan.id, "first_pixel", after_s=turn.now - scan.created)
    failed = sum(values["error"] is not None for _, values in outcomes.done)
    turn.fitted.append((len(outcomes.done) - failed, failed))
    scans.update(
        turn.connection,
        scan.id,
        fits_done=scan.fits_done + len(outcomes.done),
        fits_failed=scan.fits_failed + failed,
        cpu_seconds=scan.cpu_seconds + outcomes.cpu_seconds,
        n_stopped=scan.n_stopped + outcomes.n_stopped,
        n_lost=scan.n_lost + outcomes.n_lost,
        first_pixel=scan.first_pixel or (turn.now if outcomes.done else None),
        updated=turn.now,
    )


def _next(turn: Turn, worker: workers.Worker) -> Lease | None:
    """The next task for a worker, of the first scan that has one for it."""
    connection = turn.connection
    held = is_held(turn, worker)
    for found in scans.with_work(connection, LEASABLE, ENGINE, worker):
        if held and found.priority < ALERT:
            break
        scan = scans.lock(connection, found.id, wait=False)
        if scan is None or scan.status not in LEASABLE or room_for(connection, scan, worker) <= 0:
            continue
        others = workers.has_peers(connection, worker, scan.id, wants_local=scan.n_local > 0)
        batch = _batch(connection, scan, worker.id, others=others)
        if batch:
            return _give(turn, scan, worker, batch)
    slow = tail.slow_task(connection, worker, turn.now)
    if slow is None or (held and slow.scan.priority < ALERT):
        return None
    return _give(turn, slow.scan, worker, slow.rows, copy_of=slow.task)


def _batch(connection: Connection, scan: scans.Scan, worker: str, *, others: bool) -> list[fits.Fit]:
    """The open fits that make a worker's next task: of one round, each pixel once, a suspect alone.

    A fit that failed on it is left to others, where there are any.
    """
    left = fits.count_open(connection, scan.id)
    rows = fits.next_open(connection, scan.id, _size(scan, left), worker if others else None)
    batch: dict[int, fits.Fit] = {}
    for row in rows:
        is_suspect = row.failures or row.losses
        first = next(iter(batch.values()), row)
        if (row.nside, row.round) != (first.nside, first.round) or row.pixel in batch or (is_suspect and batch):
            break
        batch[row.pixel] = row
        if is_suspect:
            break
    return list(batch.values())


def _size(scan: scans.Scan, left: int) -> int:
    """How many fits the next task takes, from the mean time of those that are done."""
    seconds = scan.cpu_seconds / scan.fits_done if scan.fits_done else None
    size = batch_size(left, seconds, scan.n_workers)
    if seconds is not None:
        size = max(size, math.ceil(SHORTEST_TASK_S / max(seconds, 1e-5)))
    return min(size, MAX_PIXELS)


def _give(
    turn: Turn, scan: scans.Scan, worker: workers.Worker, rows: Sequence[fits.Fit], copy_of: str | None = None
) -> Lease:
    """Lease these fits, or have another worker's task done once more.

    The first lease of a scan says that it runs, and by whose numbers.
    """
    task, keys = secrets.token_hex(12), [Key(row.nside, row.round, row.pixel, row.seeds) for row in rows]
    seconds = turn.service.settings.lease_s
    times = {"issued": turn.now, "until": turn.now + seconds}
    whose = {"worker": worker.id, "pool": worker.pool}
    tasks.add(turn.connection, keys, id=task, scan=scan.id, copy_of=copy_of, **whose, **times)
    if copy_of is None:
        fits.lease(turn.connection, scan.id, keys, task)
    turn.service.asked.came(scan.id, worker.id)
    if scan.status == Status.STARTING:
        _start(turn, scan, worker)
    about = (scan.prepared, scan.reco, scan.max_reco_time_s, keys[0].nside, keys[0].round)
    return Lease(task, scan.id, *about, tuple(row.payload for row in rows), seconds)


def _start(turn: Turn, scan: scans.Scan, worker: workers.Worker) -> None:
    check_transition(Status.STARTING, Status.RUNNING)
    scans.update(turn.connection, scan.id, status=Status.RUNNING, numerics=worker.numerics, updated=turn.now)
    waited = {"waited_s": turn.now - scan.created}
    turn.announce(scan.id, "state", status=Status.RUNNING, code=None, reason=None, **waited)
    line = f"running: worker {worker.id} on {worker.host} has begun"
    scan_log.add(turn.connection, turn.now, scan.id, "service", [line])
