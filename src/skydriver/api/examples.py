"""The examples in the OpenAPI document: bodies that a service takes as they are, and what it answers."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

import skydriver

EVENT: Final[dict[str, Any]] = json.loads((files("skydriver.simulation") / "data" / "example_event.json").read_bytes())
"""A small simulated event."""

ENGINE: Final = f"skydriver-{skydriver.__version__}"
SCAN_ID: Final = "19a2b3c4d5ex0123456789abcdef"
TASK_ID: Final = "8a6b2f0e9c1d4e57"
WORKER_ID: Final = "5f0c7d3e2b1a9846"
EVENT_HASH: Final = "0" * 64

SUBMISSION: Final[dict[str, Any]] = {
    "docker_tag": "latest",
    "cluster": [{"collector": "local", "schedd": "local", "njobs": 2}],
    "reco_algo": "pandel_mpe",
    "event_i3live_json": EVENT,
    "nsides": {"8": 0, "64": 12},
    "real_or_simulated_event": "simulated",
    "predictive_scanning_threshold": 1.0,
    "max_reco_time": 60,
}
EXTERNAL_SUBMISSION: Final[dict[str, Any]] = SUBMISSION | {"docker_tag": "external"}

FOUND: Final[dict[str, Any]] = {"event_id": 21, "scan_ids": [SCAN_ID]}

EVENT_METADATA: Final[dict[str, Any]] = {
    "run_id": 1,
    "event_id": 21,
    "event_type": None,
    "mjd": 60676.0,
    "is_real_event": False,
}
SCAN_METADATA: Final[dict[str, Any]] = {
    "scan_id": SCAN_ID,
    "nside_progression": {"8": 0, "64": 12},
    "position_variations": [[0.0, 0.0, 0.0]],
}
PROGRESS: Final[dict[str, Any]] = {
    "summary": "768/1536 pixels",
    "epilogue": "",
    "tallies": {"8": 768, "64": 0},
    "processing_stats": {"start": {"scanner start": "2025-01-01 00:00:00"}, "runtime": {"elapsed": "0:01:00"}},
    "predictive_scanning_threshold": 1.0,
    "last_updated": "2025-01-01 00:01:00",
}
MAP: Final[dict[str, Any]] = {
    "nside-8": {
        "columns": ["index", "llh", "E_in", "E_tot", "X", "Y", "Z", "T"],
        "metadata": {"nside": 8, "complete": False, **EVENT_METADATA, "event_type": "", "version": 1},
        "data": [
            [0, 4021.5, 0.0, 0.0, 12.1, -40.7, 3.9, 10432.0],
            [1, "<skyreader.nan>", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
    }
}

_TOLD: Final[dict[str, Any]] = {
    "status": "running",
    "code": None,
    "reason": None,
    "owner": "local",
    "engine": ENGINE,
    "reco": "pandel_mpe",
    "nsides": "8:0,64:12",
    "fraction": 0.5,
    "seconds_left": 7.5,
    "pixels_done": 768,
    "pixels_total": 1536,
    "fits_done": 768,
    "fits_failed": 0,
    "cpu_seconds": 15.2,
    "created": 1735689600.0,
    "launched": 1735689600.1,
    "first_pixel": 1735689601.2,
    "ended": None,
    "best": {"nside": 8, "pixel": 421, "llh": 1108.5},
    "state": "IN_PROGRESS__PARTIAL_RESULT_GENERATED",
    "request": {name: value for name, value in SUBMISSION.items() if name != "event_i3live_json"},
    "answer": None,
}
MANIFEST: Final[dict[str, Any]] = {
    "scan_id": SCAN_ID,
    "is_deleted": False,
    "event_i3live_json_dict": {"value": {"version": "2023a", "data": {"run_id": 1, "event_id": 21}}},
    "scanner_server_args": (
        "--reco-algo pandel_mpe --nsides 8:0 64:12 --simulated-event --predictive-scanning-threshold 1 "
        "--max-reco-time 60"
    ),
    "tms_args": [],
    "env_vars": {},
    "condor_clusters": [],
    "event_metadata": EVENT_METADATA,
    "scan_metadata": None,
    "progress": PROGRESS,
    "complete": False,
    "skydriver": _TOLD,
}
_REQUEST_OF_2025: Final[dict[str, Any]] = {
    "docker_tag": "latest",
    "reco_algo": "pandel_mpe",
    "nsides": {"8": 0, "64": 12},
    "real_or_simulated_event": "simulated_event",
    "cluster": [["local", 2]],
    "i3_event_id": EVENT_HASH,
    "worker_memory_bytes": 400_000_000,
    "worker_disk_bytes": 1_000_000_000,
    "scanner_server_memory_bytes": 1_024_000_000,
    "predictive_scanning_threshold": 1.0,
    "max_pixel_reco_time": 60.0,
    "priority": 0,
    "classifiers": {"for": "an example"},
    "debug_mode": False,
}
SCAN_REQUEST: Final[dict[str, Any]] = _REQUEST_OF_2025
MANIFEST_2025: Final[dict[str, Any]] = {
    "scan_id": SCAN_ID,
    "timestamp": 1735689600.0,
    "is_deleted": False,
    "scanner_server_args": MANIFEST["scanner_server_args"],
    "ewms_workflow_id": None,
    "ewms_address": None,
    "ewms_task": "use 'ewms_workflow_id'",
    "priority": 0,
    "classifiers": {"for": "an example"},
    "i3_event_id": EVENT_HASH,
    "event_i3live_json_dict": "use 'i3_event_id'",
    "event_i3live_json_dict__hash": None,
    "event_metadata": EVENT_METADATA,
    "scan_metadata": None,
    "progress": PROGRESS,
    "replaced_by_scan_id": None,
    "last_updated": 1735689660.0,
    "skydriver": _TOLD | {"request": _REQUEST_OF_2025},
}
RESULT: Final[dict[str, Any]] = {
    "scan_id": SCAN_ID,
    "is_deleted": False,
    "skyscan_result": MAP,
    "is_final": False,
    "skydriver": {"provenance": None, "answer": None},
}
SCAN: Final[dict[str, Any]] = {"manifest": MANIFEST_2025, "result": RESULT}
I3_EVENT: Final[dict[str, Any]] = {"i3_event": MANIFEST["event_i3live_json_dict"]}
WORKFORCE: Final[dict[str, Any]] = {"statuses": {"RUNNING": {"running": 2}}, "n_running": 2, "top_errors": {}}
LOGS_URL: Final = f"http://127.0.0.1:8423/scan/{SCAN_ID}/logs"
LOGS: Final[dict[str, Any]] = {
    "scan_id": SCAN_ID,
    "lines": [{"id": 17, "time": 1735689600.1, "source": "service", "line": "preparing: its turn has come"}],
    "next": 17,
    "scanner_server": {"url": LOGS_URL},
}
WORKFLOW: Final[dict[str, Any]] = {
    "workflow_id": None,
    "requested_ewms_workflow": False,
    "eligible_for_ewms": False,
    "ewms_address": None,
}
SET_WORKFLOW: Final[dict[str, Any]] = {"workflow_id": "WF-1", "ewms_address": "https://ewms.example"}
DELETE_SCAN: Final[dict[str, Any]] = {"delete_completed_scan": True}
RESCAN: Final[dict[str, Any]] = {"abort_first": True, "replace_scan": True}
ADD_WORKERS: Final[dict[str, Any]] = {"n_workers": 2, "cluster_location": "local"}
MORE_WORKERS: Final[dict[str, Any]] = WORKFORCE | {"skydriver": {"n_workers": 4}}
STATUS: Final[dict[str, Any]] = {
    "scan_state": "IN_PROGRESS__PARTIAL_RESULT_GENERATED",
    "is_deleted": False,
    "ewms_deactivated": None,
    "scan_complete": False,
    "scanner_server_logs": {"url": LOGS_URL},
    "ewms_workforce": WORKFORCE,
    "skydriver": {
        "status": "running",
        "code": None,
        "reason": None,
        "progress": 0.5,
        "eta": 7.5,
        "pixels_done": 768,
        "pixels_total": 1536,
        "best": {"nside": 8, "pixel": 421, "llh": 1108.5},
        "fits_done": 768,
        "fits_failed": 0,
    },
}
PATCH: Final[dict[str, Any]] = {
    "progress": PROGRESS,
    "event_metadata": EVENT_METADATA,
    "scan_metadata": SCAN_METADATA,
    "condor_cluster": {"collector": "local", "schedd": "local", "cluster_id": 1},
}
PUT: Final[dict[str, Any]] = {"skyscan_result": MAP, "is_final": False}

REGISTER: Final[dict[str, Any]] = {
    "pool": "local",
    "protocol": 1,
    "engine": ENGINE,
    "numerics": f"{ENGINE}-x86_64",
    "host": "localhost",
    "pid": 4711,
    "cpu": "x86_64",
}
REGISTERED: Final[dict[str, Any]] = {"worker": WORKER_ID, "heartbeat_s": 2.0, "lease_s": 15.0}
REPORT: Final[dict[str, Any]] = {
    "worker": WORKER_ID,
    "task": TASK_ID,
    "pixels": [
        {
            "index": 5,
            "outcome": "done",
            "llh": 4021.5,
            "E_in": 0.0,
            "E_tot": 0.0,
            "x": 12.1,
            "y": -40.7,
            "z": 3.9,
            "t": 10432.0,
            "cpu_seconds": 0.02,
            "error": None,
        }
    ],
}
LEASE: Final[dict[str, Any]] = {"worker": WORKER_ID, "wait_s": 1.0, "report": None}
TASK: Final[dict[str, Any]] = {
    "task": TASK_ID,
    "scan": SCAN_ID,
    "event": EVENT_HASH,
    "reco": "pandel_mpe",
    "max_reco_time_s": 60.0,
    "nside": 8,
    "round": 0,
    "deadline_s": 15.0,
    "pixels": [{"index": 5, "direction": [0.1, 0.2, 0.97], "seeds": [[12.0, -40.0, 4.0, 10430.0]]}],
}
HEARTBEAT: Final[dict[str, Any]] = {"worker": WORKER_ID, "task": TASK_ID}
LOG: Final[dict[str, Any]] = {"worker": WORKER_ID, "scan": SCAN_ID, "lines": ["768 fits in 15.2 s"]}
NEW_TOKEN: Final[dict[str, Any]] = {"token": "…", "expires_s": 3600.0}
FOR_STARTER: Final[dict[str, Any]] = {"pool": "by-hand", "hours": 24}
STARTER: Final[dict[str, Any]] = {
    "token": "…",
    "expires_s": 86400.0,
    "pool": "by-hand",
    "url": "https://192.0.2.1:8424",
    "baseline": "x86-64-v3",
    "ca": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
}
HEALTH: Final[dict[str, Any]] = {
    "status": "ok",
    "version": skydriver.__version__,
    "database": "ok",
    "reconciler_age_s": 0.21,
    "up_s": 86400.0,
    "queued": 12,
    "active": 3,
    "workers": 4,
    "leases": 4,
}
EVENTS: Final = (
    f'id: 12-0-abcdef\nevent: state\ndata: {{"scan_id": "{SCAN_ID}", "time": 1735689600.0, "status": "running"}}\n\n'
    f'id: 12-1-abcdef\nevent: pixels\ndata: {{"scan_id": "{SCAN_ID}", "nside": 8, "pixels": [[0, 4021.5, 0]]}}\n\n'
)
METRICS: Final = "skydriver_leases 4.0\n"
PRODUCTS: Final[dict[str, Any]] = {
    "scan_id": SCAN_ID,
    "is_final": False,
    "products": [
        {
            "name": "multiorder.fits",
            "holds": "Probability density, each part of the sky as fine as it is known.",
            "media_type": "application/fits",
            "url": f"http://127.0.0.1:8423/scan/{SCAN_ID}/products/multiorder.fits",
            "available": True,
            "why_not": None,
        },
        {
            "name": "moc90.fits",
            "holds": "The 90 % region as a coverage map (MOC).",
            "media_type": "application/fits",
            "url": f"http://127.0.0.1:8423/scan/{SCAN_ID}/products/moc90.fits",
            "available": False,
            "why_not": "the scan goes on: the map is partial",
        },
    ],
}
