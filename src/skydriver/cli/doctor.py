"""``skydriver doctor``: whether a service could work here, and what to do where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json
from skydriver.cli.service_options import DataOption
from skydriver.cli.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.services.checkup.findings import Finding


def doctor(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check what a service needs here, and its clusters; say what to do where something is wrong, code 1."""
    from skydriver.services.checkup.run import check_up

    findings = list(check_up(settings_of(data=data)))
    fine = all(finding.ok for finding in findings)
    if as_json:
        put_json({"ok": fine, "checks": [finding._asdict() for finding in findings]})
    else:
        width = max(len(finding.name) for finding in findings)
        put(line for finding in findings for line in _lines(finding, width))
    if not fine:
        raise typer.Exit(1)


def _lines(finding: Finding, width: int) -> Iterator[str]:
    yield f"{'ok' if finding.ok else 'WRONG':6} {finding.name:{width}} {finding.says}"
    if finding.cure is not None:
        yield f"       {'':{width}} What to do: {finding.cure}"
