"""External scanners report to their scan: how far it is, and its result. All of it may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import results, scan_log, scans
from skydriver.errors import SettingError, StateError, TooLargeError
from skydriver.services.coordination.preparing import state_facts
from skydriver.services.coordination.states import Status, check_transition
from skydriver.services.coordination.turn import take_turn
from skydriver.services.manifests import manifest
from skydriver.services.results import document as result_document
from skydriver.services.scan_facts import EXTERNAL, has_ended, known
from skydriver.services.scanner_words import (
    MAX_CLUSTER,
    MAX_METADATA,
    MAX_PROGRESS,
    CondorCluster,
    EventMetadata,
    check_shape,
    checked_json,
    checked_result,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.db.database import Connection
    from skydriver.db.stores.scans import Scan
    from skydriver.services.context import Service
    from skydriver.services.coordination.turn import Turn

PATCHED: Final = ("progress", "event_metadata", "scan_metadata", "condor_cluster")
PUT: Final = ("skyscan_result", "is_final")
"""What a scanner says; requests of 2025 hold nothing else."""
WRITE_ONCE: Final = ("event_metadata", "scan_metadata")
IDENTITY: Final = ("collector", "schedd", "cluster_id")
MAX_CLUSTERS: Final = 1000


def patch_manifest(service: Service, scan_id: str, arguments: Mapping[str, object]) -> bytes:
    """Take in how far a scanner is, as `patch` does; the manifest of 2023, by which it sees whether to go on."""
    patch(service, scan_id, arguments)
    return manifest(service, scan_id, include_deleted=True)


def patch(service: Service, scan_id: str, arguments: Mapping[str, object]) -> None:
    """Take in how far a scanner is.

    Parameters
    ----------
    service, scan_id
        Of which scan; it may be deleted or over, but must be an external one.
    arguments
        ``progress``, ``event_metadata``, ``scan_metadata`` and ``condor_cluster``, each an object or absent; others do
        not matter. The two metadata are written once, and empty ones not at all; equal clusters count once.

    Raises
    ------
    SettingError
        If one is of the wrong shape, or differs from what was written once.
    StateError
        If the scan is one of our own.
    """
    said = {
        "progress": checked_json("progress", arguments.get("progress"), MAX_PROGRESS),
        "event_metadata": checked_json("event_metadata", arguments.get("event_metadata") or None, MAX_METADATA),
        "scan_metadata": checked_json("scan_metadata", arguments.get("scan_metadata") or None, MAX_METADATA),
        "condor_cluster": checked_json("condor_cluster", arguments.get("condor_cluster"), MAX_CLUSTER),
    }
    if said["event_metadata"] is not None:
        check_shape("event_metadata", arguments["event_metadata"], EventMetadata)
    if said["condor_cluster"] is not None:
        check_shape("condor_cluster", arguments["condor_cluster"], CondorCluster)
    with take_turn(service, CommitPoint.PATCH) as turn:
        scan = external_scan(turn.connection, scan_id)
        values = {**_written_once(scan, said), **_clusters(scan, said["condor_cluster"])}
        if said["progress"] is not None:
            values |= _progress(scan, said["progress"])
        _store(turn, scan, values)


def put_result(service: Service, scan_id: str, arguments: Mapping[str, object]) -> bytes:
    """Take in a result; what is stored then, or ``{}`` where `skyscan_result` is empty.

    A final result ends the scan, and stays: one that is not final never replaces it.

    Raises
    ------
    SettingError
        If ``skyscan_result`` is no map, or ``is_final`` is not true or false.
    StateError
        If the scan is one of our own.
    """
    is_final = arguments.get("is_final")
    if not isinstance(is_final, bool):
        raise SettingError("is_final", "it is not true or false" if "is_final" in arguments else "it is missing")
    if "skyscan_result" not in arguments:
        raise SettingError("skyscan_result", "it is missing")
    result = checked_result(arguments["skyscan_result"], service.settings.max_body_bytes)
    with take_turn(service, CommitPoint.PUT) as turn:
        scan = external_scan(turn.connection, scan_id)
        if not arguments["skyscan_result"]:
            return b"{}"
        if is_final or not results.is_final(turn.connection, scan_id):
            results.store_sent(turn.connection, scan_id, turn.now, document=result, is_final=is_final)
            turn.announce(scan_id, "result", is_final=is_final)
            _store(turn, scan, _having_result(turn.now, scan, is_final=is_final))
    service.scans.ring()
    with service.database.reading() as connection:
        stored = known(results.get(connection, scan_id), scan_id)
    return result_document(stored)


def external_scan(connection: Connection, scan_id: str) -> Scan:
    """A scan that an external scanner does, locked.

    Raises
    ------
    UnknownError
        If there is no such scan.
    StateError
        If it is one of our own.
    """
    scan = known(scans.lock(connection, scan_id), scan_id)
    if scan.engine != EXTERNAL:
        raise StateError(f"scan_id: {scan_id} is no scan of an external scanner (docker_tag external)")
    return scan


def _store(turn: Turn, scan: Scan, values: dict[str, Any]) -> None:
    """Set columns; a status only where it may follow, and its log and the news tell of it."""
    if "status" in values:
        status = Status(values["status"])
        check_transition(Status(scan.status), status)
        scan_log.add(turn.connection, turn.now, scan.id, "scanner", [f"{status}: said by the external scanner"])
        turn.announce(scan.id, "state", **state_facts(turn, scan, status))
    scans.update(turn.connection, scan.id, updated=turn.now, **values)


def _written_once(scan: Scan, said: Mapping[str, str | None]) -> dict[str, Any]:
    """What of the two metadata is new; a `SettingError` where it differs from what is there."""
    values = {}
    for name in WRITE_ONCE:
        before, now = getattr(scan, name), said[name]
        if now is None:
            continue
        if before is not None and orjson.loads(before) != orjson.loads(now):
            raise SettingError(name, "it differs from what was written once")
        if before is None:
            values[name] = now
    if "event_metadata" in values:
        told = orjson.loads(values["event_metadata"])
        values |= {"told_run_id": told["run_id"], "told_event_id": told["event_id"]}
    return values


def _clusters(scan: Scan, said: str | None) -> dict[str, str]:
    """The list of clusters with a new one, or with an equal one replaced."""
    if said is None:
        return {}
    new, listed = orjson.loads(said), orjson.loads(scan.condor_clusters)
    same = [[old.get(name) for name in IDENTITY] == [new[name] for name in IDENTITY] for old in listed]
    if True in same:
        listed[same.index(True)] = new
    else:
        listed.append(new)
    if len(listed) > MAX_CLUSTERS:
        raise TooLargeError(f"condor_cluster: a scan has no more than {MAX_CLUSTERS}")
    return {"condor_clusters": orjson.dumps(listed).decode()}


def _progress(scan: Scan, said: str) -> dict[str, Any]:
    """Progress is stored whatever has become of the scan; the first one begins it."""
    begins = Status(scan.status) is Status.PREPARING
    return {"progress": said, "status": Status.RUNNING} if begins else {"progress": said}


def _having_result(now: float, scan: Scan, *, is_final: bool) -> dict[str, Any]:
    """What a result changes in a scan that has not ended."""
    if has_ended(scan):
        return {}
    values: dict[str, Any] = {"first_pixel": scan.first_pixel or now}
    if is_final:
        values |= {"status": Status.DONE, "ended": now, "fraction": 1.0, "seconds_left": None}
    elif Status(scan.status) is Status.PREPARING:
        values["status"] = Status.RUNNING
    return values
