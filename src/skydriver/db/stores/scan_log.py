"""Lines of a scan's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from skydriver.db.tables import scan_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

MAX_LINE = 2000
"""Letters; the rest is cut off."""


def add(connection: Connection, now: float, scan_id: str, source: str, lines: Sequence[str]) -> None:
    """Append lines; a line that a database cannot hold is made one that it can."""
    if lines:
        rows = [{"scan": scan_id, "time": now, "source": source, "line": _storable(line)} for line in lines]
        connection.execute(insert(scan_log), rows)


def read(connection: Connection, scan_id: str, after: int = 0, limit: int = 1000) -> list[tuple[int, float, str, str]]:
    """Lines behind the one numbered `after`, in order: number, time, source, text."""
    c = scan_log.c
    query = select(c.id, c.time, c.source, c.line).where(c.scan == scan_id, c.id > after).order_by(c.id).limit(limit)
    return [tuple(row) for row in connection.execute(query)]


def _storable(line: str) -> str:
    return line[:MAX_LINE].replace("\x00", "").encode(errors="backslashreplace").decode()
