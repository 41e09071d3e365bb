"""The text of a circular: what a person may paste and complete, in the form that the field is used to."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from skydriver.skymap.quotable import (
    calibration_text,
    cautions_text,
    decimals,
    marks,
    quotable,
    size_text,
    start_utc,
    stated_text,
)
from skydriver.skymap.sources import nearest_source, sources_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skydriver.skymap.outline import Outline
    from skydriver.skymap.publication import Direction, Publication
    from skydriver.skymap.sources import Source

WIDTH: Final = 80
"""Columns of a line of prose."""
MAX_LISTED: Final = 100
"""Sources that are listed; of more it is said how many."""
MARKS: Final = {
    "SIMULATED EVENT": "SIMULATED EVENT: nothing was seen in the sky.",
    "TEST": "TEST: not to be distributed as an alert.",
}


def circular(
    publication: Publication,
    sources: Sequence[Direction] | None = None,
    catalogue_name: str = "",
    event_name: str | None = None,
) -> str:
    """The text, plain lines that end with a line feed.

    Parameters
    ----------
    publication
        The map and what was found out about it.
    sources
        Of a catalogue; None where there is none: then nothing is said of sources.
    catalogue_name
        What the catalogue is called in the text.
    event_name
        The collaboration's, for example ``IceCube-231202A``; None where it has none.

    Raises
    ------
    ResultError
        If nothing may be quoted of the map.
    """
    quote = quotable(publication)
    first = " ".join(MARKS[mark] for mark in marks(publication))
    prose = [
        publication.statement,
        calibration_text(quote),
        _topology(publication),
        _areas(quote.outline(0.9), quote.outline(0.5)),
        cautions_text(publication),
        stated_text(publication),
    ]
    about_sources = (
        []
        if sources is None
        else [_sources(publication, quote.outline(0.9), sources, catalogue_name or "the catalogue")]
    )
    parts = [first, _wrapped(prose[0]), _facts(publication, quote.outline(0.9), event_name), *map(_wrapped, prose[1:])]
    return "\n\n".join(part for part in (*parts, *about_sources) if part) + "\n"


def _facts(publication: Publication, outline: Outline, event_name: str | None) -> str:
    """Which event, when and where, a line for each."""
    event, best, errors = publication.skymap.event, publication.best, outline.errors
    name = f"{' '.join(event_name.split())}, " if event_name else ""
    date, time = (start_utc(publication) or "unknownTunknown").removesuffix("Z").split("T")
    ra_places, dec_places = _places(errors[:2]), _places(errors[2:])
    # Rounded up to 360 it is 0 again; a declination of exactly 0 has no minus.
    ra, dec = round(best.ra_deg, ra_places) % 360.0, best.dec_deg + 0.0
    return "\n".join(
        (
            f"Event: {name}run {event.run_id}, event {event.event_id}",
            f"Date: {date}",
            f"Time: {time} UTC",
            f"RA: {ra:.{ra_places}f} {_containment(errors.ra_plus_deg, errors.ra_minus_deg)} J2000",
            f"Dec: {dec:+.{dec_places}f} {_containment(errors.dec_plus_deg, errors.dec_minus_deg)} J2000",
        )
    )


def _places(errors: tuple[float, ...]) -> int:
    return max(map(decimals, errors))


def _containment(plus_deg: float, minus_deg: float) -> str:
    """Both in degrees of the coordinate, with as many decimals as the smaller needs."""
    places = _places((plus_deg, minus_deg))
    return f"(+{plus_deg:.{places}f}/-{minus_deg:.{places}f} deg 90% PSF containment)"


def _topology(publication: Publication) -> str:
    if publication.topology == "unknown":
        return "The kind of event was not determined."
    return f"Kind of event: {publication.topology}."


def _areas(most: Outline, half: Outline) -> str:
    """How large the regions are, and what the errors cannot say of them."""
    sizes = f"90% {size_text(most.area_deg2)}, 50% {size_text(half.area_deg2)} square degrees"
    text = f"Area of the regions: {sizes}. Errors of right ascension are degrees of the coordinate."
    if most.errors.ra_plus_deg >= 180.0 and most.errors.ra_minus_deg >= 180.0:
        text += " The 90% region reaches around a pole: every right ascension is in it."
    if most.truncated:
        text += " A part of the 90% region lies outside what was scanned finely."
    return text


def _sources(publication: Publication, outline: Outline, sources: Sequence[Direction], name: str) -> str:
    """The catalogue's sources inside the region or, if none is, the nearest."""
    found = sources_inside(outline, sources, publication.best)
    if found:
        plural = "source" if len(found) == 1 else "sources"
        return "\n".join((_wrapped(f"Inside the 90% region: {len(found)} {plural} of {name}."), *_listed(found)))
    nearest = nearest_source(sources, publication.best)
    if nearest is None:
        return _wrapped(f"There is no source in {name}.")
    return "\n".join((_wrapped(f"Inside the 90% region: no source of {name}; the nearest:"), *_listed([nearest])))


def _listed(found: Sequence[Source]) -> Iterator[str]:
    """A line for each, the nearest first."""
    for (name, ra, dec), away in found[:MAX_LISTED]:
        place = f"RA {round(ra, 4) % 360.0:.4f}, Dec {dec + 0.0:+.4f} deg"
        yield f"  {name}: {place}, {size_text(away)} deg from the best fit"
    if len(found) > MAX_LISTED:
        yield f"  and {len(found) - MAX_LISTED} more, farther away"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
