"""``skydriver get``: the products of a service's scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.service_options import DEFAULT_URL, ScanArgument, UrlOption, client_of, current


def get(
    scan_id: ScanArgument,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the products.")] = Path("out"),
    url: UrlOption = DEFAULT_URL,
    as_json: JsonOption = False,
) -> None:
    """Write the products that a scan has so far: those of skydriver scan, named partial until its map is whole."""
    from skydriver.cli.watching import NO_BEST_FIT, answer_of, end_with, tell

    with client_of(url) as client:
        answer = answer_of(client, current(client, scan_id), out)
    tell(answer, as_json=as_json)
    end_with(NO_BEST_FIT if answer.get("best_fit", True) is None else 0)
