"""What was submitted to clusters, and what went wrong there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Row, delete, func, insert, select, update

from skydriver.db.stores.pools import GONE
from skydriver.db.tables import identity, mishaps, submissions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

Submission: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes."""
INTENDED, SUBMITTED = "intended", "submitted"


def who(connection: Connection) -> str:
    """Which SkyDriver this database is of."""
    return str(connection.execute(select(identity.c.id)).scalar_one())


def add(connection: Connection, **values: object) -> None:
    """Jobs are to be submitted."""
    connection.execute(insert(submissions).values(state=INTENDED, ended_jobs="{}", **values))


def change(connection: Connection, submission: str, **values: object) -> None:
    """Set columns."""
    connection.execute(update(submissions).where(submissions.c.id == submission).values(**values))


def present(connection: Connection, pool: str) -> Sequence[Submission]:
    """What was submitted for a pool and may still be in the queue, the oldest first."""
    where = (submissions.c.pool == pool, submissions.c.state != GONE)
    return connection.execute(select(submissions).where(*where).order_by(submissions.c.created)).all()


def of_pool(connection: Connection, pool: str) -> Sequence[Submission]:
    """All that was submitted for a pool, the oldest first."""
    return connection.execute(
        select(submissions).where(submissions.c.pool == pool).order_by(submissions.c.created)
    ).all()


def known(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of these names of which something may still be in a queue."""
    query = select(submissions.c.id).where(submissions.c.id.in_(names), submissions.c.state != GONE)
    return set(connection.execute(query).scalars())


def add_mishap(connection: Connection, cluster: str, host: str, time: float, reason: str) -> None:
    """A job failed on a machine."""
    connection.execute(insert(mishaps).values(cluster=cluster, host=host, time=time, reason=reason))


def bad_hosts(connection: Connection, cluster: str, since: float, at_least: int) -> list[str]:
    """Machines of a cluster on which so many jobs failed since."""
    c = mishaps.c
    query = select(c.host).where(c.cluster == cluster, c.time >= since).group_by(c.host)
    return sorted(connection.execute(query.having(func.count() >= at_least)).scalars())


def forget_mishaps(connection: Connection, before: float) -> None:
    """What happened long ago says nothing any more."""
    connection.execute(delete(mishaps).where(mishaps.c.time < before))
