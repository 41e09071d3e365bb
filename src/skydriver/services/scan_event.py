"""The use case behind ``skydriver scan``: from an event's file to its products and an answer."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

from skydriver.services.event_summary import load
from skydriver.services.first_looks import first_looks
from skydriver.services.local_scan import LocalScan
from skydriver.services.preparation import prepare
from skydriver.services.products import folder_to_fill, write_products
from skydriver.services.result import sky_map
from skydriver.skymap.offsets import offsets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from skydriver.services.interrupts import Interrupts
    from skydriver.services.local_scan import Progress
    from skydriver.services.preparation import ScanRequest
    from skydriver.services.products import FirstLook
    from skydriver.skymap.skymap import SkyMap

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
    looks = first_looks(event)
    interrupts.hold()
    scan = LocalScan(request, cleaned.pulses, event.header.mjd, interrupts)
    with folder_to_fill(out):
        scan.run(show)
        skymap = sky_map(scan, event, cleaned)
        if not skymap.n_pixels:
            raise KeyboardInterrupt
        products = write_products(skymap, looks, out)
    return _identity(skymap) | _found(skymap, looks) | _cost(scan) | {"products": [str(path) for path in products]}


def _identity(skymap: SkyMap) -> dict[str, Any]:
    provenance = skymap.provenance
    return {
        "run_id": skymap.event.run_id,
        "event_id": skymap.event.event_id,
        "mjd": skymap.event.mjd,
        "is_real_event": skymap.event.is_real_event,
        "algorithm": provenance.algorithm if provenance else "",
        "statement": provenance.statement if provenance else "",
        "region": dict(provenance.region) if provenance else {},
        "partial": skymap.partial,
        "not_reproducible": list(provenance.not_reproducible) if provenance else [],
    }


def _found(skymap: SkyMap, looks: Sequence[FirstLook]) -> dict[str, Any]:
    best = skymap.best_fit()
    return {
        "best_fit": None if best is None else best._asdict(),
        "offsets": [] if best is None else [{"seed": name, "deg": deg} for name, deg in offsets(best, looks)],
        "n_pixels": skymap.n_pixels,
        "n_failed": len(skymap.provenance.errors) if skymap.provenance else 0,
    }


def _cost(scan: LocalScan) -> dict[str, Any]:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "n_fits": scan.n_fits,
        "fit_cpu_seconds": scan.fit_cpu_seconds,
        "cpu_seconds": sum(part.ru_utime + part.ru_stime for part in usage),
        "wall_seconds": time.monotonic() - STARTED,
    }
