"""A scan of an event whose truth is known, and what it says of the truth."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import hpgeom
import numpy as np

import skydriver
from skydriver.detector.coordinates import angular_distance, direction_vector, earth_orientation_table, local_to_icrs
from skydriver.detector.geometry import geometry_hash
from skydriver.errors import EventContentError, EventError, InputError, TaskInputError
from skydriver.scan.fits import Finished
from skydriver.scan.pixels import centres
from skydriver.services.directions import DECIMALS, pixel_directions
from skydriver.services.inline_scan import scan_inline
from skydriver.services.preparation import DEFAULT_NSIDES, POINTED_NSIDES, ScanRequest, prepare
from skydriver.services.result import CLEANING, identity, map_of
from skydriver.services.sky_region import SkyRegion
from skydriver.services.topology import topology
from skydriver.simulation.events import VERSION as SIMULATOR_VERSION
from skydriver.skymap.calibration import THREE_ALERT_FLOOR
from skydriver.skymap.cells import cells_of
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.posterior import level_at, posterior, probabilities
from skydriver.skymap.regions import WILKS, wilks_region
from skydriver.worker.attempt import attempt
from skydriver.worker.task import PixelTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skydriver.events.cleaning import Cleaned
    from skydriver.events.event import Event
    from skydriver.recos.base import EventFitter
    from skydriver.scan.planner import Ledger
    from skydriver.services.calibration.known_events import KnownEvent, Truth
    from skydriver.skymap.cells import Cells

CARRIED_FLOOR_DEG: Final = THREE_ALERT_FLOOR.bands[0].sigma_sys_deg
"""The floor that `pandel_mpe` carries until it is calibrated."""
SIGMAS_DEG: Final = tuple(sorted({*np.geomspace(0.05, 3.0, 24).round(4).tolist(), CARRIED_FLOOR_DEG}))
"""Floors for which the level of the truth is found."""
N_NEAREST: Final = 4
"""From the vertices of so many pixels beside the truth it is fitted, and from the algorithm's own seeds."""


@dataclass(frozen=True, slots=True)
class TruthScanSettings:
    """How each event is scanned.

    Raises
    ------
    SettingError
        Naming ``reco``, ``nsides`` or ``radius``.
    """

    reco: str
    nsides: str
    radius_deg: float | None
    """Of the disc that is scanned; None: the whole sky."""

    def __post_init__(self) -> None:
        """Check them without an event."""
        self.request((0.0, 0.0))

    @classmethod
    def of(cls, reco: str, nsides: str | None, radius_deg: float, *, blind: bool) -> TruthScanSettings:
        """From options; without nsides those that suit a pointed or a blind scan."""
        return cls(reco, nsides or (DEFAULT_NSIDES if blind else POINTED_NSIDES), None if blind else radius_deg)

    def request(self, center_deg: tuple[float, float]) -> ScanRequest:
        """A scan around a place, of which a blind scan makes no use."""
        region = SkyRegion() if self.radius_deg is None else SkyRegion(center_deg, self.radius_deg)
        return ScanRequest(self.reco, self.nsides, region=region)

    def described(self) -> dict[str, Any]:
        """These settings, and all else in the software that a record's numbers depend on, as JSON."""
        algorithm = ScanRequest(self.reco).algorithm()
        return {
            **asdict(self),
            "algorithm_version": algorithm.info.version,
            "rounds": algorithm.info.rounds,
            "tables": dict(algorithm.provenance()),
            "sigmas_deg": list(SIGMAS_DEG),
            "cleaning": CLEANING,
            "geometry_hash": geometry_hash(),
            "earth_orientation": earth_orientation_table(),
            "simulator_version": SIMULATOR_VERSION,
            "software_version": skydriver.__version__,
        }


