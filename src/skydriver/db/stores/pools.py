"""Pools: clusters that scans were asked to run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Row, exists, insert, or_, select, update

from skydriver.db.tables import pools, scans, submissions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

Pool: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes; in `at_work` with the scan's status, priority, request and numerics."""
ACTIVE, GIVEN_UP, ENDED = "active", "given_up", "ended"
GONE = "gone"
"""Of a submission of which nothing is left in the queue."""

_HAS_JOBS = exists().where(submissions.c.pool == pools.c.id, submissions.c.state != GONE)
_AT_WORK = (
    select(pools, scans.c.status, scans.c.priority, scans.c.request, scans.c.numerics)
    .join(scans, scans.c.id == pools.c.scan)
    .where(or_(pools.c.state == ACTIVE, _HAS_JOBS))
    .order_by(scans.c.rank, pools.c.scan, pools.c.number)
)


def add(connection: Connection, **values: object) -> None:
    """A scan is to run on a cluster."""
    begin = {"state": ACTIVE, "refusals": 0, "failures": 0, "not_before": 0.0, "statuses": "{}", "errors": "{}"}
    connection.execute(insert(pools).values(begin | values))


def get(connection: Connection, pool: str) -> Pool | None:
    """A pool; None where there is none."""
    return connection.execute(select(pools).where(pools.c.id == pool)).one_or_none()


def of_scan(connection: Connection, scan: str) -> Sequence[Pool]:
    """The pools of a scan, in the order in which they were asked for."""
    return connection.execute(select(pools).where(pools.c.scan == scan).order_by(pools.c.number)).all()


def at_work(connection: Connection, cluster: str) -> Sequence[Pool]:
    """Pools of a cluster that may need something, those first whose scan's turn it is."""
    return connection.execute(_AT_WORK.where(pools.c.cluster == cluster)).all()


def clusters_at_work(connection: Connection) -> Sequence[Pool]:
    """Name, collector and schedd of each cluster with such pools."""
    c = pools.c
    query = select(c.cluster, c.collector, c.schedd).where(or_(c.state == ACTIVE, _HAS_JOBS)).distinct()
    return connection.execute(query).all()


def change(connection: Connection, pool: str, **values: object) -> None:
    """Set columns."""
    connection.execute(update(pools).where(pools.c.id == pool).values(**values))
