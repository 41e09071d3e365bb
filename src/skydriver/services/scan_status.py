"""How far a scan is, in short: a document that may be asked for often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.stores import documents
from skydriver.services.coordination.states import Status
from skydriver.services.replacing import check_row
from skydriver.services.scan_facts import known, state_of, stored
from skydriver.services.workforce import workforce

if TYPE_CHECKING:
    from skydriver.services.context import Service

DEACTIVATED: Final = {Status.DONE: "FINISHED", Status.ABORTED: "ABORTED", Status.FAILED: "ABORTED"}
"""What tells an external scanner to stop."""


def status(service: Service, scan_id: str, logs_url: str, *, follow: bool = False) -> bytes:
    """The status of a scan (CONTRACT section 7), also of a deleted one.

    Parameters
    ----------
    service, scan_id
        Of which scan.
    logs_url
        Where its log is told.
    follow
        Whether to look for the scan that took its place.

    Raises
    ------
    UnknownError
        If there is no such scan.
    ReplacedError
        If another took its place, and it is not to be told of itself.
    """
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        if follow:
            check_row(connection, scan)
        at_work = workforce(connection, scan)
    state = state_of(scan, "ABORTED")
    return orjson.dumps(
        {
            "scan_state": state,
            "is_deleted": scan.is_deleted,
            "ewms_deactivated": DEACTIVATED.get(Status(scan.status)),
            "scan_complete": state == "SCAN_HAS_FINAL_RESULT",
            "scanner_server_logs": {"url": logs_url},
            "ewms_workforce": at_work,
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