@dataclass(frozen=True, slots=True)
class Measured:
    """What a scan says of the truth."""

    topology: str
    """The label that the event was given."""
    charge_pe: float
    """Of the cleaned pulses."""
    n_dom: int
    energy_gev: float | None
    """True energy; None where it is not known."""
    offset_deg: float
    """From the best pixel to the truth."""
    rise: float
    """2 delta-llh of a fit at the truth above the lowest fit, 0 where none is lower."""
    in_wilks90: bool
    wilks90_area_deg2: float
    wilks90_truncated: bool
    """Whether the finest pixels do not enclose that region."""
    statistical_level: float
    """Of the smallest region of the statistical posterior that holds the truth."""
    levels: tuple[float, ...]
    """The same for the posterior convolved with each of `SIGMAS_DEG`."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event: what was measured, or why nothing was."""

    name: str
    content_hash: str | None
    """Of the event; None where it cannot be read."""
    reason: str | None
    found: Measured | None

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Record:
        """From `to_json`'s form; ValueError, KeyError or TypeError where it is none."""
        found = content["found"]
        if found is not None:
            found = Measured(**{**found, "levels": tuple(map(float, found["levels"]))})
            if len(found.levels) != len(SIGMAS_DEG):
                raise ValueError(f"has {len(found.levels)} levels, not {len(SIGMAS_DEG)}")
        return cls(content["name"], content["content_hash"], content["reason"], found)


def measure_known(known: KnownEvent, settings: TruthScanSettings) -> Record:
    """The record of an event, also of one that cannot be read."""
    try:
        event, truth = known.load()
    except EventError as error:
        return Record(known.name, None, str(error), None)
    return measure(known.name, event, truth, settings)


def measure(name: str, event: Event, truth: Truth, settings: TruthScanSettings) -> Record:
    """Scan an event and compare with its truth.

    An event that cannot be fitted, and one whose truth was not scanned, is recorded with the reason.
    """
    try:
        return Record(name, event.content_hash, None, _Scan(event, truth, settings).measured())
    except (InputError, TaskInputError) as error:
        return Record(name, event.content_hash, str(error), None)


def drawn_center(content_hash: str, ra_deg: float, dec_deg: float, within_deg: float) -> tuple[float, float]:
    """A place that an event's hash draws, uniform on the sphere within an angle of another place; degrees."""
    digest = hashlib.sha256(f"center {content_hash}".encode()).digest()
    height, turn = (int.from_bytes(digest[begin : begin + 8]) / 2.0**64 for begin in (0, 8))
    cosine = 1.0 - height * (1.0 - math.cos(math.radians(within_deg)))
    sine, around, dec = math.sqrt(1.0 - cosine**2), 2.0 * math.pi * turn, math.radians(dec_deg)
    north = sine * math.cos(around)
    height_there = cosine * math.sin(dec) + north * math.cos(dec)
    along = cosine * math.cos(dec) - north * math.sin(dec)
    east = math.atan2(sine * math.sin(around), along)
    there = math.degrees(math.asin(max(-1.0, min(1.0, height_there))))
    return round((ra_deg + math.degrees(east)) % 360.0, 6), round(there, 6)


def statistical_level(cells: Cells, ra_deg: float, dec_deg: float) -> float:
    """The probability of all that is at least as dense as the cell that holds a place.

    Raises
    ------
    EventContentError
        If no cell holds it.
    """
    for nside in np.unique(cells.nside)[::-1].tolist():
        pixel = hpgeom.angle_to_pixel(nside, ra_deg, dec_deg, nest=False)
        holds = (cells.nside == nside) & (cells.pixel == pixel)
        if holds.any():
            denser = cells.llh <= cells.llh[holds][0]
            return min(1.0, math.fsum(probabilities(cells)[denser].tolist()))
    raise EventContentError("truth", "lies outside of what was scanned, or its pixel has no value")


class _Place(NamedTuple):
    """The truth, in the sky and in the detector."""

    ra_deg: float
    dec_deg: float
    direction: tuple[float, float, float]


