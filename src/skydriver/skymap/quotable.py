"""Whether a map may be announced, and what its notice and its circular both say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skydriver.errors import ResultError
from skydriver.events.utctime import mjd_to_iso
from skydriver.skymap.contours import contains_place
from skydriver.skymap.offsets import separations_deg

if TYPE_CHECKING:
    from skydriver.skymap.outline import Outline
    from skydriver.skymap.publication import Publication, Quote


def quotable(publication: Publication) -> Quote:
    """What may be quoted.

    Raises
    ------
    ResultError
        If nothing may, saying why.
    """
    quote = publication.quoted()
    if publication.skymap.provenance is None:
        raise ResultError("the map was made elsewhere: only maps of our own are announced")
    if publication.skymap.partial:
        raise ResultError("the map is partial: the scan that made it was not finished")
    return quote


def start_utc(publication: Publication) -> str | None:
    """When the event began, ISO-8601 with Z to the microsecond; None where the map does not say.

    Raises
    ------
    ResultError
        If what it says is no time of an IceCube event.
    """
    mjd = publication.skymap.event.mjd
    try:
        return None if math.isnan(mjd) else mjd_to_iso(mjd)
    except ValueError as error:
        raise ResultError(str(error)) from error


def containing_radius_deg(outline: Outline, ra_deg: float, dec_deg: float) -> float:
    """Radius of the smallest circle about a direction that holds all of a region's contours, degrees."""
    lines = outline.contours
    if not lines or contains_place(lines, outline.area_deg2, (ra_deg + 180.0) % 360.0, -dec_deg):
        return 180.0
    return max(float(separations_deg(ra_deg, dec_deg, line.ra_deg, line.dec_deg).max()) for line in lines)


def marks(publication: Publication) -> tuple[str, ...]:
    """What must be said before anything else: that an event is simulated, that an announcement is a test."""
    simulated = () if publication.skymap.event.is_real_event else ("SIMULATED EVENT",)
    is_test = publication.quote is not None and publication.quote.tests_only
    return (*simulated, *(("TEST",) if is_test else ()))


def decimals(size: float) -> int:
    """How many decimals a size in degrees or square degrees is told with: two, or more, so that two digits are left."""
    return 2 if not 0.0 < size < 0.1 else 1 - math.floor(math.log10(size))


def size_text(size: float) -> str:
    """A size, never rounded to nothing."""
    return f"{size:.{decimals(size)}f}"


def calibration_text(quote: Quote) -> str:
    """What the calibration is good for, a sentence."""
    use = "for tests only" if quote.tests_only else "not restricted to tests"
    return f"The calibration of the errors, {quote.calibration}, is {use}."


def stated_text(publication: Publication) -> str:
    """What the event states of itself, by its own names; empty where nothing is known of that."""
    if not publication.stated:
        return ""
    items = ", ".join(f"{name} {number:.6g}" for name, number in publication.stated.items())
    proxies = any(name.startswith("reco.energy.") for name in publication.stated)
    unit = " Those of reco.energy are measures of a muon's energy in GeV, not the neutrino's." if proxies else ""
    return f"The event itself states, by its own names: {items}.{unit}"


def cautions_text(publication: Publication) -> str:
    """Why the result is not to be used without a second look; empty where there is no such reason."""
    reasons = [reason for reason in publication.reasons if not reason.startswith("yes")]
    if publication.answer == "yes" or not reasons:
        return ""
    return f"Whether it may be used: {'; '.join(reasons)}."
