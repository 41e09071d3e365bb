"""Scans, as those who move them see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Boolean, Row, String, and_, bindparam, case, exists, func, or_, select
from sqlalchemy import update as change

from skydriver.db.schema.fits import OPEN
from skydriver.db.stores.workers import LOCAL
from skydriver.db.tables import events, feed, fits, scans

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from skydriver.db.stores.workers import Worker

Scan: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes."""

_GET = select(scans).where(scans.c.id == bindparam("scan_id"))
_LOCK, _LOCK_IF_FREE = _GET.with_for_update(), _GET.with_for_update(skip_locked=True)
_UPDATE = change(scans).where(scans.c.id == bindparam("scan_id"))
_AMONG = scans.c.status.in_(bindparam("statuses", expanding=True))
_IN_STATUS = select(scans).where(_AMONG).order_by(scans.c.rank, scans.c.id)
_COUNT = select(func.count()).select_from(scans).where(_AMONG, scans.c.engine == bindparam("engine"))
_FIRST_WAITING = (
    select(scans.c.id, scans.c.priority)
    .where(scans.c.status == bindparam("status"))
    .order_by(scans.c.rank, scans.c.id)
    .limit(1)
)
_WANTED_ENDS = select(scans.c.id).where(
    scans.c.target == bindparam("target"), scans.c.status.not_in(bindparam("ended", expanding=True))
)
_FITTABLE = or_(
    bindparam("any", type_=Boolean),
    and_(bindparam("local", type_=Boolean), scans.c.n_local > 0),
    scans.c.id == bindparam("only", type_=String),
)
"""Of scans that a worker may fit: local ones those that want some, one of a cluster its own, others all."""
_WITH_WORK = (
    select(scans.c.id, scans.c.priority, scans.c.n_local)
    .where(
        _AMONG,
        scans.c.engine == bindparam("engine"),
        or_(scans.c.numerics.is_(None), scans.c.numerics == bindparam("numerics")),
        _FITTABLE,
        exists().where(and_(fits.c.scan == scans.c.id, fits.c.state == OPEN)),
    )
    .order_by(scans.c.rank, scans.c.id)
)

_ALERTS = (
    select(scans)
    .where(_AMONG, scans.c.engine == bindparam("engine"), scans.c.priority >= bindparam("priority"))
    .where(or_(scans.c.numerics.is_(None), scans.c.numerics == bindparam("numerics")), _FITTABLE)
    .order_by(scans.c.rank, scans.c.id)
)
_WITH_WORK_OF_PRIORITY = _WITH_WORK.where(scans.c.priority >= bindparam("priority"))


def get(connection: Connection, scan_id: str) -> Scan | None:
    """A scan; None where there is none."""
    return connection.execute(_GET, {"scan_id": scan_id}).one_or_none()


def lock(connection: Connection, scan_id: str, *, wait: bool = True) -> Scan | None:
    """A scan that until the end of the transaction nobody else changes; None where there is none, or it is taken."""
    return connection.execute(_LOCK if wait else _LOCK_IF_FREE, {"scan_id": scan_id}).one_or_none()


def update(connection: Connection, scan_id: str, **values: object) -> None:
    """Set columns."""
    connection.execute(_UPDATE, {"scan_id": scan_id, **values})


def in_status(connection: Connection, statuses: Collection[str]) -> Sequence[Scan]:
    """All scans in one of `statuses`, those first whose turn it is."""
    return connection.execute(_IN_STATUS, {"statuses": list(statuses)}).all()


def count(connection: Connection, statuses: Collection[str], engine: str) -> int:
    """How many scans of an engine are in one of `statuses`."""
    return int(connection.execute(_COUNT, {"statuses": list(statuses), "engine": engine}).scalar_one())


def first_waiting(connection: Connection, status: str) -> Scan | None:
    """Id and priority of the scan whose turn it is; None where none waits."""
    return connection.execute(_FIRST_WAITING, {"status": status}).one_or_none()


def waiting(connection: Connection, status: str) -> Sequence[Scan]:
    """Id, time of submission and priority of the scans whose turn has not come, the next one first."""
    c = scans.c
    query = select(c.id, c.created, c.priority).where(c.status == status)
    return connection.execute(query.order_by(c.rank, c.id)).all()


def wanted_ends(connection: Connection, target: str, ended: Collection[str]) -> Sequence[str]:
    """Scans that are to end and have not."""
    return connection.execute(_WANTED_ENDS, {"target": target, "ended": list(ended)}).scalars().all()


def with_work(connection: Connection, statuses: Collection[str], engine: str, worker: Worker) -> Sequence[Scan]:
    """Scans with fits that a worker may take, in the order in which they get workers: id, priority, n_local."""
    given = {"statuses": list(statuses), "engine": engine, **_reach(worker)}
    return connection.execute(_WITH_WORK, given).all()


def with_work_of_priority(
    connection: Connection, statuses: Collection[str], engine: str, worker: Worker, priority: int
) -> Sequence[Scan]:
    """The same of a priority or a higher one."""
    given = {"statuses": list(statuses), "engine": engine, "priority": priority, **_reach(worker)}
    return connection.execute(_WITH_WORK_OF_PRIORITY, given).all()


def alerts(
    connection: Connection, statuses: Collection[str], engine: str, worker: Worker, priority: int
) -> Sequence[Scan]:
    """Scans in one of `statuses` that a worker may fit, of a priority or a higher one, in order."""
    given = {"statuses": list(statuses), "engine": engine, "priority": priority, **_reach(worker)}
    return connection.execute(_ALERTS, given).all()


def _reach(worker: Worker) -> dict[str, object]:
    """What decides which scans a worker may fit."""
    is_local = worker.pool == LOCAL
    any_scan = worker.scan is None and not is_local
    return {"numerics": worker.numerics, "any": any_scan, "local": is_local, "only": worker.scan or ""}


def ended_before(connection: Connection, moment: float, limit: int) -> Sequence[str]:
    """Scans that ended before `moment` and still have rows of fits, or of news but for the newest of all."""
    c = scans.c
    newest = select(func.max(feed.c.id)).scalar_subquery()
    has_news = exists().where(feed.c.scan == c.id, feed.c.id < newest)
    query = select(c.id).where(c.ended < moment, or_(exists().where(fits.c.scan == c.id), has_news)).limit(limit)
    return connection.execute(query).scalars().all()


def mjd(connection: Connection, event: str) -> float:
    """Time of an event, UTC."""
    return float(connection.execute(select(events.c.mjd).where(events.c.id == event)).scalar_one())


def measured(connection: Connection, scan_id: str, fraction: float, values: Mapping[str, object]) -> Scan | None:
    """Store how far a scan is, unless it ended meanwhile; it never goes backwards.

    Returns
    -------
    Row
        What is stored now: fraction, fits_done; None where it ended.
    """
    c = scans.c
    higher = case((c.fraction > fraction, c.fraction), else_=fraction)
    of_one_at_work = change(scans).where(c.id == scan_id, c.ended.is_(None))
    stored = of_one_at_work.values(fraction=higher, **values).returning(c.fraction, c.fits_done)
    return connection.execute(stored).one_or_none()