class _Scan:
    """A finished scan of one event.

    Raises
    ------
    EventError
        If the event cannot be scanned.
    """

    def __init__(self, event: Event, truth: Truth, settings: TruthScanSettings) -> None:
        self.event, self.energy_gev = event, truth.energy_gev
        self.mjd = event.header.mjd
        self.truth = _place(truth, self.mjd)
        sky = self.truth.ra_deg, self.truth.dec_deg
        request = settings.request(drawn_center(event.content_hash, *sky, (settings.radius_deg or 0.0) / 2.0))
        self.cleaned: Cleaned = prepare(event, request)
        self.fitter: EventFitter = request.algorithm().bind(self.cleaned.pulses)
        self.ledger: Ledger = scan_inline(request, self.fitter, self.mjd)

    def measured(self) -> Measured:
        """What it says; an `EventError` where it says nothing."""
        best = self.ledger.best()
        if best is None:
            raise EventContentError("scan", "every pixel failed")
        skymap = map_of(self.ledger, identity(self.event))
        cells, sky = cells_of(skymap), (self.truth.ra_deg, self.truth.dec_deg)
        level, rise, wilks = statistical_level(cells, *sky), self._rise(best), wilks_region(skymap, cells, 0.9)
        return Measured(
            topology=self._label(best),
            charge_pe=self.cleaned.qtot,
            n_dom=self.cleaned.nch,
            energy_gev=self.energy_gev,
            offset_deg=separation_deg(*_sky_deg(best), *sky),
            rise=rise,
            in_wilks90=rise <= WILKS[0.9],
            wilks90_area_deg2=wilks.area_deg2,
            wilks90_truncated=wilks.truncated,
            statistical_level=level,
            levels=tuple([level_at(posterior(cells, sigma), *sky) for sigma in SIGMAS_DEG]),
        )

    def _label(self, best: Finished) -> str:
        direction = pixel_directions(best.wanted.nside, [best.wanted.pixel], self.mjd)[0]
        return topology(self.event, self.cleaned.pulses, direction, (best.x, best.y, best.z), best.t).label

    def _rise(self, best: Finished) -> float:
        """2 delta-llh of the truth above the lowest fit."""
        at_truth = min(self._llh_at_truth(), default=math.nan)
        if not math.isfinite(at_truth):
            raise EventContentError("truth", "no fit there has a finite llh")
        return 2.0 * (at_truth - min(at_truth, best.llh))

    def _llh_at_truth(self) -> Iterator[float]:
        """The finite llh of fits at the truth: one from each of the nearest pixels' vertices, one from own seeds."""
        for seeds in (*((vertex,) for vertex in self._nearest_vertices()), ()):
            fit, error = attempt([self.fitter], PixelTask(self.truth.direction, seeds))
            if not error:
                yield float(fit[0])

    def _nearest_vertices(self) -> list[tuple[float, float, float, float]]:
        """Vertices of the pixels nearest to the truth, the finest where it was refined."""
        here, near = np.radians([self.truth.ra_deg, self.truth.dec_deg]), list[tuple[float, Finished]]()
        for nside, stage in self.ledger.final_fits().items():
            fits = [fit for fit in stage.fits if math.isfinite(fit.llh)]
            away = angular_distance(*centres(nside, [fit.wanted.pixel for fit in fits]), *here)
            near += zip(away.tolist(), fits, strict=True)
        near.sort(key=lambda pair: (pair[0], pair[1].wanted))
        return [(fit.x, fit.y, fit.z, fit.t) for _, fit in near[:N_NEAREST]]


def _place(truth: Truth, mjd: float) -> _Place:
    ra, dec = (math.degrees(float(x)) for x in local_to_icrs(truth.zenith_rad, truth.azimuth_rad, mjd))
    x, y, z = np.round(direction_vector(truth.zenith_rad, truth.azimuth_rad), DECIMALS).tolist()
    return _Place(ra, dec, (x, y, z))


def _sky_deg(fit: Finished) -> tuple[float, float]:
    """Right ascension and declination of a fit's pixel."""
    ra, dec = centres(fit.wanted.nside, [fit.wanted.pixel])
    return math.degrees(float(ra[0])), math.degrees(float(dec[0]))
