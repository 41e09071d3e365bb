"""``skydriver status``: how far a service's scan is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json
from skydriver.cli.service_options import DEFAULT_URL, ScanArgument, UrlOption, client_of, current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.client.documents import Status


def status(scan_id: ScanArgument, *, url: UrlOption = DEFAULT_URL, as_json: JsonOption = False) -> None:
    """Say how far a scan is."""
    with client_of(url) as client:
        scan_id = current(client, scan_id)
        found = client.status(scan_id)
    if as_json:
        put_json(found)
    else:
        put(_lines(scan_id, found))


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
