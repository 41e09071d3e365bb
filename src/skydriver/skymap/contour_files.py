"""The lines around a map's regions as files: plain text, and a region file for SAOImage DS9."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skydriver.skymap.outline import Contour, Outline
    from skydriver.skymap.publication import Publication, Quote

COLOURS: Final = {"headline": "cyan", "statistical": "orange"}
"""Of DS9's own, by kind of region."""


def to_contour_text(publication: Publication) -> bytes:
    """All lines of all regions as text: what they are in comments, then a row of three numbers for each vertex.

    Returns
    -------
    bytes
        UTF-8. `numpy.loadtxt` reads polygon, right ascension and declination in degrees.

    Raises
    ------
    ResultError
        Where nothing may be quoted of the map, with the reason.
    """
    quote = publication.quoted()
    lines = [*_about(publication), *_regions(quote)]
    lines += [
        "Each polygon is closed: its last vertex is joined to its first. Its sides are parts of great circles.",
        "Around an island it runs from north over west to south, around a hole the other way.",
        "polygon ra_deg dec_deg (ICRS)",
    ]
    rows = [f"{number} {place}" for number, _, line in _polygons(quote) for place in _vertices(line)]
    return "".join(f"{line}\n" for line in [*(f"# {line}" for line in lines), *rows]).encode()


def to_ds9(publication: Publication) -> bytes:
    """All lines of all regions as a region file of SAOImage DS9; holes are excluded, the best fit is a point.

    Raises
    ------
    ResultError
        Where nothing may be quoted of the map, with the reason.
    """
    quote, best = publication.quoted(), publication.best
    lines = ["# Region file format: DS9", *(f"# {_label(line)}" for line in _about(publication)), "icrs"]
    for _, outline, line in _polygons(quote):
        look = f"color={COLOURS[outline.kind]} dash={int(outline.kind == 'statistical')}"
        sign = "" if line.area_deg2 > 0.0 else "-"
        places = ",".join(_vertices(line)).replace(" ", ",")
        lines.append(f"{sign}polygon({places}) # {look} text={{{_label(outline.name)}}}")
    lines.append(f"point({best.ra_deg:.6f},{best.dec_deg:.6f}) # point=cross color=red text={{best fit}}")
    return "".join(f"{line}\n" for line in lines).encode()


def _about(publication: Publication) -> Iterator[str]:
    """Whose lines these are."""
    event, best = publication.skymap.event, publication.best
    time = f"MJD {event.mjd:.6f} UTC" if math.isfinite(event.mjd) else "at an unknown time"
    yield _line(publication.statement)
    yield f"Run {event.run_id}, event {event.event_id}, {time}"
    yield f"Best fit: RA {best.ra_deg:.6f} Dec {best.dec_deg:+.6f} deg (ICRS)"


def _regions(quote: Quote) -> Iterator[str]:
    """What each region and each of its polygons is."""
    for outline in quote.outlines:
        end = ", not enclosed by the finest pixels" if outline.truncated else ""
        yield f"{_line(outline.name)}: level {outline.level:g}, {outline.kind}, {outline.area_deg2:.6f} deg2{end}"
        if not outline.contours:
            yield "  no polygon: it is the whole sky"
        for number, owner, line in _polygons(quote):
            if owner is outline:
                kind = "island" if line.area_deg2 > 0.0 else "hole"
                yield f"  polygon {number}: {kind}, {abs(line.area_deg2):.6f} deg2, {len(line.ra_deg)} vertices"


def _polygons(quote: Quote) -> Iterable[tuple[int, Outline, Contour]]:
    """All polygons of all regions, numbered from 1."""
    pairs = [(outline, line) for outline in quote.outlines for line in outline.contours]
    return [(number, *pair) for number, pair in enumerate(pairs, 1)]


def _vertices(line: Contour) -> Iterator[str]:
    """Right ascension and declination of each, degrees."""
    for ra, dec in zip(line.ra_deg.tolist(), line.dec_deg.tolist(), strict=True):
        yield f"{ra:.6f} {dec:.6f}"


def _line(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def _label(text: str) -> str:
    """A text on one line that ends neither a DS9 text nor a DS9 command."""
    return _line(text).translate(str.maketrans("{};", "(),"))
