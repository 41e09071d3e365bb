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

    from skydriver.services.checkup import Finding


def doctor(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check what a service needs here, and say what to do where something is wrong; then the code is 1."""
    from skydriver.services.checkup import check_up

    findings = list(check_up(settings_of(data=data)))
    fine = all(finding.ok for finding in findings)
    if as_json:
        put_json({"ok": fine, "checks": [finding._asdict() for finding in findings]})
    else:
        put(line for finding in findings for line in _lines(finding))
    if not fine:
        raise typer.Exit(1)


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{'ok' if finding.ok else 'WRONG':6} {finding.name:14} {finding.says}"
    if finding.cure is not None:
        yield f"       {'':14} What to do: {finding.cure}"
