"""What may be published of a map: from a scan that has just ended, or from the files that one left."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from skydriver.errors import ResultError, SettingError
from skydriver.services.summary import summary_beside
from skydriver.skymap.cells import cells_of
from skydriver.skymap.checks import check_publishable
from skydriver.skymap.map_regions import level_quote, regions_with
from skydriver.skymap.provenance import is_name
from skydriver.skymap.publication import Direction, Publication, Quote
from skydriver.skymap.read import read_map

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from skydriver.services.summary import Regions, Summary
    from skydriver.skymap.skymap import BestFit, SkyMap

UNKNOWN = "unknown"
"""Stands for what a map from elsewhere does not tell."""
SAME_AREA = 0.01
"""By so much, relatively, the area in a summary may differ from that of its map."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What is to be said of a map that does not say it itself."""

    algorithm: str = UNKNOWN
    """Who made it."""
    levels: str | None = None
    """Name of calibrated levels on 2 delta-llh that hold for it."""
    part_of_sky: bool = False
    """Whether it is of a part of the sky on purpose."""
    flipped_declination: bool = False
    """Whether its declination has the wrong sign, as in files from before 2023."""


def read_publication(path: Path, foreign: Foreign) -> Publication:
    """What may be published of the map in a file; the summary beside it says what was found out about the event.

    Raises
    ------
    ResultError
        If a file cannot be read, the map is none that can be published, or the summary is of another map.
    SettingError
        If `foreign` says otherwise what the map says itself.
    """
    check_algorithm(foreign)
    skymap = read_map(path, flipped_declination=foreign.flipped_declination)
    with_summary = foreign.levels is None and skymap.provenance is not None
    return publication_with(skymap, foreign, summary_beside(path) if with_summary else None)


def check_algorithm(foreign: Foreign) -> None:
    """A `SettingError` where what is said to have made a map is no name."""
    if not is_name(foreign.algorithm):
        raise SettingError("algorithm", f"{foreign.algorithm[:40]!r} is no name of letters, digits and underscores")


def publication_with(skymap: SkyMap, foreign: Foreign, summary: Summary | None) -> Publication:
    """What may be published of a map, with its summary where there is one; errors as of `read_publication`."""
    made = skymap.provenance
    if foreign.part_of_sky and made is not None and not made.region:
        raise SettingError("part_of_sky", "the map says itself that the whole sky was to be scanned")
    check_publishable(skymap, part_of_sky=foreign.part_of_sky)
    if foreign.levels is not None:
        quote = level_quote(skymap, foreign.levels, foreign.algorithm)
        return publication_of(skymap, None, None if skymap.partial else quote, foreign.algorithm)
    if made is None:
        return publication_of(skymap, None, None, foreign.algorithm)
    if foreign.algorithm not in {UNKNOWN, made.algorithm}:
        raise SettingError("algorithm", f"the map says itself that it is of {made.algorithm}")
    if summary is None:
        return publication_of(skymap, None, None)
    _check_same(summary, skymap)
    return publication_of(skymap, summary, summary_quote(skymap, summary))


def publication_of(
    skymap: SkyMap, summary: Summary | None, quote: Quote | None, algorithm: str = UNKNOWN
) -> Publication:
    """What may be published of a map with a best fit.

    Parameters
    ----------
    skymap
        The map.
    summary
        What was found out about its event; None where nothing was.
    quote
        What may be quoted of it.
    algorithm
        Who made the map, if it came without provenance.
    """
    made = skymap.provenance
    why_not = why_not_quoted(summary, made.algorithm if made else None, partial=skymap.partial)
    publication = Publication(
        skymap=skymap,
        best=best_of(skymap),
        cells=cells_of(skymap),
        algorithm=algorithm if made is None else made.algorithm,
        algorithm_version="" if made is None else made.algorithm_version,
        quote=quote,
        why_not="" if quote is not None else why_not,
    )
    if summary is not None:
        return _with_summary(publication, summary)
    return publication if quote is None else replace(publication, headline=f"regions by {quote.calibration}")


