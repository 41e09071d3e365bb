"""Leases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson
from sqlalchemy import Row, bindparam, delete, exists, func, insert, or_, select, update

from skydriver.db.tables import scans, tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from skydriver.db.stores.workers import Worker

Task: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes."""
OPEN, ANSWERED, RETURNED, EXPIRED, DROPPED = "open", "answered", "returned", "expired", "dropped"

_ADD = insert(tasks)
_GET = select(tasks).where(tasks.c.id == bindparam("task"), tasks.c.worker == bindparam("worker"))
_CLOSE = update(tasks).where(tasks.c.id == bindparam("task")).values(state=bindparam("new"))
_COUNT_OPEN = (
    select(func.count())
    .select_from(tasks)
    .where(tasks.c.scan == bindparam("scan"), tasks.c.state == OPEN, tasks.c.pool == bindparam("pool"))
)
_HELD_BY = (
    select(tasks).where(tasks.c.worker == bindparam("worker"), tasks.c.state == OPEN).order_by(tasks.c.scan, tasks.c.id)
)


class Key(NamedTuple):
    """Which fit of a scan is meant."""

    nside: int
    round: int
    pixel: int
    seeds: str


def add(connection: Connection, keys: Sequence[Key], **values: object) -> None:
    """Give fits to a worker: a task with its id, scan, worker, issued and until."""
    listed = {"fits": json.dumps(keys), "n_fits": len(keys)}
    connection.execute(_ADD, {"state": OPEN, **values, **listed})


def get(connection: Connection, task: str, worker: str) -> Task | None:
    """A task of this very worker; None where it has none of that name."""
    return connection.execute(_GET, {"task": task, "worker": worker}).one_or_none()


def keys_of(task: Task) -> list[Key]:
    """The fits that it is of."""
    return [Key(*key) for key in orjson.loads(task.fits)]


def close(connection: Connection, task: str, state: str) -> None:
    """A task is no longer open."""
    connection.execute(_CLOSE, {"task": task, "new": state})


def uncopied(connection: Connection, engine: str, worker: Worker, before: float) -> Sequence[Task]:
    """Open tasks of other workers that nobody does or did once more, issued before a moment; by their scans' order."""
    copy = tasks.alias()
    query = (
        select(tasks)
        .join(scans, scans.c.id == tasks.c.scan)
        .where(tasks.c.state == OPEN, tasks.c.copy_of.is_(None), tasks.c.worker != worker.id, tasks.c.issued < before)
        .where(scans.c.engine == engine, scans.c.numerics == worker.numerics)
        .where(~exists().where(copy.c.copy_of == tasks.c.id, copy.c.state.in_((OPEN, ANSWERED))))
        .order_by(scans.c.rank, tasks.c.issued, tasks.c.id)
    )
    if worker.scan is not None:
        query = query.where(scans.c.id == worker.scan)
    return connection.execute(query).all()


def drop_copies(connection: Connection, task: str) -> None:
    """Take back what workers do once more of a task."""
    copies = (tasks.c.copy_of == task, tasks.c.state == OPEN)
    connection.execute(update(tasks).where(*copies).values(state=DROPPED))


def drop_of_scan(connection: Connection, scan: str) -> None:
    """Take back what workers hold of a scan that ends."""
    connection.execute(update(tasks).where(tasks.c.scan == scan, tasks.c.state == OPEN).values(state=DROPPED))


def extend(connection: Connection, task: str, worker: str, until: float) -> bool:
    """Let a worker keep a task for longer; False where it is not its own any more."""
    where = (tasks.c.id == task, tasks.c.worker == worker, tasks.c.state == OPEN)
    return connection.execute(update(tasks).where(*where).values(until=until)).rowcount == 1


def count_open(connection: Connection, scan: str, pool: str) -> int:
    """How many of a scan are with workers of a pool."""
    return int(connection.execute(_COUNT_OPEN, {"scan": scan, "pool": pool}).scalar_one())


def expired(connection: Connection, now: float, latest: float) -> Sequence[Task]:
    """Open tasks whose time is over; and those until later than any lease lasts: the clock was set back since."""
    query = select(tasks).where(tasks.c.state == OPEN, or_(tasks.c.until < now, tasks.c.until > latest))
    query = query.order_by(tasks.c.scan, tasks.c.id)
    return connection.execute(query).all()


def held_by(connection: Connection, worker: str) -> Sequence[Task]:
    """Open tasks of a worker."""
    return connection.execute(_HELD_BY, {"worker": worker}).all()


def was_of(connection: Connection, worker: str, scan: str) -> bool:
    """Whether a worker has, or had, a task of a scan."""
    query = select(tasks.c.id).where(tasks.c.scan == scan, tasks.c.worker == worker).limit(1)
    return connection.execute(query).first() is not None


def forget(connection: Connection, scan: str) -> None:
    """Take away all tasks of a scan."""
    connection.execute(delete(tasks).where(tasks.c.scan == scan))
