"""May I use it? Yes, caution or no, with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from skydriver.services.spread import contains_pixel_of
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.regions import contains

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skydriver.services.first_looks import FirstLook
    from skydriver.services.headline import Headline
    from skydriver.services.spread import Systematics, VariantResult
    from skydriver.services.topology import Topology
    from skydriver.skymap.map_regions import MapRegions
    from skydriver.skymap.publication import Quote
    from skydriver.skymap.skymap import BestFit, SkyMap

Answer = Literal["yes", "caution", "no"]
ANSWERS: Final[tuple[Answer, ...]] = ("yes", "caution", "no")
"""From the best to the worst; the worst of all reasons is the answer."""

SLIVER: Final = 0.01
"""A share of the region outside the fine map that does not matter: its edge is not known better, in pixels."""


class Reason(NamedTuple):
    """One reason and the answer it would give alone."""

    answer: Answer
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a person may use the result."""

    answer: Answer
    reasons: tuple[Reason, ...]
    """The worst first."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"answer": self.answer, "reasons": [f"{reason.answer}: {reason.text}" for reason in self.reasons]}


class Findings(NamedTuple):
    """All that the verdict rests on."""

    skymap: SkyMap
    looks: Sequence[FirstLook]
    topology: Topology | None
    """None where none was determined."""
    regions: MapRegions | None
    headline: Headline
    systematics: Systematics | None
    """None where no variant was asked for."""
    interrupted: str | None = None
    """Which of the scans was cut short (`skydriver.services.scan_run.Step`)."""
    stated: Mapping[str, float] = MappingProxyType({})
    """Energies and the like that the event itself states (`skydriver.events.stated.stated_energies`)."""


def quote_of(found: Findings) -> Quote | None:
    """What may be quoted of the map: its regions, where they are the headline."""
    regions = _quoted(found)
    return None if regions is None else regions.quote()


def _quoted(found: Findings) -> MapRegions | None:
    """The regions, where they are the headline: elsewhere nothing is measured by a region that nobody is told of."""
    return found.regions if found.headline.kind == "region" else None


def verdict(found: Findings) -> Verdict:
    """The verdict on a scan."""
    reasons = [*_of_scan(found), *_of_topology(found), *_of_region(found), *_of_looks(found), *_of_variants(found)]
    reasons.sort(key=lambda reason: -ANSWERS.index(reason.answer))
    return Verdict(reasons[0].answer, tuple(reasons))


def _of_scan(found: Findings) -> Iterator[Reason]:
    """Whether the map is whole."""
    provenance = found.skymap.provenance
    if found.skymap.partial:
        yield Reason("no", "the scan was interrupted: the map is partial")
    elif found.interrupted == "wider scan":
        yield Reason("caution", "the wider scan was interrupted: the map is the one before it")
    if found.skymap.best_fit() is None:
        yield Reason("no", "every pixel failed: there is no best fit")
    elif provenance is not None and provenance.errors:
        yield Reason("caution", f"{len(provenance.errors)} pixels have no value")
    if provenance is not None and provenance.region:
        yield Reason("caution", "only a part of the sky was scanned: a better direction may lie outside")


def _of_topology(found: Findings) -> Iterator[Reason]:
    """Whether it is a track."""
    if found.topology is None:
        if not found.skymap.partial and found.skymap.best_fit() is not None:
            yield Reason("no", "the algorithm fits no track: nothing can be said of the event")
        return
    label, quoted = found.topology.label, found.headline
    if label == "through-going":
        yield Reason("yes", "it is a through-going track")
    elif label == "cascade":
        yield Reason("no", "it is a cascade: its vertex is quoted and no direction")
    elif found.topology.at_edge:
        yield Reason("no", "the best fit lies at the edge of what was scanned: the event may have come from elsewhere")
    elif label == "unknown":
        yield Reason("no", "it is not known to be a track: no direction is quoted")
    elif quoted.kind == "first_look":
        error = "which states no error" if quoted.error_deg is None else f"error {quoted.error_deg:.2f} deg"
        yield Reason("caution", f"it is a {label} track: use the event's own {quoted.source} ({error}), not this map")
    else:
        yield Reason("no", f"it is a {label} track, and the event came with no first look to use")


def _of_region(found: Findings) -> Iterator[Reason]:
    """Whether the region is known and enclosed."""
    regions = _quoted(found)
    if regions is None:
        if found.topology is not None and found.topology.label == "through-going":
            yield Reason("no", "no calibration speaks of such events: there is no region to quote")
        return
    if regions.share_outside > SLIVER:
        share = f"{100.0 * regions.share_outside:.0f}%"
        yield Reason("caution", f"{share} of the 90% region lies outside the fine map (see --enclose)")
    elif regions.truncated:
        yield Reason("yes", "the fine map encloses the 90% region but for less than 1% of it")
    else:
        yield Reason("yes", "the fine map encloses the 90% region")
    if regions.tests_only:
        yield Reason("yes", f"its size is the {regions.calibration}'s: notices made of it are tests only")


def _of_looks(found: Findings) -> Iterator[Reason]:
    """Whether it agrees with every first look."""
    best, regions = found.skymap.best_fit(), _quoted(found)
    if best is None or regions is None:
        return
    tracks = [look for look in found.looks if look.is_track]
    if not tracks:
        yield Reason("yes", "the event came with no first look to compare with")
        return
    for look in tracks:
        away = separation_deg(best.ra_deg, best.dec_deg, look.ra_deg, look.dec_deg)
        if not contains(regions.region90, look.ra_deg, look.dec_deg):
            yield Reason("caution", f"{look.name} is {away:.2f} deg away, outside the 90% region")
        else:
            yield Reason("yes", f"{look.name} is {away:.2f} deg away, inside the 90% region")


def _of_variants(found: Findings) -> Iterator[Reason]:
    """How the variants differ."""
    best, regions, systematics = found.skymap.best_fit(), _quoted(found), found.systematics
    if systematics is not None and not systematics.complete:
        yield Reason("caution", "the variants were interrupted: not all were scanned")
    if best is None or regions is None:
        return
    if systematics is None:
        yield Reason("yes", "not checked against variants: scan with --systematics")
        return
    yield from (reason for result in systematics.results for reason in _of_variant(result, best, regions))
    spread = systematics.spread
    if spread is not None and spread.largest_deg is not None:
        where = f"at most {spread.largest_deg:.2f} deg away ({spread.largest_name})"
        yield Reason("yes", f"{spread.n_variants} variants: {spread.spread_deg:.2f} deg per axis, {where}")


def _of_variant(result: VariantResult, best: BestFit, regions: MapRegions) -> Iterator[Reason]:
    """What a variant adds, if it does not agree.

    A variant that fits less light scatters more: it disagrees where neither result lies in the other's region.
    """
    if result.ra_deg is None or result.dec_deg is None:
        yield Reason("caution", f"the variant {result.name} found nothing: {result.error}")
        return
    if result.at_edge:
        yield Reason("caution", f"the variant {result.name} is at the edge of what was scanned around the result")
    if contains(regions.region90, result.ra_deg, result.dec_deg):
        return
    own = contains_pixel_of(result.region, best)
    answer: Answer = "yes" if own else "caution"
    where = f"{result.offset_deg:.2f} deg away, outside the 90% region"
    yield Reason(answer, f"the variant {result.name} is {where}" + (", as its own statistics allow" if own else ""))
