"""The backlog as clients see it: scans that wait for their turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from skydriver.db.stores import scans
from skydriver.services.coordination.states import Status

if TYPE_CHECKING:
    from skydriver.services.context import Service


def backlog(service: Service) -> bytes:
    """The scans that wait, in the order in which they are launched: ``{"entries": [{scan_id, timestamp, …}]}``.

    An entry has ``pending_timestamp`` 0.0 and ``next_attempt`` 0: a launch is one transaction, in which a scan leaves
    the backlog, so that none is ever half launched or tried again.
    """
    with service.database.reading() as connection:
        rows = scans.waiting(connection, Status.QUEUED)
        return orjson.dumps({"entries": [_entry(row) for row in rows]})


def _entry(scan: scans.Scan) -> dict[str, Any]:
    return {
        "scan_id": scan.id,
        "timestamp": scan.created,
        "priority": scan.priority,
        "pending_timestamp": 0.0,
        "next_attempt": 0,
    }
