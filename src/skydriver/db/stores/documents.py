"""What documents are made of: a scan with what was found out, in one look; the statements are made once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Row, bindparam, func, or_, select, update

from skydriver.db.tables import fits, results, scans, tasks

if TYPE_CHECKING:
    from skydriver.db.database import Connection

Parts: TypeAlias = Row[*tuple[Any, ...]]
"""The columns of a scan, and `answer` of its result."""

OPEN_TASK = "open"
MAX_ERRORS = 10

_PARTS = (
    select(scans, results.c.answer)
    .select_from(scans.outerjoin(results, results.c.scan == scans.c.id))
    .where(scans.c.id == bindparam("scan_id"))
)
_SCAN = select(scans).where(scans.c.id == bindparam("scan_id"))
_FOUND = (
    select(scans.c.id)
    .where(
        scans.c.run_id == bindparam("run_id"),
        scans.c.event_id == bindparam("event_id"),
        scans.c.is_real == bindparam("is_real"),
        or_(scans.c.is_deleted.is_(False), bindparam("include_deleted")),
    )
    .order_by(scans.c.created, scans.c.id)
)
_WORKERS = select(func.count(tasks.c.worker.distinct())).where(
    tasks.c.scan == bindparam("scan_id"), tasks.c.state == OPEN_TASK
)
_ERRORS = (
    select(fits.c.error, func.count())
    .where(fits.c.scan == bindparam("scan_id"), fits.c.error.is_not(None))
    .group_by(fits.c.error)
    .order_by(func.count().desc(), fits.c.error)
    .limit(MAX_ERRORS)
)


def parts(connection: Connection, scan_id: str) -> Parts | None:
    """What a manifest is made of; None where there is no such scan."""
    return connection.execute(_PARTS, {"scan_id": scan_id}).one_or_none()


def scan(connection: Connection, scan_id: str) -> Parts | None:
    """The same without what was found out."""
    return connection.execute(_SCAN, {"scan_id": scan_id}).one_or_none()


def find(connection: Connection, run_id: int, event_id: int, *, is_real: bool, include_deleted: bool) -> list[str]:
    """The scans of an event, the oldest first."""
    given = {"run_id": run_id, "event_id": event_id, "is_real": is_real, "include_deleted": include_deleted}
    return list(connection.execute(_FOUND, given).scalars())


def n_workers(connection: Connection, scan_id: str) -> int:
    """How many workers fit a scan at this moment."""
    return int(connection.execute(_WORKERS, {"scan_id": scan_id}).scalar_one())


def top_errors(connection: Connection, scan_id: str) -> dict[str, int]:
    """How often each error came out of its fits; the most frequent ones."""
    return {str(error): int(count) for error, count in connection.execute(_ERRORS, {"scan_id": scan_id})}


def mark(connection: Connection, scan_id: str, **flags: object) -> None:
    """Set columns of a scan that say nothing of how far it is."""
    connection.execute(update(scans).where(scans.c.id == scan_id).values(**flags))
