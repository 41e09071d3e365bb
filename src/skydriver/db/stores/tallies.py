"""Counts for operators, and for listeners: each one question that an index answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from skydriver.db.stores import tasks as task_states
from skydriver.db.stores import workers as worker_states
from skydriver.db.tables import scans, tasks, workers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

_FITS_DONE = select(scans.c.id, scans.c.fits_done).where(scans.c.id.in_(bindparam("scans", expanding=True)))


def fits_done(connection: Connection, asked: Collection[str]) -> dict[str, int]:
    """How many fits of each of some scans are done."""
    return _counted(connection.execute(_FITS_DONE, {"scans": list(asked)})) if asked else {}


def by_status(connection: Connection, statuses: Collection[str]) -> dict[str, int]:
    """How many scans are in each of `statuses`; those in which none is are left out."""
    query = select(scans.c.status, func.count()).where(scans.c.status.in_(statuses)).group_by(scans.c.status)
    return _counted(connection.execute(query))


def by_priority(connection: Connection, status: str) -> dict[int, int]:
    """How many scans in a status have each priority."""
    query = select(scans.c.priority, func.count()).where(scans.c.status == status).group_by(scans.c.priority)
    return _counted(connection.execute(query))


def oldest(connection: Connection, status: str) -> float | None:
    """When the first of the scans in a status was submitted; None without any."""
    found = connection.execute(select(func.min(scans.c.created)).where(scans.c.status == status)).scalar_one()
    return None if found is None else float(found)


def workers_alive(connection: Connection) -> dict[str, int]:
    """How many workers are alive in each pool."""
    query = select(workers.c.pool, func.count()).where(workers.c.state == worker_states.ALIVE)
    return _counted(connection.execute(query.group_by(workers.c.pool)))


def open_tasks(connection: Connection) -> int:
    """How many tasks workers hold."""
    query = select(func.count()).select_from(tasks).where(tasks.c.state == task_states.OPEN)
    return int(connection.execute(query).scalar_one())


def _counted(rows: Iterable[Any]) -> dict[Any, int]:
    return {what: int(n) for what, n in rows}
