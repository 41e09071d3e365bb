"""``skydriver backlog``: the scans that wait for their turn at a service."""

from __future__ import annotations

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json
from skydriver.cli.service_options import DEFAULT_URL, UrlOption, client_of
from skydriver.cli.table import table, utc


def backlog(*, url: UrlOption = DEFAULT_URL, as_json: JsonOption = False) -> None:
    """Print the scans that wait for their turn, the next one first."""
    with client_of(url) as client:
        found = client.backlog()
    if as_json:
        put_json(found)
    else:
        rows = [(entry["scan_id"], utc(entry["timestamp"]), entry["priority"]) for entry in found["entries"]]
        put(table(("SCAN", "SUBMITTED (UTC)", "PRIORITY"), rows))
