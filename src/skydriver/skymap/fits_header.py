"""What the FITS files of a map say of it: every keyword declared once, for the writers and for the documents."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

import skydriver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from skydriver.skymap.outline import Outline
    from skydriver.skymap.provenance import Provenance
    from skydriver.skymap.publication import Publication, Quote

Value = str | bool | int | float
Subject = TypeVar("Subject")
NAME: Final = "SkyDriver"
"""Who sends it: never IceCube."""
_MJD_ZERO: Final = dt.datetime(1858, 11, 17)  # noqa: DTZ001 (FITS writes UTC without a zone)


class Keyword(NamedTuple, Generic[Subject]):
    """A keyword of a header."""

    name: str
    """At most eight letters."""
    unit: str
    """Empty for a pure number and for text."""
    meaning: str
    """Of at most 47 letters, the unit included, so that it fits beside a number."""
    value: Callable[[Subject], Value | None]
    """What it says; it is left out where that is None or no finite number."""

    @property
    def comment(self) -> str:
        """The meaning, its unit in front as the FITS standard (4.0, section 4.3.2) recommends."""
        return f"[{self.unit}] {self.meaning}" if self.unit else self.meaning


class Card(NamedTuple):
    """One line of a header."""

    name: str
    value: Value
    comment: str


def cards(publication: Publication) -> list[Card]:
    """What a header says of a map, ASCII only, the same for equal maps."""
    return _cards(KEYWORDS, publication)


def region_cards(outline: Outline) -> list[Card]:
    """What a header says of one region."""
    return _cards(REGION_KEYWORDS, outline)


def ascii_text(text: str) -> str:
    r"""Text as FITS can hold it: what is not printable ASCII becomes ``\xe9``, ``\u2192`` or ``\n``, as in Python."""
    return "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode("ascii") for c in text)


def date_obs(mjd: float) -> str | None:
    """UTC as FITS writes it, to a microsecond, of a Modified Julian Date; None where it is no date up to the year 9999.

    A double of today's MJD is good to 0.6 microseconds. Every day has 86,400 s, as in `skydriver.events.utctime`.
    """
    try:
        return (_MJD_ZERO + dt.timedelta(days=mjd)).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return None


def _cards(keywords: Iterable[Keyword[Subject]], subject: Subject) -> list[Card]:
    found = []
    for keyword in keywords:
        value = keyword.value(subject)
        if isinstance(value, str):
            value = ascii_text(value)
        if value is not None and not (isinstance(value, float) and not math.isfinite(value)):
            found.append(Card(keyword.name, value, keyword.comment))
    return found


def _event(
    name: str, meaning: str, value: Callable[[Publication], Value | None], unit: str = ""
) -> Keyword[Publication]:
    return Keyword(name, unit, meaning, value)


def _quoted(name: str, meaning: str, value: Callable[[Quote], Value | None], unit: str = "") -> Keyword[Publication]:
    """Left out where nothing may be quoted."""
    return Keyword(name, unit, meaning, lambda p: None if p.quote is None else value(p.quote))


def _made(name: str, meaning: str, value: Callable[[Provenance], Value | None], unit: str = "") -> Keyword[Publication]:
    """Left out where the map came without its provenance."""

    def of_map(publication: Publication) -> Value | None:
        provenance = publication.skymap.provenance
        return None if provenance is None else value(provenance)

    return Keyword(name, unit, meaning, of_map)


def _listed(pairs: Mapping[str, object]) -> str | None:
    """``name=value; name=value``, None for none."""
    return "; ".join(f"{name}={value}" for name, value in pairs.items()) or None


def _reach(level: float) -> tuple[Keyword[Publication], ...]:
    """How far the headline region of a level reaches, and how large it and the statistical one are."""
    n = f"{100 * level:.0f}"

    def of(name: str, meaning: str, value: Callable[[Outline], Value], unit: str = "deg") -> Keyword[Publication]:
        return _quoted(f"{name}{n}", meaning, lambda quote: value(quote.outline(level)), unit)

    return (
        of("RAPLUS", f"{n} % region: reach east, no cos dec", lambda line: line.errors.ra_plus_deg),
        of("RAMIN", f"{n} % region: reach west, no cos dec", lambda line: line.errors.ra_minus_deg),
        of("DEPLUS", f"{n} % region: reach north of DEC", lambda line: line.errors.dec_plus_deg),
        of("DEMIN", f"{n} % region: reach south of DEC", lambda line: line.errors.dec_minus_deg),
        of("RALO", f"{n} % region: western edge", lambda line: line.rectangle.ra_min_deg),
        of("RAHI", f"{n} % region: eastern; < RALO{n} across 0", lambda line: line.rectangle.ra_max_deg),
        of("DELO", f"{n} % region: southern edge", lambda line: line.rectangle.dec_min_deg),
        of("DEHI", f"{n} % region: northern edge", lambda line: line.rectangle.dec_max_deg),
        of("AREA", f"{n} % region: solid angle", lambda line: line.area_deg2, "deg2"),
        of("TRUNC", f"{n} % region: not all in the finest stage", lambda line: line.truncated, ""),
        _quoted(f"SAREA{n}", f"{n} % by statistics only", lambda quote: _statistical_area(quote, level), "deg2"),
    )


def _statistical_area(quote: Quote, level: float) -> float | None:
    areas = [line.area_deg2 for line in quote.outlines if line.kind == "statistical" and line.level == level]
    return areas[0] if areas else None


def _nsides(provenance: Provenance) -> str:
    return ", ".join(f"{nside}:{extension}" for nside, extension in provenance.nsides)


def _name(publication: Publication) -> str:
    event = publication.skymap.event
    return f"run{event.run_id:08d}.evt{event.event_id:012d}"


KEYWORDS: Final[tuple[Keyword[Publication], ...]] = (
    _event("ORIGIN", "who made this file", lambda _: NAME),
    _event("SENDER", "who sends it; not IceCube", lambda _: NAME),
    _event("CREATOR", "program that wrote this file", lambda _: f"skydriver {skydriver.__version__}"),
    _event("INSTRUME", "detector of the event", lambda _: "IceCube"),
    _event("OBJECT", "the event", _name),
    _event("RUNID", "run of the event", lambda p: p.skymap.event.run_id),
    _event("EVENTID", "event in the run", lambda p: p.skymap.event.event_id),
    _event("EVTTYPE", "alert stream or the like", lambda p: p.skymap.event.event_type or None),
    _event("REALEVT", "real, not simulated", lambda p: p.skymap.event.is_real_event),
    _event("EVENTMJD", "start of the event, UTC", lambda p: p.skymap.event.mjd, "d"),
    _event("DATE-OBS", "start of the event, UTC", lambda p: date_obs(p.skymap.event.mjd)),
    _event("ALGO", "algorithm", lambda p: p.algorithm),
    _event("ALGOVER", "its version", lambda p: p.algorithm_version or None),
    _event("USE", "whether it may be used: yes, caution or no", lambda p: p.answer),
    _event("USEWHY", "why, the worst first", lambda p: "; ".join(p.reasons) or None),
    _event("TOPOLOGY", "kind of event", lambda p: p.topology),
    _event("PARTIAL", "whether the scan was not finished", lambda p: p.skymap.partial),
    _event("RADESYS", "reference system of RA and DEC", lambda _: "ICRS"),
    _event("RA", "best fit, centre of its pixel", lambda p: p.best.ra_deg, "deg"),
    _event("DEC", "best fit, centre of its pixel", lambda p: p.best.dec_deg, "deg"),
    _event("BESTLLH", "negative log-likelihood of the best fit", lambda p: p.best.llh),
    _event("BESTNSID", "nside of the best fit's pixel", lambda p: p.best.nside),
    _event("BESTPIX", "the best fit's pixel, RING", lambda p: p.best.pixel),
    _event(
        "SYSDENS",
        "systematics are in the probability here",
        lambda p: p.quote is not None and p.quote.posterior is not None,
    ),
    _event("SYSINCL", "systematics are in the regions quoted", lambda p: p.quote is not None),
    _event("WHYNOT", "why no region is quoted", lambda p: None if p.quote else p.why_not),
    _quoted("CALIB", "calibration of the systematic error", lambda q: q.calibration),
    _quoted("TESTONLY", "a notice made of it is a test", lambda q: q.tests_only),
    _quoted("SIGMASYS", "systematic error per axis", lambda q: q.sigma_sys_deg, "deg"),
    *_reach(0.5),
    *_reach(0.9),
    _made("NSIDES", "nside:extension of each stage planned", _nsides),
    _made("ROUNDS", "rounds of fits per stage", lambda p: p.rounds),
    _made("PREDTHR", "predictive scanning threshold", lambda p: p.predictive_scanning_threshold),
    _made("MAXRECO", "CPU time limit of one fit; none if not here", lambda p: p.max_reco_time_s, "s"),
    _made("PULSES", "pulse series", lambda p: p.pulse_series),
    _made("CLEANING", "how the pulses were cleaned", lambda p: p.cleaning),
    _made("SELECT", "pulses asked for otherwise than by default", lambda p: _listed(p.selection)),
    _made("REGION", "part of the sky scanned; all if not here", lambda p: _listed(p.region)),
    _made("COUNTS", "of the cleaned pulses", lambda p: _listed(p.counts)),
    _made("LLHMEAN", "what the log-likelihood is of", lambda p: p.llh_meaning),
    _made("EVTHASH", "sha256 of the event", lambda p: p.event_hash),
    _made("GEOHASH", "sha256 of the DOM positions", lambda p: p.geometry_hash),
    _made("ICEHASH", "sha256 of the ice model", lambda p: p.ice_hash),
    _made("TABLES", "other tables and settings of the algorithm", lambda p: _listed(p.tables)),
    _made("EARTHORI", "Earth-orientation table", lambda p: p.earth_orientation),
    _made("SCANVER", "version of skydriver that scanned", lambda p: p.software_version),
    _made("MACHINE", "processor family that scanned", lambda p: p.machine),
    _made("NOREPRO", "why another run may differ", lambda p: "; ".join(p.not_reproducible) or None),
    _made("NFAILED", "pixels whose fits all failed", lambda p: len(p.errors)),
)
"""Of every FITS file."""

REGION_KEYWORDS: Final[tuple[Keyword[Outline], ...]] = (
    Keyword("REGNAME", "", "the region in this file", lambda line: line.name),
    Keyword("REGKIND", "", "headline (what is quoted) or statistical", lambda line: line.kind),
    Keyword("REGLEVEL", "", "probability that it holds", lambda line: line.level),
    Keyword("REGAREA", "deg2", "its solid angle", lambda line: line.area_deg2),
    Keyword("REGTRUNC", "", "whether the finest stage does not enclose it", lambda line: line.truncated),
)
"""Of a region's file, besides."""

LAYOUT: Final = {
    "PIXTYPE": "HEALPix pixels",
    "ORDERING": "NUNIQ, NESTED or RING",
    "COORDSYS": "C: equatorial, ICRS",
    "INDXSCHM": "EXPLICIT by UNIQ, IMPLICIT all in order",
    "MOCORDER": "log2 of the finest nside",
    "NSIDE": "nside of the pixels",
    "FIRSTPIX": "first pixel",
    "LASTPIX": "last pixel",
    "BAD_DATA": "value of pixels that are not known",
}
"""Keywords of how pixels are stored, and their meaning; the writers say their values."""
