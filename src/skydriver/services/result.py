"""From a scan to its map."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

import skydriver
from skydriver.detector.coordinates import earth_orientation_table
from skydriver.detector.geometry import geometry_hash
from skydriver.detector.ice import ice_hash
from skydriver.skymap.columns import rows_from
from skydriver.skymap.provenance import PixelError, Provenance
from skydriver.skymap.skymap import EventIdentity, SkyMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.events.cleaning import Cleaned
    from skydriver.events.event import Event
    from skydriver.scan.fits import Finished
    from skydriver.scan.planner import Ledger
    from skydriver.services.preparation import ScanRequest

CLEANING = "seeded RT (150 m, 1000 ns, 3 iterations), best 6000 ns, strings 1 to 78"
CLEANING_WITH_DEEPCORE = CLEANING.replace("strings 1 to 78", "strings 1 to 86, those of DeepCore kept")
WHY_UNLUCKY = {
    "stopped": "{} fits were stopped at their time limit",
    "lost": "{} fits were lost with their process",
}


def identity(event: Event) -> EventIdentity:
    """Which event, as sky maps name it."""
    header = event.header
    return EventIdentity(header.run_id, header.event_id, "", header.mjd, event.is_real)


class Scanned(Protocol):
    """What is known of a scan that ended or was interrupted."""

    @property
    def request(self) -> ScanRequest:
        """What was asked for."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What is finished."""
        ...

    @property
    def unlucky(self) -> Mapping[str, int]:
        """Fits that were stopped, or lost for good, by that word."""
        ...

    @property
    def machine(self) -> str:
        """Instruction set of the fits, as `skydriver.recos.machine.machine_type` names it."""
        ...


def sky_map(scan: Scanned, event: Event, cleaned: Cleaned) -> SkyMap:
    """The map of a finished or interrupted scan."""
    fits = [fit for stage in scan.ledger.final_fits().values() for fit in stage.fits]
    return map_of(scan.ledger, identity(event), provenance(scan, event, cleaned, fits))


def map_of(ledger: Ledger, event: EventIdentity, provenance: Provenance | None = None) -> SkyMap:
    """The map of all fits so far; a scan that is a part of another result needs no provenance of its own."""
    results = ledger.final_fits()
    return SkyMap(
        stages={nside: rows_from(map(_row, result.fits)) for nside, result in results.items()},
        complete={nside: result.complete for nside, result in results.items()},
        event=event,
        provenance=provenance,
    )


def provenance(scan: Scanned, event: Event, cleaned: Cleaned, fits: list[Finished]) -> Provenance:
    """How the map was made."""
    request = scan.request
    algorithm = request.algorithm()
    return Provenance(
        algorithm=algorithm.info.name,
        algorithm_version=algorithm.info.version,
        llh_meaning=algorithm.info.llh_meaning,
        nsides=tuple((stage.nside, stage.extension) for stage in request.progression.stages),
        rounds=algorithm.info.rounds,
        predictive_scanning_threshold=request.predictive_scanning_threshold,
        max_reco_time_s=request.fit_limit_s(),
        pulse_series=request.selection.series_of(event),
        cleaning=CLEANING_WITH_DEEPCORE if request.selection.deepcore else CLEANING,
        counts=_counts(cleaned),
        geometry_hash=geometry_hash(),
        ice_hash=ice_hash(),
        tables=dict(algorithm.provenance()),
        earth_orientation=earth_orientation_table(),
        event_hash=event.content_hash,
        software_version=skydriver.__version__,
        machine=scan.machine,
        partial=not scan.ledger.plan().finished,
        not_reproducible=tuple(WHY_UNLUCKY[word].format(n) for word, n in sorted(scan.unlucky.items())),
        region=request.region.described(),
        errors=tuple(PixelError(f.wanted.nside, f.wanted.pixel, f.error) for f in fits if f.error),
        selection=request.selection.described(),
    )


def _counts(cleaned: Cleaned) -> dict[str, float]:
    excluded = {name: value for name, value in asdict(cleaned).items() if name.startswith("n_")}
    return {"n_dom": cleaned.nch, "n_pulse": cleaned.npulses, "qtot_pe": cleaned.qtot, **excluded}


def _row(fit: Finished) -> tuple[float, ...]:
    return (fit.wanted.pixel, fit.llh, fit.E_in, fit.E_tot, fit.x, fit.y, fit.z, fit.t)
