"""``skydriver abort``: the end of a service's scan."""

from __future__ import annotations

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json
from skydriver.cli.service_options import DEFAULT_URL, ScanArgument, UrlOption, client_of


def abort(scan_id: ScanArgument, *, url: UrlOption = DEFAULT_URL, as_json: JsonOption = False) -> None:
    """Stop a scan and mark it as deleted; what was computed is kept."""
    with client_of(url) as client:
        facts = client.abort(scan_id)["skydriver"]
    if as_json:
        put_json({"scan_id": scan_id, "status": facts["status"], "reason": facts.get("reason")})
    else:
        put([f"Scan {scan_id}: {facts['status']}, deleted"])
