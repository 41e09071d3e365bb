"""``skydriver status``: how far a service's scan is, and who works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.cli.event import JsonOption
from skydriver.cli.output import one_line, put, put_json
from skydriver.cli.service_options import DEFAULT_URL, ScanArgument, UrlOption, client_of, current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.client.documents import CondorCluster, Status


def status(scan_id: ScanArgument, *, url: UrlOption = DEFAULT_URL, as_json: JsonOption = False) -> None:
    """Say how far a scan is, and how its jobs stand."""
    with client_of(url) as client:
        scan_id = current(client, scan_id)
        found = client.status(scan_id)
        jobs = [] if as_json else client.manifest(scan_id, include_deleted=True).get("condor_clusters", [])
    if as_json:
        put_json(found)
    else:
        put([*_lines(scan_id, found), *_workers(found, jobs)])


def _workers(found: Status, jobs: list[CondorCluster]) -> Iterator[str]:
    """Who works on it, where some of them are elsewhere, and what went wrong."""
    workforce = found.get("ewms_workforce") or {}
    if jobs:
        yield f"Workers    {workforce.get('n_running', 0)} at work"
    for one in jobs:
        counts = ", ".join(f"{n} {status}" for status, n in sorted(one.get("statuses", {}).items()))
        yield one_line(f"Jobs       {one.get('cluster_id')} of {one.get('schedd')}: {counts or one.get('jobs')}")
    for words, n in workforce.get("top_errors", {}).items():
        yield f"Trouble    {one_line(words)}" + (f" ({n} times)" if n > 1 else "")


def _lines(scan_id: str, found: Status) -> Iterator[str]:
    """The status for people."""
    from skydriver.cli.watching import ENDED, words

    facts = found["skydriver"]
    deleted = ", deleted" if found.get("is_deleted") else ""
    yield f"Scan {scan_id}: {facts['status']} ({found['scan_state']}{deleted})"
    if facts["status"] not in ENDED:
        yield "  ".join(filter(None, words(facts).values()))
    if facts.get("reason"):
        yield f"Reason     {facts['reason']}" + (f" ({facts['code']})" if facts.get("code") else "")
