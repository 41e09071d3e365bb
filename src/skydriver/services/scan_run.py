"""All scans that a request asks for, in one pool of workers: the first, a wider one, and those of the variants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from skydriver.services.local_scan import Batch, LocalScan
from skydriver.services.look import look
from skydriver.services.spread import Systematics, spread
from skydriver.services.systematics import Rescan, rescan_radius_deg
from skydriver.services.variants import prepare_variants
from skydriver.worker.pool import Pool
from skydriver.worker.task import Job, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.events.cleaning import Cleaned
    from skydriver.events.event import Event
    from skydriver.services.interrupts import Interrupts
    from skydriver.services.local_scan import Progress
    from skydriver.services.preparation import ScanRequest
    from skydriver.services.topology import Topology
    from skydriver.services.variants import PreparedVariants
    from skydriver.skymap.map_regions import MapRegions
    from skydriver.skymap.skymap import SkyMap

Step = Literal["scan", "wider scan", "variants"]


@dataclass
class ScanRun:
    """The scans of one request; what is finished stays, also after an interrupt.

    Parameters
    ----------
    event
        The event.
    cleaned
        Its pulses, cleaned as the request asks.
    request
        What was asked for.
    interrupts
        Requests to stop.

    Raises
    ------
    SettingError
        Where the request does not fit the event.
    """

    event: Event
    cleaned: Cleaned
    request: ScanRequest
    interrupts: Interrupts
    scan: LocalScan = field(init=False)
    """The one whose map is the result."""
    skymap: SkyMap = field(init=False)
    """Its map."""
    topology: Topology | None = None
    regions: MapRegions | None = None
    rescan: Rescan | None = None
    interrupted: Step | None = None
    """What was cut short; None where nothing was."""
    _latest: LocalScan = field(init=False)
    """The one that ran last, with the fits of those that it continued."""
    _variants: PreparedVariants | None = field(init=False)

    def __post_init__(self) -> None:
        """Prepare everything that can fail before the first fit."""
        self.request.calibration_table()
        self._variants = prepare_variants(self.event, self.request) if self.request.systematics else None
        self.scan = LocalScan(self.request, self.cleaned.pulses, self.event.header.mjd, self.interrupts)
        self._latest = self.scan

    def run(self, show: Callable[[Progress], None]) -> None:
        """Scan to the end, or to an interrupt; `show` is called after each step."""
        variants = () if self._variants is None else self._variants.fit
        models = [Model(self.request.reco, self.cleaned.pulses)]
        models += [prepared.model for prepared in variants]
        try:
            with Pool[Batch](Job(tuple(models), self.request.fit_limit_s()), self.request.workers) as pool:
                self._scan(pool, show)
        except KeyboardInterrupt:
            pass
        if self.interrupted == "scan":
            self._look()

    def _scan(self, pool: Pool[Batch], show: Callable[[Progress], None]) -> None:
        """One step after the other; what is interrupted is remembered."""
        self.interrupted = "scan"
        self.scan.run_in(pool, show)
        self._look()
        self.interrupted = "wider scan"
        self._enclose(pool, show)
        self.interrupted = "variants"
        self._rescan(pool, show)
        self.interrupted = None

    @property
    def systematics(self) -> Systematics | None:
        """What the variants came to; None where none was asked for."""
        if self._variants is None:
            return None
        results = tuple(self.rescan.results) if self.rescan else ()
        complete = len(results) == len(self._variants.fit)
        return Systematics(results, spread(results, self.skymap) if results else None, self._variants.unfit, complete)

    @property
    def n_fits(self) -> int:
        """Fits that were made, those of the variants too."""
        return self._latest.n_fits + (self.rescan.n_fits if self.rescan else 0)

    @property
    def fit_cpu_seconds(self) -> float:
        """CPU time of these fits."""
        return self._latest.fit_cpu_seconds + (self.rescan.fit_cpu_seconds if self.rescan else 0.0)

    def _look(self) -> None:
        """What the scan's map says."""
        self.skymap, self.topology, self.regions = look(self.scan, self.event, self.cleaned)

    def _enclose(self, pool: Pool[Batch], show: Callable[[Progress], None]) -> None:
        """Widen the last stage until it encloses the 90 % region, or holds every pixel there is."""
        while self.request.enclose and self.regions is not None and self.regions.truncated:
            wider = self.scan.widened()
            if wider is None:
                return
            self._latest = wider
            wider.run_in(pool, show)
            before, self.scan = self.skymap, wider
            self._look()
            if self.skymap.n_pixels == before.n_pixels:
                return

    def _rescan(self, pool: Pool[Batch], show: Callable[[Progress], None]) -> None:
        """Scan the variants around the best fit."""
        if self._variants is None or self.skymap.best_fit() is None:
            return
        radius_deg = rescan_radius_deg(self.skymap)
        self.rescan = Rescan(self._variants.fit, self.request, self.skymap, radius_deg, self.interrupts)
        self.rescan.run_in(pool, show)
