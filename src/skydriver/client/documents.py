"""What a service answers with, as far as the command line reads it."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class ScanFacts(TypedDict, total=False):
    """What a service adds to the manifest of a scan, under its key ``skydriver``."""

    status: str
    state: str
    code: str | None
    reason: str | None
    owner: str
    engine: str
    reco: str
    nsides: str
    fraction: float
    seconds_left: float | None
    fits_done: int
    fits_failed: int
    cpu_seconds: float
    created: float
    launched: float | None
    first_pixel: float | None
    ended: float | None
    answer: dict[str, Any] | None


class CondorCluster(TypedDict, total=False):
    """Jobs that were submitted together."""

    collector: str
    schedd: str
    cluster_id: int
    jobs: int
    statuses: dict[str, int]


class Manifest(TypedDict, total=False):
    """A scan, as ``GET /scan/manifest/ID`` has it; keys that are not read here are there too."""

    scan_id: str
    timestamp: float
    priority: int
    is_deleted: bool
    complete: bool
    event_metadata: dict[str, Any] | None
    scanner_server_args: str
    condor_clusters: list[CondorCluster]
    skydriver: ScanFacts


class ResultFacts(TypedDict):
    """What a service adds to a result, under its key ``skydriver``; null of maps that are not SkyDriver's."""

    provenance: dict[str, Any] | None
    answer: dict[str, Any] | None


class Result(TypedDict):
    """A map, as ``GET /scan/result/ID`` has it."""

    scan_id: str
    is_deleted: bool
    skyscan_result: dict[str, Any]
    is_final: bool
    skydriver: ResultFacts


class Found(TypedDict):
    """Scans of an event, as ``GET /scans`` has them."""

    event_id: int
    scan_ids: list[str]


class StatusFacts(TypedDict, total=False):
    """What a service adds to the state of a scan, under its key ``skydriver``."""

    status: str
    code: str | None
    reason: str | None
    progress: float
    eta: float | None
    fits_done: int
    fits_failed: int
    pixels_done: int | None
    pixels_total: int | None
    best: dict[str, Any] | None


class Workforce(TypedDict, total=False):
    """Who works on a scan, as ``GET /scan/ID/workforce`` has it."""

    statuses: dict[str, dict[str, int]]
    n_running: int
    top_errors: dict[str, int]


class Status(TypedDict, total=False):
    """How far a scan is, as ``GET /scan/ID/status`` has it."""

    scan_state: str
    is_deleted: bool
    scan_complete: bool
    ewms_workforce: Workforce
    skydriver: StatusFacts


class ManifestsPage(TypedDict):
    """Scans that a filter matches, as ``POST /scans/find`` has them with a limit."""

    manifests: list[Manifest]
    cursor: NotRequired[str | None]


class BacklogEntry(TypedDict):
    """A scan that waits."""

    scan_id: str
    timestamp: float
    priority: int
    pending_timestamp: float
    next_attempt: float | None


class Backlog(TypedDict):
    """The scans that wait, as ``GET /scans/backlog`` has them."""

    entries: list[BacklogEntry]


class ScanAndResult(TypedDict):
    """A scan and its map, as ``GET /scan/ID`` has them; ``{}`` where there is none."""

    manifest: Manifest
    result: dict[str, Any]


class I3Event(TypedDict):
    """An event, as ``GET /scan/ID/i3-event`` has it."""

    i3_event: Any


class LogLine(TypedDict):
    """A line of a scan's log."""

    id: int
    time: float
    source: str
    line: str


class LogPage(TypedDict):
    """Lines of a scan's log, as ``GET /scan/ID/logs`` has them."""

    scan_id: str
    lines: list[LogLine]
    next: int | None


class ProductFacts(TypedDict):
    """A product that there is, or why not."""

    name: str
    holds: str
    media_type: str
    url: str
    available: bool
    why_not: str | None


class ProductList(TypedDict):
    """The products of a scan, as ``GET /scan/ID/products`` has them."""

    scan_id: str
    is_final: bool
    products: list[ProductFacts]


class StarterToken(TypedDict):
    """What workers need that are started by hand."""

    token: str
    expires_s: float
    pool: str
    url: str | None
    ca: str | None
    baseline: str | None
