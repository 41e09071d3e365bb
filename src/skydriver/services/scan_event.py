"""The use case behind ``skydriver scan``: from an event's file to its products and an answer."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

from skydriver.services.answer import answer
from skydriver.services.event_summary import load
from skydriver.services.findings import findings
from skydriver.services.look import Look
from skydriver.services.preparation import prepare
from skydriver.services.products import folder_to_fill, write_products
from skydriver.services.scan_run import ScanRun
from skydriver.services.verdict import quote_of, verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skydriver.services.interrupts import Interrupts
    from skydriver.services.local_scan import Progress
    from skydriver.services.preparation import ScanRequest
    from skydriver.services.verdict import Findings

STARTED = time.monotonic()


def scan_event(
    name: str, request: ScanRequest, out: Path, show: Callable[[Progress], None], interrupts: Interrupts
) -> dict[str, Any]:
    """Scan the event in the file `name` and write its products into the folder `out`.

    Returns
    -------
    dict
        The keys of ``skydriver scan --json``, see ``docs/cli.md``.

    Raises
    ------
    InputError
        Before anything is written.
    ResultError
        If a product cannot be written.
    KeyboardInterrupt
        If it was interrupted before any pixel was finished; then nothing is written.
    """
    event = load(name)
    cleaned = prepare(event, request)
    interrupts.hold()
    run = ScanRun(event, cleaned, request, interrupts)
    with folder_to_fill(out):
        run.run(show)
        if not run.skymap.n_pixels:
            raise KeyboardInterrupt
        found = _findings(run)
        judged = verdict(found)
        content = answer(found, judged)
        products = write_products(run.skymap, content, quote_of(found), out)
    return content | _cost(run) | {"products": [str(path) for path in products]}


def _findings(run: ScanRun) -> Findings:
    """What the scans say, together with what came with the event."""
    found = findings(Look(run.skymap, run.topology, run.regions), run.event)
    return found._replace(systematics=run.systematics, interrupted=run.interrupted)


def _cost(run: ScanRun) -> dict[str, Any]:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "n_fits": run.n_fits,
        "fit_cpu_seconds": run.fit_cpu_seconds,
        "cpu_seconds": sum(part.ru_utime + part.ru_stime for part in usage),
        "wall_seconds": time.monotonic() - STARTED,
    }
