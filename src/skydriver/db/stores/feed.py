"""News of scans, in the order in which they were committed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, text

from skydriver.db.tables import feed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

c = feed.c
_ADD = insert(feed)
_ONE_AFTER_THE_OTHER = text("SELECT pg_advisory_xact_lock(8424)")
_AFTER = select(c.id, c.scan, c.time, c.kind, c.data).where(c.id > bindparam("id")).order_by(c.id)
_AFTER = _AFTER.limit(bindparam("limit"))
_AFTER_OF = _AFTER.where(c.scan == bindparam("scan"))
_NEWEST = select(func.coalesce(func.max(c.id), 0))


class News(NamedTuple):
    """What changed of a scan."""

    id: int
    """Higher than that of everything that was committed before."""
    scan: str
    time: float
    kind: str
    data: str
    """JSON."""


def add(connection: Connection, now: float, told: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Store news (scan, kind, facts), as the last that a transaction does: from here to its end no other one does."""
    if not told:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(_ONE_AFTER_THE_OTHER)
    rows = [{"scan": scan, "time": now, "kind": kind, "data": json.dumps(facts)} for scan, kind, facts in told]
    for row in rows:  # one by one: many at once need not get their numbers in order
        connection.execute(_ADD, row)


def after(connection: Connection, number: int, limit: int, scan: str | None = None) -> list[News]:
    """The news behind the one numbered `number`, of all scans or of one, in order."""
    given: dict[str, object] = {"id": number, "limit": limit}
    found = connection.execute(_AFTER, given) if scan is None else connection.execute(_AFTER_OF, given | {"scan": scan})
    return [News(*row) for row in found]


def newest(connection: Connection) -> int:
    """The number of the newest; 0 where there are none."""
    return int(connection.execute(_NEWEST).scalar_one())


def forget(connection: Connection, scan: str) -> None:
    """Take away the news of a scan, but for the newest of all: its number is not given again."""
    last = select(func.max(c.id)).scalar_subquery()
    connection.execute(delete(feed).where(c.scan == scan, c.id < last))
