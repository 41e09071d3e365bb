"""``skydriver rescan``: a scan of a service once more."""

from __future__ import annotations

from typing import Annotated

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.service_options import DEFAULT_URL, OutOption, ScanArgument, UrlOption, client_of


def rescan(  # noqa: PLR0913 - one parameter for each option
    scan_id: ScanArgument,
    *,
    abort_first: Annotated[bool, typer.Option("--abort-first", help="Abort the old one where it goes on.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Whoever asks for the old one gets the new one from then on.")
    ] = False,
    key: Annotated[
        str | None, typer.Option(help="The same key is the same new scan [default: a new key, and a new scan].")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it to its end, and print the answer.")] = False,
    out: OutOption = None,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonOption = False,
) -> None:
    """Scan once more as a scan was submitted, also one that failed or was aborted; prints the id of the new scan."""
    from skydriver.cli.submit import SUBMIT_PATIENCE_S, tell_or_watch
    from skydriver.cli.watching import end_with

    with client_of(url, SUBMIT_PATIENCE_S) as client:
        new = client.rescan(scan_id, abort_first=abort_first, replace_scan=replace, key=key)["scan_id"]
    end_with(tell_or_watch(new, out, url, waits=wait or out is not None, as_json=as_json))
