"""``skydriver find``: the scans that a service has of an event."""

from __future__ import annotations

from typing import Annotated

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json
from skydriver.cli.service_options import DEFAULT_URL, UrlOption, client_of


def find(  # noqa: PLR0913 - one parameter for each option
    *,
    run: Annotated[int, typer.Option(help="Of the event.")],
    event: Annotated[int, typer.Option(help="Its number in the run.")],
    simulated: Annotated[bool, typer.Option("--simulated", help="It is a simulated one.")] = False,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that were aborted or deleted, too.")] = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonOption = False,
) -> None:
    """Print the ids of all scans of an event."""
    with client_of(url) as client:
        found = client.find(run, event, is_real=not simulated, include_deleted=deleted)
    if as_json:
        put_json(found)
    else:
        put(found["scan_ids"])
