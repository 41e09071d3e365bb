"""What bodies may hold, for the OpenAPI document; what holds in fact is checked by the services."""

from __future__ import annotations

from typing import Any, Final


def _of(types: str, description: str, **more: object) -> dict[str, Any]:
    names = types.split()
    return {"type": names[0] if len(names) == 1 else names, "description": description, **more}


def _object(required: tuple[str, ...], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_MEMORY: Final = "How much memory a worker gets: 8GB, 8 GiB, or bytes as a number."
_DISK: Final = "How much disk a worker gets, likewise."
_SERVER: Final = "How much memory an external scanner's server gets, likewise."
_LIMIT: Final = "Limit on the CPU time of one fit, seconds; by default what the algorithm needs."
_CLUSTER: Final = (
    "Where workers run: {collector, schedd, njobs} or a list of them, or {name: njobs} or a list of pairs. "
    "The name local is always there."
)
_PROJECTION: Final = "Which fields of the manifest are answered, as a list or with | between them, * for all."
_ENVIRONMENT: Final = "Environment of an external scanner, names and values; it is not shown again."

SUBMISSION: Final = _object(
    ("docker_tag", "reco_algo", "nsides", "real_or_simulated_event", "cluster"),
    docker_tag=_of("string", "Which release fits: latest, a version such as v1, or external, which starts nothing."),
    reco_algo=_of("string", "The reconstruction, such as pandel_mpe."),
    nsides=_of("object array string", "Stages by nside, each with the number of pixels to refine: {8: 0, 64: 12}."),
    real_or_simulated_event=_of(
        "string",
        "Whether the event is of the detector.",
        enum=["real", "real_event", "sim", "simulated", "simulated_event"],
    ),
    cluster=_of("object array", _CLUSTER),
    request_clusters=_of("object array", "The same as cluster."),
    event_i3live_json=_of("object string", "The realtime event. This or i3_event_id is needed."),
    i3_event_id=_of("string", "An event that is stored here."),
    worker_memory=_of("string integer", _MEMORY),
    worker_memory_bytes=_of("string integer", _MEMORY),
    memory=_of("string integer", _MEMORY),
    worker_disk=_of("string integer", _DISK),
    worker_disk_bytes=_of("string integer", _DISK),
    scanner_server_memory=_of("string integer", _SERVER),
    scanner_server_memory_bytes=_of("string integer", _SERVER),
    predictive_scanning_threshold=_of(
        "number", "Fraction of a stage from which idle workers begin the next.", minimum=0.1, maximum=1.0, default=1.0
    ),
    max_reco_time=_of("number", _LIMIT),
    max_pixel_reco_time=_of("number", _LIMIT),
    priority=_of("integer", "Scans of higher priority go first.", default=0),
    classifiers=_of("object", "Up to 25 words of your own by which to find the scan."),
    debug_mode=_of("boolean string array", "Taken and shown; it changes nothing here."),
    scanner_server_env=_of("object", _ENVIRONMENT),
    scanner_server_env_from_user=_of("object", "The same as scanner_server_env."),
    manifest_projection=_of("string array", _PROJECTION),
    dry_run=_of("boolean", "Check, and say how many pixels and how much CPU time it would take; nothing is stored."),
    force_new=_of("boolean", "A new scan even where an equal one was launched just before."),
)
PATCH: Final = _object(
    (),
    progress=_of("object", "How far the scanner is; shown as it is sent."),
    event_metadata=_of("object", "run_id, event_id, event_type, mjd, is_real_event; written once."),
    scan_metadata=_of("object", "scan_id, nside_progression, position_variations; written once."),
    condor_cluster=_of("object", "collector, schedd, cluster_id of workers that were started; equal ones count once."),
)
PUT: Final = _object(
    ("skyscan_result", "is_final"),
    skyscan_result=_of("object", "The map: columns, metadata and data of each nside-N. Empty: nothing is stored."),
    is_final=_of("boolean", "Whether the scan is over; such a result stays."),
)

_NO_REDIRECT: Final = "Ask for this very scan, also where another took its place."
_FORCE_NEW: Final = "Do it even where an equal request was made just before."
DELETE_SCAN: Final = _object(
    (),
    delete_completed_scan=_of("boolean", "Delete it also where it has a final result.", default=False),
    manifest_projection=_of("string array", _PROJECTION),
    no_redirect=_of("boolean", _NO_REDIRECT, default=False),
)
RESCAN: Final = _object(
    (),
    abort_first=_of("boolean", "End the old scan, where it has not ended.", default=False),
    replace_scan=_of("boolean", "Whoever asks for the old scan is sent to the new one from then on.", default=False),
    manifest_projection=_of("string array", _PROJECTION),
    force_new=_of("boolean", _FORCE_NEW, default=False),
    no_redirect=_of("boolean", "Taken; it is always this very scan that is repeated.", default=False),
)
ADD_WORKERS: Final = _object(
    ("n_workers", "cluster_location"),
    n_workers=_of("integer", "How many more may fit it at once.", minimum=1),
    cluster_location=_of("string object", "Where: local, or {collector: local, schedd: local}."),
    force_new=_of("boolean", _FORCE_NEW, default=False),
    no_redirect=_of("boolean", _NO_REDIRECT, default=False),
)
SET_WORKFLOW: Final = _object(
    ("workflow_id", "ewms_address"),
    workflow_id=_of("string", "Of a workflow elsewhere; written once."),
    ewms_address=_of("string", "Where that is."),
)
FOR_STARTER: Final = _object(
    (),
    pool=_of("string", "Under which name the workers stand.", pattern="^[A-Za-z0-9-]{1,40}$", default="by-hand"),
    hours=_of("number", "For how long workers may start with it.", exclusiveMinimum=0, maximum=720, default=24),
)