def best_of(skymap: SkyMap) -> BestFit:
    """The best fit of a map; a `ResultError` where it has none."""
    best = skymap.best_fit()
    if best is None:
        raise ResultError("every pixel of the map has failed: there is no best fit to publish")
    return best


def _with_summary(publication: Publication, summary: Summary) -> Publication:
    return replace(
        publication,
        topology=summary.topology.label,
        headline=summary.headline.text,
        answer=summary.verdict.answer,
        reasons=tuple(summary.verdict.reasons),
        looks=tuple(Direction(look.name, look.ra_deg, look.dec_deg) for look in summary.first_looks),
        stated=MappingProxyType(dict(summary.event_stated)),
    )


def why_not_quoted(summary: Summary | None, algorithm: str | None, *, partial: bool) -> str:
    """Why nothing is quoted of a map, a sentence without a stop.

    Parameters
    ----------
    summary
        What was found out about its event; None where nothing was.
    algorithm
        What made it; None of a map from elsewhere.
    partial
        Whether it is not whole.
    """
    if partial:
        return "the scan was interrupted: the map is partial"
    if algorithm is None:
        return "the map was made elsewhere, and no calibrated levels were asked for"
    if summary is None:
        return "there is no summary beside the map, so nothing is known of the event"
    reasons = {
        "through-going": f"no calibration of {algorithm} speaks of such events",
        "cascade": "it is a cascade: its direction is not known",
        "unknown": _first_no(summary.verdict.reasons),
    }
    label = summary.topology.label
    return reasons.get(label, f"it is a {label} track, for which {algorithm} is not fit: the map is diagnostic")


def _first_no(reasons: Sequence[str]) -> str:
    """The first reason for a no, which says why the kind of event is not known."""
    found = (reason.removeprefix("no: ") for reason in reasons if reason.startswith("no: "))
    return next(found, "it is not known to be a track through the detector")


def _check_same(summary: Summary, skymap: SkyMap) -> None:
    """Refuse a summary of another map."""
    best, made, said = best_of(skymap), skymap.provenance, summary.best_fit
    pairs = {
        "run_id": (summary.run_id, skymap.event.run_id),
        "event_id": (summary.event_id, skymap.event.event_id),
        "algorithm": (summary.algorithm, made.algorithm if made else ""),
        "partial": (summary.partial, skymap.partial),
        "best_fit.nside": (said.nside if said else None, best.nside),
        "best_fit.pixel": (said.pixel if said else None, best.pixel),
    }
    for name, (there, here) in pairs.items():
        if here != there:
            said_so = f"its {name} is {there!s:.40}, the map's {here}"
            raise ResultError(f"the summary beside the map is of another one: {said_so}")


def _quoted_of(summary: Summary) -> Regions:
    """What a summary that quotes a region rests on; only a finished scan of a through-going track has one."""
    known, label = summary.posterior, summary.topology.label
    if label != "through-going" or summary.partial or known is None:
        of = "a map without posterior" if known is None else f"a {label} event"
        of = "a partial map" if summary.partial else of
        raise ResultError(f"the summary beside the map contradicts itself: it quotes a region of {of}")
    return known


def summary_quote(skymap: SkyMap, summary: Summary) -> Quote | None:
    """What may be quoted, made again from the map; a `ResultError` where the summary is not of such a map."""
    if summary.headline.kind != "region":
        return None
    known = _quoted_of(summary)
    quote = regions_with(skymap, known.calibration, known.sigma_sys_deg, tests_only=known.tests_only).quote()
    area = quote.outline(0.9).area_deg2
    if not math.isclose(area, known.area90_deg2, rel_tol=SAME_AREA):
        raise ResultError(
            f"the summary beside the map says an area of {known.area90_deg2:.4g} deg2, the map {area:.4g}"
        )
    return quote
