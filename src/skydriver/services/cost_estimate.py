"""What a scan is expected to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skydriver.db.stores import submissions
from skydriver.scan.progression import parse_nsides
from skydriver.services.coordination.states import Status

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.scan.progression import Progression


class Rate(NamedTuple):
    """What all fits of one pixel take, sweeps included, CPU seconds."""

    by_dom: float
    """For each DOM that is fitted."""
    fixed: float


MEASURED = {"pandel_mpe": Rate(3.3e-6, 0.0), "dummy": Rate(0.0, 1.2e-6)}
"""By algorithm: events of 62 to 533 DOMs with `benchmarks/cost.py`, whose README says on what machine."""
N_SCANS = 20
"""Earlier scans that an estimate is made from."""


class Estimate(NamedTuple):
    """An estimate of the CPU time of all fits."""

    cpu_seconds: float | None
    """None where nothing is known of the algorithm."""
    source: str
    """Where it is from, in words."""


def estimate(connection: Connection, reco: str, progression: Progression, event: str, n_dom: int) -> Estimate:
    """From earlier scans of the event, else of any event, else from what was measured of the algorithm.

    Parameters
    ----------
    reco
        Algorithm with its options.
    event
        The event's hash.
    n_dom
        DOMs that are fitted.
    """
    for only, what in ((event, "of this event"), (None, "of any event")):
        found = submissions.costs(connection, reco, Status.DONE, only, N_SCANS)
        if found:
            seconds = sum(scan.cpu_seconds for scan in found)
            pixels = sum(parse_nsides(scan.nsides).n_pixels for scan in found)
            source = f"earlier scans with {reco} here, {what} ({len(found)})"
            return Estimate(seconds / pixels * progression.n_pixels, source)
    name = reco.partition(":")[0]
    if name in MEASURED:
        seconds = (MEASURED[name].by_dom * n_dom + MEASURED[name].fixed) * progression.n_pixels
        return Estimate(seconds, f"what {name} was measured to take for one pixel, before there were scans here")
    return Estimate(None, f"there is no earlier scan with {reco} here")
