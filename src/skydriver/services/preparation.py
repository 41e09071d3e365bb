"""What must be true of an event before it is scanned, and what a scan needs of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skydriver.detector.geometry import dom_positions
from skydriver.errors import EventContentError, SettingError
from skydriver.events.selection import Selection, select
from skydriver.recos.registry import find_reco
from skydriver.scan.planner import PlanSettings
from skydriver.scan.progression import parse_nsides
from skydriver.services.sky_region import WHOLE_SKY
from skydriver.skymap.calibration import CALIBRATIONS, read_calibration

if TYPE_CHECKING:
    from pathlib import Path

    from skydriver.events.cleaning import Cleaned
    from skydriver.events.event import Event
    from skydriver.recos.base import Reconstruction
    from skydriver.scan.progression import Progression
    from skydriver.services.sky_region import SkyRegion
    from skydriver.skymap.calibration import Calibration

DEFAULT_RECO = "pandel_mpe"
DEFAULT_NSIDES = "8:0,64:12,512:24"
POINTED_NSIDES = "64:0,512:12"
"""Of a scan that knows where to look. It begins with pixels of 0.9 degrees, which the valley of a track's likelihood is
not missed between, and ends on the grid of the usual scan: a variant that changes nothing finds the same pixel. Half as
many pixels as usual are refined, 10 square degrees, for no islands far away are looked for."""
MAX_WORKERS = 1024


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What a user asks for, checked as far as it can be without an event.

    Raises
    ------
    SettingError
        Naming the argument that is at fault.
    """

    reco: str = DEFAULT_RECO
    nsides: str = DEFAULT_NSIDES
    predictive_scanning_threshold: float = 1.0
    max_reco_time_s: float | None = None
    """Limit on the CPU time of one fit; None: the algorithm's own."""
    workers: int = 1
    selection: Selection = field(default_factory=Selection)
    """Which of the event's pulses are fitted."""
    region: SkyRegion = WHOLE_SKY
    """The part of the sky to look at."""
    enclose: bool = False
    """Whether the last stage is widened until it encloses the 90 % region."""
    systematics: bool = False
    """Whether variants of the fit are scanned around the result."""
    calibration: Path | None = None
    """File of a table made by ``skydriver calibrate``; None: what the algorithm carries."""

    def __post_init__(self) -> None:
        """Check every argument."""
        self.plan_settings()
        if self.max_reco_time_s is not None and not 0.001 <= self.max_reco_time_s <= 1e6:
            raise SettingError("max_reco_time", f"{self.max_reco_time_s} is not between 0.001 and 1000000 seconds")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise SettingError("workers", f"{self.workers} is not between 1 and {MAX_WORKERS}")

    @property
    def progression(self) -> Progression:
        """The stages."""
        return parse_nsides(self.nsides)

    def algorithm(self) -> Reconstruction:
        """The algorithm asked for."""
        return find_reco(self.reco)

    def plan_settings(self, mjd: float | None = None) -> PlanSettings:
        """What the planner needs for an event at the time `mjd` (UTC); without a time it is that of the whole sky.

        Raises
        ------
        SettingError
            Naming ``zenith_band``, if the region is empty at that time.
        """
        inside = None if mjd is None else self.region.inside(mjd)
        rounds = self.algorithm().info.rounds
        return PlanSettings(self.progression, rounds, self.predictive_scanning_threshold, inside)

    def calibration_table(self) -> Calibration | None:
        """What is known of the algorithm's errors beyond statistics; None where nothing is.

        Raises
        ------
        SettingError
            Naming ``calibration``, where the file is none or is for another algorithm.
        """
        info = self.algorithm().info
        if self.calibration is None:
            return None if info.calibration is None else CALIBRATIONS[info.calibration]
        table = read_calibration(self.calibration)
        if not table.fits(info.name, info.version):
            problem = f"{table.name} is for {table.algorithm} {table.algorithm_version}, not {info.name} {info.version}"
            raise SettingError("calibration", problem)
        return table

    def fit_limit_s(self) -> float:
        """Limit on the CPU time of one fit."""
        return self.max_reco_time_s or self.algorithm().info.max_reco_time_s


def prepare(event: Event, request: ScanRequest) -> Cleaned:
    """Clean the event's pulses and leave out what the request excludes.

    Raises
    ------
    EventContentError
        If fewer DOMs are left than the algorithm can fit.
    SettingError
        If the event lacks the series asked for.
    """
    cleaned = select(event, request.selection, dom_positions())
    info = request.algorithm().info
    if cleaned.nch < info.min_doms:
        series = request.selection.series_of(event)
        steps = "cleaning and selection" if cleaned.n_excluded else "cleaning"
        found = f"{cleaned.nch} of {event.series[series].n_dom} DOMs are left after {steps}"
        raise EventContentError(series, f"{found}, but {info.name} needs at least {info.min_doms}")
    return cleaned
