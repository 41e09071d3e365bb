"""Lines of a scan's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from skydriver.db.tables import scan_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

MAX_LINE = 2000
"""Letters; the rest is cut off."""
MOST_OF_WORKERS = 10_000
"""Lines of a scan that has more keep those of workers out."""


def add(connection: Connection, now: float, scan_id: str, source: str, lines: Sequence[str]) -> None:
    """Append lines; a line that a database cannot hold is made one that it can."""
    if lines:
        rows = [{"scan": scan_id, "time": now, "source": source, "line": _storable(line)} for line in lines]
        connection.execute(insert(scan_log), rows)


def add_of_worker(connection: Connection, now: float, scan_id: str, source: str, lines: Sequence[str]) -> None:
    """Append lines of a worker, or about one, as long as there is room; the last one says that there is no more."""
    room = MOST_OF_WORKERS - _count(connection, scan_id) if lines else 0
    if room > 0:
        fits = len(lines) < room
        add(connection, now, scan_id, source, lines if fits else [*lines[: room - 1], "further lines are not kept"])


def read(connection: Connection, scan_id: str, after: int = 0, limit: int = 1000) -> list[tuple[int, float, str, str]]:
    """Lines behind the one numbered `after`, in order: number, time, source, text."""
    c = scan_log.c
    query = select(c.id, c.time, c.source, c.line).where(c.scan == scan_id, c.id > after).order_by(c.id).limit(limit)
    return [tuple(row) for row in connection.execute(query)]


def _count(connection: Connection, scan_id: str) -> int:
    """How many lines a scan has, as far as that matters."""
    some = select(scan_log.c.id).where(scan_log.c.scan == scan_id).limit(MOST_OF_WORKERS).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _storable(line: str) -> str:
    return line[:MAX_LINE].replace("\x00", "").encode(errors="backslashreplace").decode()
