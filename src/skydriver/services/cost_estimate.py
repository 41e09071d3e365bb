"""What a scan is expected to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skydriver.db.stores import submissions
from skydriver.scan.progression import parse_nsides
from skydriver.services.coordination.states import Status

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from skydriver.scan.progression import Progression

MEASURED = {"pandel_mpe": 3.3e-6, "dummy": 1e-7}
"""CPU seconds of all fits by pixel and hit DOM, by algorithm (`benchmarks/cost.py`, 62 to 533 DOMs); a pixel of the
dummy costs the same for any event, and next to nothing."""
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
        seconds = MEASURED[name] * n_dom * progression.n_pixels
        return Estimate(seconds, f"{name} as measured once, {MEASURED[name]:g} s by pixel and hit DOM")
    return Estimate(None, f"there is no earlier scan with {reco} here")
