"""Results, as they are served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Row, bindparam, func, insert, select, update

from skydriver.db.tables import results

if TYPE_CHECKING:
    from skydriver.db.database import Connection

Result: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes."""

_ONE = select(results).where(results.c.scan == bindparam("scan_id"))
_FACTS = select(
    results.c.is_final,
    results.c.is_deleted,
    results.c.stored,
    results.c.answer,
    func.length(results.c.document).label("size"),
).where(results.c.scan == bindparam("scan_id"))
_IS_FINAL = select(results.c.is_final).where(results.c.scan == bindparam("scan_id"))


def get(connection: Connection, scan_id: str) -> Result | None:
    """The stored result of a scan; None where there is none."""
    return connection.execute(_ONE, {"scan_id": scan_id}).one_or_none()


def facts(connection: Connection, scan_id: str) -> Result | None:
    """What there is to know of a result without its map: `is_final`, `is_deleted`, `stored`, `answer`, `size`."""
    return connection.execute(_FACTS, {"scan_id": scan_id}).one_or_none()


def is_final(connection: Connection, scan_id: str) -> bool:
    """Whether a final result of a scan is stored."""
    return bool(connection.execute(_IS_FINAL, {"scan_id": scan_id}).scalar_one_or_none())


def store_final(  # noqa: PLR0913 - one for each column
    connection: Connection, scan_id: str, now: float, *, document: bytes, provenance: bytes, answer: bytes
) -> None:
    """Store the map that was made of a scan; whoever calls holds the scan (`scans.lock`)."""
    _store(connection, scan_id, stored=now, is_final=True, document=document, provenance=provenance, answer=answer)


def store_partial(connection: Connection, scan_id: str, now: float, *, document: bytes, provenance: bytes) -> None:
    """Store the map so far of a scan that ended before its time; whoever calls holds the scan."""
    _store(connection, scan_id, stored=now, is_final=False, document=document, provenance=provenance, answer=None)


def store_sent(connection: Connection, scan_id: str, now: float, *, document: bytes, is_final: bool) -> None:
    """Store what an external scanner sent; whoever calls holds the scan."""
    _store(connection, scan_id, stored=now, is_final=is_final, document=document, provenance=None, answer=None)


def _store(connection: Connection, scan_id: str, **values: object) -> None:
    """One result for each scan: it is replaced where there is one, and stays deleted where it was."""
    changed = connection.execute(update(results).where(results.c.scan == scan_id).values(**values))
    if not changed.rowcount:
        connection.execute(insert(results).values(scan=scan_id, is_deleted=False, **values))


def mark_deleted(connection: Connection, scan_id: str) -> None:
    """Mark a result as deleted."""
    connection.execute(update(results).where(results.c.scan == scan_id).values(is_deleted=True))
