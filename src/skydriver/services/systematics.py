"""How far a result moves when the event is fitted differently: its variants, scanned again around it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from skydriver.scan.pixels import MISSING, neighbours
from skydriver.services.interrupts import Interrupts
from skydriver.services.local_scan import LocalScan
from skydriver.services.preparation import POINTED_NSIDES
from skydriver.services.result import map_of
from skydriver.services.sky_region import SkyRegion
from skydriver.services.spread import VariantResult, area_deg2, best_of, reach_deg, statistical_region
from skydriver.skymap.offsets import separation_deg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skydriver.scan.descent import Inside
    from skydriver.scan.planner import Ledger
    from skydriver.services.local_scan import Batch, Progress
    from skydriver.services.preparation import ScanRequest
    from skydriver.services.variants import PreparedVariant
    from skydriver.skymap.skymap import BestFit, SkyMap
    from skydriver.worker.pool import Pool

RADIUS_RANGE_DEG = (3.0, 10.0)
RADIUS_FACTOR = 1.5


@dataclass
class Rescan:
    """Scans of the variants near the nominal result: those that are finished, also after an interrupt.

    Parameters
    ----------
    prepared
        The variants.
    request
        The nominal one; its region, nsides, algorithm and selection are not those of the variants.
    nominal
        Its map, with a best fit: the centre of the disc that is scanned.
    radius_deg
        Of the disc, see `rescan_radius_deg`.
    """

    prepared: Sequence[PreparedVariant]
    request: ScanRequest
    nominal: SkyMap
    radius_deg: float
    interrupts: Interrupts = field(default_factory=Interrupts)
    """Requests to stop: answered while a scan waits for its workers."""
    nsides: str = POINTED_NSIDES
    results: list[VariantResult] = field(default_factory=list)
    """Of the finished variants, in order."""
    n_fits: int = 0
    """Fits that were made, those of an interrupted variant too."""
    fit_cpu_seconds: float = 0.0
    unlucky: Counter[str] = field(default_factory=Counter)
    """As `LocalScan.unlucky`, of all variants."""

    @cached_property
    def best(self) -> BestFit:
        """The nominal best fit."""
        return best_of(self.nominal)

    def run_in(self, pool: Pool[Batch], show: Callable[[Progress], None]) -> None:
        """Scan the variants one after the other and leave the pool idle.

        Parameters
        ----------
        pool
            Open and idle; its models are the nominal one and those of `prepared`, in order.
        show
            Called after each step of each scan.

        Raises
        ------
        KeyboardInterrupt
            Where it was interrupted: `results` has the variants that were finished, and the pool must be closed.
        """
        for k in range(len(self.results), len(self.prepared)):
            scan = self._scan_of(k)
            try:
                scan.run_in(pool, _named(f"{self.prepared[k].variant.name}: ", show))
            finally:
                self.n_fits += scan.n_fits
                self.fit_cpu_seconds += scan.fit_cpu_seconds
                self.unlucky += scan.unlucky
            self.results.append(self._result(self.prepared[k], scan))

    def _scan_of(self, k: int) -> LocalScan:
        variant, pulses = self.prepared[k]
        disc = SkyRegion((self.best.ra_deg, self.best.dec_deg), self.radius_deg)
        request = replace(variant.request(self.request), nsides=self.nsides, region=disc)
        return LocalScan(request, pulses, self.nominal.event.mjd, self.interrupts, model=k + 1)

    def _result(self, prepared: PreparedVariant, scan: LocalScan) -> VariantResult:
        """What a finished scan found."""
        name, n_dom = prepared.variant.name, prepared.pulses.n_dom
        skymap = map_of(scan.ledger, self.nominal.event, None)
        best = skymap.best_fit()
        if best is None:
            nowhere = (None, None, None, None)
            return VariantResult(name, *nowhere, n_dom, at_edge=False, error=_first_error(scan.ledger), region=())
        offset_deg = separation_deg(self.best.ra_deg, self.best.dec_deg, best.ra_deg, best.dec_deg)
        region = statistical_region(skymap)
        at_edge = _touches_outside(skymap, scan.ledger.settings.inside)
        found = (best.ra_deg, best.dec_deg, offset_deg, area_deg2(region))
        return VariantResult(name, *found, n_dom, at_edge, error=None, region=tuple(region.tolist()))


def _named(what: str, show: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Show progress as that of `what`."""
    return lambda state: show(replace(state, what=what))


def rescan_radius_deg(nominal: SkyMap) -> float:
    """How far around the nominal best fit to look for the variants': one and a half times the extent of its region.

    At least 3 degrees, since a variant with half the light may go a degree or two from a best fit whose own region is
    small; at most 10, for speed: a variant that would go farther is marked as at the edge.
    """
    low, high = RADIUS_RANGE_DEG
    return min(high, max(low, RADIUS_FACTOR * reach_deg(statistical_region(nominal), best_of(nominal))))


def _touches_outside(skymap: SkyMap, inside: Inside | None) -> bool:
    """Whether the best pixel of any stage has a neighbour that does not belong to the scan."""
    if inside is None:
        return False
    for nside, rows in skymap.stages.items():
        if np.isfinite(rows["llh"]).any():
            beside = neighbours(nside, rows["index"][np.nanargmin(rows["llh"])])
            if not inside(nside, beside[beside != MISSING].tolist()).all():
                return True
    return False


def _first_error(ledger: Ledger) -> str:
    errors = (fit.error for stage in ledger.final_fits().values() for fit in stage.fits if fit.error)
    return next(errors, "no pixel came to a finite likelihood")
