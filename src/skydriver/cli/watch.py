"""``skydriver watch``: a service's scan until it ends."""

from __future__ import annotations

from skydriver.cli.event import JsonOption
from skydriver.cli.service_options import DEFAULT_URL, OutOption, ScanArgument, UrlOption, client_of, current


def watch(
    scan_id: ScanArgument, *, out: OutOption = None, url: UrlOption = DEFAULT_URL, as_json: JsonOption = False
) -> None:
    """Show how far a scan is until it ends, then its answer; Ctrl-C ends the watching and not the scan."""
    from skydriver.cli.watching import PATIENCE_S, end_with, watch_to_end

    with client_of(url, PATIENCE_S) as client:
        end_with(watch_to_end(client, current(client, scan_id), out, as_json=as_json))
