"""Manifests: a scan as clients of 2023 and of 2025 know it. Documents are bytes, ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import documents, scans
from skydriver.services.coordination.abort import abort
from skydriver.services.coordination.turn import take_turn
from skydriver.services.event_texts import event_text
from skydriver.services.projection import ALL, EVENT, Projection, project
from skydriver.services.scan_facts import facts, has_ended, known, shown, stored

if TYPE_CHECKING:
    from skydriver.db.stores.documents import Parts
    from skydriver.db.stores.scans import Scan
    from skydriver.services.context import Service
    from skydriver.services.coordination.turn import Turn


def manifest(
    service: Service,
    scan_id: str,
    *,
    include_deleted: bool = False,
    generation: int = 2023,
    token: str | None = None,
) -> bytes:
    """The manifest of a scan.

    Parameters
    ----------
    service, scan_id
        Of which scan.
    include_deleted
        Whether to show one that was deleted.
    generation
        2023 or 2025.
    token
        What its external scanner shows; told once, to whoever launched the scan.

    Raises
    ------
    UnknownError
        If there is none to show.
    """
    with service.database.glancing() as connection:  # one row, and an event, which never changes
        scan = shown(documents.parts(connection, scan_id), scan_id, include_deleted=include_deleted)
        event = event_text(connection, scan.event) if generation == 2023 else None
    made = _of_2025(scan) if event is None else _of_2023(scan, event)
    if token is not None:
        made["skydriver"]["token"] = token
    return orjson.dumps(made)


class View(NamedTuple):
    """How a manifest of 2025 is shown."""

    projection: Projection = ALL
    include_deleted: bool = False
    with_event: bool = False
    """Whether the event is in it where its place is: official scanners look nowhere else. Else it must be named."""

    @property
    def shows_event(self) -> bool:
        """Whether the event is in it."""
        return self.projection.wants_event or (self.with_event and not self.projection.names)


def manifest_of_2025(service: Service, scan_id: str, view: View, token: str | None = None) -> bytes:
    """The manifest of a scan as clients of 2025 know it; errors and `token` as of `manifest`."""
    with service.database.glancing() as connection:
        scan = shown(documents.parts(connection, scan_id), scan_id, include_deleted=view.include_deleted)
        event = event_text(connection, scan.event) if view.shows_event else None
    made = _of_2025(scan)
    if event is not None:
        made[EVENT] = stored(event)
    made = project(made, view.projection)
    if token is not None:
        made.setdefault("skydriver", {})["token"] = token
    return orjson.dumps(made)


def delete_manifest(service: Service, scan_id: str) -> bytes:
    """Abort a scan where it has not ended, and mark its manifest as deleted; the manifest. It may be repeated."""
    with take_turn(service, CommitPoint.ABORT) as turn:
        delete_in(turn, known(scans.lock(turn.connection, scan_id), scan_id))
    after_deleting(service, scan_id)
    return manifest(service, scan_id, include_deleted=True)


def delete_in(turn: Turn, scan: Scan) -> None:
    """Abort a scan, locked in this turn, where it has not ended, and mark its manifest as deleted."""
    abort(turn, scan.id)
    documents.mark(turn.connection, scan.id, is_deleted=True)
    if not scan.is_deleted:
        turn.announce(scan.id, "deleted")


def after_deleting(service: Service, scan_id: str) -> None:
    """Once that is committed: let its workers hear of it, and others have its place."""
    service.ledgers.drop(scan_id)
    service.scans.ring()
    service.work.ring()


def find_scans(service: Service, run_id: int, event_id: int, *, is_real: bool, include_deleted: bool = False) -> bytes:
    """The ids of the scans of an event, the oldest first: ``{event_id, scan_ids}``."""
    with service.database.reading() as connection:
        found = documents.find(connection, run_id, event_id, is_real=is_real, include_deleted=include_deleted)
    return orjson.dumps({"event_id": event_id, "scan_ids": found})


def scanner_args(scan: Parts) -> str:
    """What a scan was started with, in the words of the Skymap Scanner's command."""
    kind = "--real-event" if scan.is_real else "--simulated-event"
    stages = scan.nsides.replace(",", " ")
    limits = f"--predictive-scanning-threshold {scan.threshold:g} --max-reco-time {scan.max_reco_time_s:g}"
    return f"--reco-algo {scan.reco} --nsides {stages} {kind} {limits}"


def _of_2023(scan: Parts, event: bytes) -> dict[str, Any]:
    return {
        "scan_id": scan.id,
        "is_deleted": scan.is_deleted,
        "event_i3live_json_dict": stored(event),
        "scanner_server_args": scanner_args(scan),
        "tms_args": [],
        "env_vars": {},
        "condor_clusters": stored(scan.condor_clusters),
        "event_metadata": stored(scan.event_metadata),
        "scan_metadata": stored(scan.scan_metadata),
        "progress": stored(scan.progress),
        "complete": has_ended(scan),
        "skydriver": {**facts(scan, "STOPPED"), "answer": stored(scan.answer)},
    }


def _of_2025(scan: Parts) -> dict[str, Any]:
    return {
        "scan_id": scan.id,
        "timestamp": scan.created,
        "is_deleted": scan.is_deleted,
        "scanner_server_args": scanner_args(scan),
        "ewms_workflow_id": scan.ewms_workflow_id,
        "ewms_address": scan.ewms_address,
        "ewms_task": "use 'ewms_workflow_id'",
        "priority": scan.priority,
        "classifiers": orjson.loads(scan.request).get("classifiers", {}),
        "i3_event_id": scan.event,
        "event_i3live_json_dict": "use 'i3_event_id'",
        "event_i3live_json_dict__hash": None,
        "event_metadata": stored(scan.event_metadata),
        "scan_metadata": stored(scan.scan_metadata),
        "progress": stored(scan.progress),
        "replaced_by_scan_id": scan.replaced_by,
        "last_updated": scan.updated,
        "skydriver": {**facts(scan, "ABORTED"), "answer": stored(scan.answer)},
    }
