"""Documents that the service is expected to answer with, for scans of the example in the documentation."""

from __future__ import annotations

from typing import Any

from skydriver.api import examples

NOW = 1_764_000_000.25
"""Where the database's clock stands still."""
ARGS = (
    "--reco-algo pandel_mpe --nsides 8:0 64:12 --simulated-event --predictive-scanning-threshold 1 --max-reco-time 60"
)
EVENT_ID = "1b8059fe113ac04ac9c55a846733973fe3bba16023faa1597f00e7207dd9dd81"
METADATA = {"run_id": 1, "event_id": 21, "event_type": "", "mjd": 60676.0, "is_real_event": False}
REQUEST = {
    "docker_tag": "latest",
    "reco_algo": "pandel_mpe",
    "nsides": {"8": 0, "64": 12},
    "real_or_simulated_event": "simulated_event",
    "cluster": [{"collector": "local", "schedd": "local", "njobs": 2}],
    "i3_event_id": EVENT_ID,
    "worker_memory_bytes": 400_000_000,
    "worker_disk_bytes": 1_000_000_000,
    "scanner_server_memory_bytes": 1_024_000_000,
    "predictive_scanning_threshold": 1.0,
    "max_pixel_reco_time": 60.0,
    "priority": 0,
    "classifiers": {},
    "debug_mode": False,
}
TOLD = {
    "status": "queued",
    "code": None,
    "reason": None,
    "owner": "local",
    "engine": "skydriver-0.1.0",
    "reco": "pandel_mpe",
    "nsides": "8:0,64:12",
    "fraction": 0.0,
    "seconds_left": None,
    "pixels_done": None,
    "pixels_total": None,
    "fits_done": 0,
    "fits_failed": 0,
    "cpu_seconds": 0.0,
    "created": NOW,
    "launched": None,
    "first_pixel": None,
    "ended": None,
    "best": None,
    "state": "PENDING__PRESTARTUP",
    "request": REQUEST,
    "answer": None,
}
"""What is told of a scan that was just launched, under ``skydriver``."""
TOLD_OF_EXTERNAL = {
    "status": "preparing",
    "state": "PENDING__WAITING_ON_SCANNER_SERVER_STARTUP",
    "engine": "external",
    "launched": NOW,
    "request": REQUEST | {"docker_tag": "external", "worker_memory_bytes": 8_000_000_000},
}
"""What differs of a scan that an external scanner does, and that has said nothing."""
LOGS = "http://127.0.0.1/scan/0x0/logs"
"""Where a log is told: the address differs."""
IDLE = {"statuses": {}, "n_running": 0, "top_errors": {}}
"""The workforce of a scan that nobody works on."""
BUSY = {"statuses": {"RUNNING": {"running": 1}}, "n_running": 1, "top_errors": {}}
"""The workforce of a scan of an external scanner that has not ended."""
WORDS = {
    "status": "queued",
    "code": None,
    "reason": None,
    "progress": 0.0,
    "eta": None,
    "pixels_done": None,
    "pixels_total": None,
    "best": None,
    "fits_done": 0,
    "fits_failed": 0,
}


def manifest(scan_id: str, *, told: dict[str, object] | None = None, **changes: object) -> dict[str, object]:
    """The manifest of 2023 of a scan that was just launched, but for changes."""
    return {
        "scan_id": scan_id,
        "is_deleted": False,
        "event_i3live_json_dict": examples.EVENT,
        "scanner_server_args": ARGS,
        "tms_args": [],
        "env_vars": {},
        "condor_clusters": [],
        "event_metadata": METADATA,
        "scan_metadata": None,
        "progress": None,
        "complete": False,
        "skydriver": TOLD | (told or {}),
    } | changes


def manifest_2025(scan_id: str, *, told: dict[str, object] | None = None, **changes: object) -> dict[str, object]:
    """The manifest of 2025 of a scan that was just launched, but for changes."""
    return as_of_2025(manifest(scan_id, told=told)) | changes


def as_of_2025(document: dict[str, Any]) -> dict[str, Any]:
    """The manifest of 2025 of a scan of which this is the one of 2023."""
    same = ("scan_id", "is_deleted", "scanner_server_args", "event_metadata", "scan_metadata", "progress")
    told = document["skydriver"]
    return {name: document[name] for name in same} | {
        "timestamp": NOW,
        "ewms_workflow_id": None,
        "ewms_address": None,
        "ewms_task": "use 'ewms_workflow_id'",
        "priority": told["request"]["priority"],
        "classifiers": told["request"]["classifiers"],
        "i3_event_id": told["request"]["i3_event_id"],
        "event_i3live_json_dict": "use 'i3_event_id'",
        "event_i3live_json_dict__hash": None,
        "replaced_by_scan_id": None,
        "last_updated": NOW,
        "skydriver": told | {"state": told["state"].replace("STOPPED__", "ABORTED__")},
    }


def external_manifest(scan_id: str, *, told: dict[str, object] | None = None, **changes: object) -> dict[str, object]:
    """The same of one that an external scanner does, and that has said nothing."""
    return manifest(scan_id, told=TOLD_OF_EXTERNAL | (told or {}), **{"event_metadata": None} | changes)


def result(scan_id: str, skymap: object, *, is_final: bool, **changes: object) -> dict[str, object]:
    """A result that an external scanner sent."""
    return {
        "scan_id": scan_id,
        "is_deleted": False,
        "skyscan_result": skymap,
        "is_final": is_final,
        "skydriver": {"provenance": None, "answer": None},
    } | changes


def status(*, told: dict[str, object] | None = None, logs: str = LOGS, **changes: object) -> dict[str, object]:
    """The status of a scan that was just launched, but for changes; `logs` is where its log is told."""
    return {
        "scan_state": "PENDING__PRESTARTUP",
        "is_deleted": False,
        "ewms_deactivated": None,
        "scan_complete": False,
        "scanner_server_logs": {"url": logs},
        "ewms_workforce": IDLE,
        "skydriver": WORDS | (told or {}),
    } | changes


def error(code: int, sentence: str) -> dict[str, object]:
    """An error."""
    return {"code": code, "error": sentence}
