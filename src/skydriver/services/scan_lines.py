"""The log of a scan: what its coordinator, its workers and its external scanner said, line by line, in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.stores import documents, scan_log
from skydriver.services.scan_facts import known

if TYPE_CHECKING:
    from skydriver.services.context import Service

MAX_LINES: Final = 5000
"""Of one page."""
COLUMNS: Final = ("id", "time", "source", "line")


def scan_lines(service: Service, scan_id: str, *, after: int, limit: int, url: str) -> bytes:
    """A page of a scan's log, also of a deleted one.

    Parameters
    ----------
    service, scan_id
        Of which scan.
    after
        The number of the line before the first that is told; 0 begins.
    limit
        As many lines at most, up to `MAX_LINES`.
    url
        Where this is told, for clients that look for a link.

    Returns
    -------
    bytes
        ``{scan_id, lines: [{id, time, source, line}], next, scanner_server: {url}}``; `next` is what `after` is to be
        for the next page, or null where there is nothing more at this moment.

    Raises
    ------
    UnknownError
        If there is no such scan.
    """
    with service.database.reading() as connection:
        known(documents.scan(connection, scan_id), scan_id)
        found = scan_log.read(connection, scan_id, after, limit + 1)
    page = [dict(zip(COLUMNS, line, strict=True)) for line in found[:limit]]
    more = page[-1]["id"] if len(found) > limit else None
    return orjson.dumps({"scan_id": scan_id, "lines": page, "next": more, "scanner_server": {"url": url}})
