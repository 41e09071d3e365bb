"""How far a scan is, in short: a document that may be asked for often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.stores import documents
from skydriver.services.coordination.states import Status
from skydriver.services.scan_facts import known, state_of, stored

if TYPE_CHECKING:
    from skydriver.services.context import Service

DEACTIVATED: Final = {Status.DONE: "FINISHED", Status.ABORTED: "ABORTED", Status.FAILED: "ABORTED"}
"""What tells an external scanner to stop."""


def status(service: Service, scan_id: str) -> bytes:
    """The status of a scan (CONTRACT section 7), also of a deleted one; an `UnknownError` where there is none."""
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        n_running = documents.n_workers(connection, scan_id)
        errors = documents.top_errors(connection, scan_id) if scan.fits_failed else {}
    state = state_of(scan, "ABORTED")
    return orjson.dumps(
        {
            "scan_state": state,
            "is_deleted": scan.is_deleted,
            "ewms_deactivated": DEACTIVATED.get(Status(scan.status)),
            "scan_complete": state == "SCAN_HAS_FINAL_RESULT",
            "scanner_server_logs": {"url": None},
            "ewms_workforce": {
                "statuses": {"RUNNING": {"running": n_running}} if n_running else {},
                "n_running": n_running,
                "top_errors": errors,
            },
            "skydriver": {
                "status": scan.status,
                "code": scan.code,
                "reason": scan.reason,
                "progress": scan.fraction,
                "eta": scan.seconds_left,
                "pixels_done": scan.pixels_done,
                "pixels_total": scan.pixels_total,
                "best": stored(scan.best),
                "fits_done": scan.fits_done,
                "fits_failed": scan.fits_failed,
            },
        }
    )
