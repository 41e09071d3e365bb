"""Workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Row, and_, bindparam, func, insert, literal, or_, select, update

from skydriver.db.tables import workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

Worker: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes."""
ALIVE, GONE = "alive", "gone"
LOCAL = "local"
"""The pool of the service's own machine."""

_GET = select(workers).where(workers.c.id == bindparam("worker"))
_SEE = (
    update(workers).where(workers.c.id == bindparam("worker")).values(seen=bindparam("now"), state=ALIVE, reason=None)
)
_COUNT_LIVING = (
    select(func.count()).select_from(workers).where(workers.c.pool == bindparam("pool"), workers.c.state == ALIVE)
)


def add(connection: Connection, **values: object) -> None:
    """A worker registered."""
    connection.execute(insert(workers).values(state=ALIVE, **values))


def get(connection: Connection, worker: str) -> Worker | None:
    """A worker; None where there is none."""
    return connection.execute(_GET, {"worker": worker}).one_or_none()


def see(connection: Connection, worker: str, now: float) -> None:
    """It said something: it lives."""
    connection.execute(_SEE, {"worker": worker, "now": now})


def leave(connection: Connection, worker: str, reason: str) -> None:
    """It is gone."""
    connection.execute(update(workers).where(workers.c.id == worker).values(state=GONE, reason=reason))


def with_token(connection: Connection, token: str) -> Sequence[str]:
    """Living workers that registered with the token of this hash."""
    query = select(workers.c.id).where(workers.c.token == token, workers.c.state == ALIVE)
    return connection.execute(query).scalars().all()


def living(connection: Connection, pool: str) -> Sequence[Worker]:
    """The living workers of a pool."""
    return connection.execute(select(workers).where(workers.c.pool == pool, workers.c.state == ALIVE)).all()


def count_living(connection: Connection, pool: str) -> int:
    """How many live in a pool."""
    return int(connection.execute(_COUNT_LIVING, {"pool": pool}).scalar_one())


def were_any(connection: Connection, pool: str) -> bool:
    """Whether a worker of a pool ever registered."""
    return connection.execute(select(workers.c.id).where(workers.c.pool == pool).limit(1)).first() is not None


def strange(connection: Connection, pool: str, numerics: str) -> str | None:
    """The numerics of a living worker of a pool that are not these; None where there is none such."""
    where = (workers.c.pool == pool, workers.c.state == ALIVE, workers.c.numerics != numerics)
    return connection.execute(select(workers.c.numerics).where(*where).limit(1)).scalar_one_or_none()


def has_peers(connection: Connection, worker: Worker, scan: str, *, wants_local: bool) -> bool:
    """Whether another one lives, of whatever pool, that may fit the same scan."""
    c = workers.c
    where = (c.state == ALIVE, c.numerics == worker.numerics, c.id != worker.id)
    may = or_(c.scan == scan, and_(c.scan.is_(None), or_(c.pool != LOCAL, literal(wants_local))))
    return connection.execute(select(c.id).where(*where, may).limit(1)).first() is not None


def count_of_scan(connection: Connection, scan: str) -> int:
    """How many live that fit this scan alone."""
    query = select(func.count()).select_from(workers).where(workers.c.scan == scan, workers.c.state == ALIVE)
    return int(connection.execute(query).scalar_one())


def silent_since(connection: Connection, moment: float) -> Sequence[str]:
    """Workers that are taken to live and said nothing since `moment`."""
    query = select(workers.c.id).where(workers.c.state == ALIVE, workers.c.seen < moment)
    return connection.execute(query).scalars().all()
