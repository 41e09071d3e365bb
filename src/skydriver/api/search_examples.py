"""Examples of searches for the OpenAPI document, and what their bodies may hold."""

from __future__ import annotations

from typing import Any, Final

from skydriver.api.examples import EVENT_HASH, MANIFEST, SCAN_ID
from skydriver.services.search.request import MAX_LIMIT

_BOTH: Final = ("scan_id", "is_deleted", "scanner_server_args", "event_metadata", "scan_metadata", "progress")
MANIFEST_OF_2025: Final[dict[str, Any]] = {
    **{name: MANIFEST[name] for name in _BOTH},
    "timestamp": 1735689600.0,
    "ewms_workflow_id": None,
    "ewms_address": None,
    "ewms_task": "use 'ewms_workflow_id'",
    "priority": 0,
    "classifiers": {"campaign": "tests"},
    "i3_event_id": EVENT_HASH,
    "event_i3live_json_dict": "use 'i3_event_id'",
    "event_i3live_json_dict__hash": None,
    "replaced_by_scan_id": None,
    "last_updated": 1735689660.0,
    "skydriver": MANIFEST["skydriver"],
}
FIND: Final[dict[str, Any]] = {
    "filter": {"event_metadata.run_id": 1, "priority": {"$gte": 0}},
    "include_deleted": False,
    "limit": 100,
    "sort": ["-timestamp"],
}
FOUND: Final[dict[str, Any]] = {"manifests": [MANIFEST_OF_2025], "cursor": None}
BACKLOG: Final[dict[str, Any]] = {
    "entries": [
        {"scan_id": SCAN_ID, "timestamp": 1735689600.0, "priority": 0, "pending_timestamp": 0.0, "next_attempt": 0}
    ]
}
FIND_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "filter": {"type": "object", "description": "A filter as MongoDB writes it; by default every scan fits."},
        "include_deleted": {"type": "boolean", "description": "Whether to find what was marked as deleted."},
        "manifest_projection": {
            "type": ["array", "string"],
            "items": {"type": "string"},
            "description": "Members of manifests that are wanted, with | between them, or a list of them.",
        },
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "description": "Manifests in one answer; without it there are all.",
        },
        "sort": {
            "type": ["string", "array", "object"],
            "description": "Members to sort by, a - before those that descend; by default the oldest come first.",
        },
        "cursor": {"type": "string", "description": "Where to go on: what the answer before said."},
    },
    "additionalProperties": False,
}
