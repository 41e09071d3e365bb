"""The workflow of an external scan elsewhere (EWMS): programs note it and look it up; nothing here heeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import documents, scans
from skydriver.errors import StateError
from skydriver.services.body_arguments import Given
from skydriver.services.coordination.turn import take_turn
from skydriver.services.external import external_scan
from skydriver.services.json_values import told
from skydriver.services.scan_facts import known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.services.context import Service

MAX_ID: Final = 200
MAX_ADDRESS: Final = 1000
KNOWN: Final = ("workflow_id", "ewms_address")


def workflow(service: Service, scan_id: str) -> bytes:
    """Which workflow a scan has, if any.

    Returns
    -------
    bytes
        ``{workflow_id, requested_ewms_workflow, eligible_for_ewms, ewms_address}``: nulls and false where it has none.

    Raises
    ------
    UnknownError
        If there is no such scan.
    """
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
    has_one = scan.ewms_workflow_id is not None
    return orjson.dumps(
        {
            "workflow_id": scan.ewms_workflow_id,
            "requested_ewms_workflow": has_one,
            "eligible_for_ewms": has_one,
            "ewms_address": scan.ewms_address,
        }
    )


def set_workflow(service: Service, scan_id: str, arguments: Mapping[str, object]) -> None:
    """Note which workflow an external scan has; the same one may be noted again.

    Raises
    ------
    SettingError
        If `workflow_id` or `ewms_address` is missing, or no text.
    StateError
        If it has another one, or is a scan of our own.
    """
    given = Given(arguments, KNOWN, "POST /scan/ID/ewms/workflow-id")
    said = given.text("workflow_id", MAX_ID), given.text("ewms_address", MAX_ADDRESS)
    with take_turn(service, CommitPoint.PATCH) as turn:
        scan = external_scan(turn.connection, scan_id)
        there = scan.ewms_workflow_id, scan.ewms_address
        if there == said:
            return
        if scan.ewms_workflow_id is not None:
            raise StateError(f"workflow_id: {scan_id} has the workflow {told(scan.ewms_workflow_id)} already")
        values = {"ewms_workflow_id": said[0], "ewms_address": said[1], "updated": turn.now}
        scans.update(turn.connection, scan_id, **values)


def taskforces(service: Service, scan_id: str) -> bytes:
    """What was started elsewhere for a scan: nothing, ``[]``; an `UnknownError` where there is no such scan."""
    with service.database.glancing() as connection:
        known(documents.scan(connection, scan_id), scan_id)
    return b"[]"
