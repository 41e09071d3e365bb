"""From events whose truth is known to a calibration: the floor and the levels of each kind of event, and a report."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from skydriver.errors import SettingError
from skydriver.recos.registry import find_reco
from skydriver.services.calibration.coverage import LEVEL, Coverage, Floor, coverage, floor_of, quantile
from skydriver.services.calibration.truth_scans import CARRIED_FLOOR_DEG, SIGMAS_DEG
from skydriver.services.topology import LABELS
from skydriver.skymap.calibration import Band, Calibration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skydriver.services.calibration.truth_scans import Measured, Record

MIN_EVENTS: Final = 20
"""A band of fewer is joined to its neighbour: the 90 % quantile of 20 is the third largest."""
MAX_CHARGE_PE: Final = 1e9
DECIMALS: Final = 4
"""Floors in degrees and levels in a table are rounded to this."""


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What a table is called and how it is cut.

    Raises
    ------
    SettingError
        Naming ``charge_bins`` or ``name``.
    """

    charge_edges_pe: tuple[float, ...]
    """Between bands, ascending."""
    name: str
    source: str

    def __post_init__(self) -> None:
        """Check the edges and the name."""
        edges = self.charge_edges_pe
        if not all(0.0 < edge <= MAX_CHARGE_PE for edge in edges) or list(edges) != sorted(set(edges)):
            raise SettingError("charge_bins", "its edges are not ascending numbers above 0 PE")
        if not self.name.strip():
            raise SettingError("name", "is empty")

    @classmethod
    def from_text(cls, charge_bins: str, name: str, source: str) -> TableSettings:
        """As users write it: edges such as ``100,300,1000``; none where empty."""
        try:
            edges = tuple(float(word) for word in charge_bins.split(",")) if charge_bins.strip() else ()
        except ValueError as error:
            problem = f"{charge_bins[:40]!r} is not of the form EDGE,EDGE,…, numbers in PE"
            raise SettingError("charge_bins", problem) from error
        return cls(edges, name, source)


class Cut(NamedTuple):
    """Events of one label between two charges."""

    topology: str
    min_charge_pe: float
    max_charge_pe: float | None
    events: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What was measured on a number of events."""

    by: str
    """``all``, ``topology``, ``band`` (of topology and charge) or ``energy``."""
    topology: str | None
    min: float | None
    """Charge in PE of a band, true energy in GeV; None where there is no limit."""
    max: float | None
    n_events: int
    n_truncated: int
    """Events whose Wilks region the finest pixels do not enclose."""
    offset_median_deg: float
    offset_90_deg: float
    offset_largest_deg: float
    level50: float
    level90: float
    wilks: Coverage
    statistical: Coverage
    carried: Coverage
    """Of the region with the floor that algorithms carry, `CARRIED_FLOOR_DEG`."""
    floor: Floor

    def to_json(self) -> dict[str, Any]:
        """As a flat JSON object."""
        plain = {name: value for name, value in asdict(self).items() if not isinstance(value, tuple)}
        shares = {
            f"{name}_{part}": value
            for name, found in (("wilks", self.wilks), ("statistical", self.statistical), ("carried", self.carried))
            for part, value in found._asdict().items()
        }
        return plain | shares | {f"floor_{part}": value for part, value in self.floor._asdict().items()}


class Calibrated(NamedTuple):
    """The outcome."""

    table: Calibration
    groups: tuple[Group, ...]
    warnings: tuple[str, ...]


def calibrate(records: Iterable[Record], reco: str, settings: TableSettings) -> Calibrated:
    """The table of all measured events; it does not depend on the records' order."""
    ordered = sorted(records, key=lambda record: (record.content_hash or "", record.name))
    events = [record.found for record in ordered if record.found]
    cuts, warnings = cut(events, settings.charge_edges_pe)
    bands = []
    for part in cuts:
        group = group_of("band", part.topology, (part.min_charge_pe, part.max_charge_pe), part.events)
        if group.floor.limit == "lower":
            warnings.append(f"{_named(part)} is left out: {SIGMAS_DEG[-1]} degrees, the largest floor, is not enough")
            continue
        if group.floor.limit == "upper":
            warnings.append(f"the floor of {_named(part)} is an upper limit: no smaller one was tried")
        bands.append(_band(part, group))
    algorithm, version = algorithm_of(reco)
    table = Calibration(settings.name, settings.source, algorithm, version, tests_only=True, bands=tuple(bands))
    return Calibrated(table, tuple(_groups(events, cuts)), tuple(warnings))


def algorithm_of(reco: str) -> tuple[str, str]:
    """Name and version of an algorithm, the name with its options where they change its settings."""
    found = find_reco(reco)
    usual = find_reco(found.info.name).provenance() == found.provenance()
    return (found.info.name if usual else reco), found.info.version


def cut(events: Sequence[Measured], edges_pe: Sequence[float]) -> tuple[list[Cut], list[str]]:
    """The events by label and charge, in bands of at least `MIN_EVENTS`, and warnings.

    From low charge to high, a band of fewer is joined to the next; what is left at the end to the last one. A label of
    fewer in all is left out.
    """
    cuts, warnings = [], []
    for label in LABELS:
        of_label = [event for event in events if event.topology == label]
        if not of_label:
            continue
        if len(of_label) < MIN_EVENTS:
            warnings.append(f"{label} is left out: {len(of_label)} events are fewer than {MIN_EVENTS}")
            continue
        kept = _kept_edges([event.charge_pe for event in of_label], edges_pe)
        if missing := [edge for edge in edges_pe if edge not in kept]:
            shown = ", ".join(f"{edge:g}" for edge in missing)
            warnings.append(f"{label}: bands of fewer than {MIN_EVENTS} events are joined, without {shown} PE")
        for low, high in zip((0.0, *kept), (*kept, None), strict=True):
            inside = tuple(e for e in of_label if low <= e.charge_pe and (high is None or e.charge_pe < high))
            cuts.append(Cut(label, low, high, inside))
    return cuts, warnings


def group_of(
    by: str, topology: str | None, limits: tuple[float | None, float | None], events: Sequence[Measured]
) -> Group:
    """What was measured on at least one event."""
    offsets, rises = [event.offset_deg for event in events], [event.rise for event in events]
    carried = SIGMAS_DEG.index(CARRIED_FLOOR_DEG)
    return Group(
        by,
        topology,
        *limits,
        n_events=len(events),
        n_truncated=sum(event.wilks90_truncated for event in events),
        offset_median_deg=quantile(offsets, 0.5),
        offset_90_deg=quantile(offsets, 0.9),
        offset_largest_deg=max(offsets),
        level50=quantile(rises, 0.5),
        level90=quantile(rises, 0.9),
        wilks=coverage([event.in_wilks90 for event in events]),
        statistical=coverage([event.statistical_level <= LEVEL for event in events]),
        carried=coverage([event.levels[carried] <= LEVEL for event in events]),
        floor=floor_of([event.levels for event in events], SIGMAS_DEG),
    )


def _groups(events: Sequence[Measured], cuts: Sequence[Cut]) -> Iterator[Group]:
    """All events, by label, by band and by half decade of true energy."""
    if not events:
        return
    yield group_of("all", None, (None, None), events)
    for label in LABELS:
        if of_label := [event for event in events if event.topology == label]:
            yield group_of("topology", label, (None, None), of_label)
    for part in cuts:
        yield group_of("band", part.topology, (part.min_charge_pe, part.max_charge_pe), part.events)
    halves = {math.floor(2.0 * math.log10(event.energy_gev)) for event in events if event.energy_gev}
    for half in sorted(halves):
        limits = round(10.0 ** (half / 2), 1), round(10.0 ** ((half + 1) / 2), 1)
        inside = [e for e in events if e.energy_gev and math.floor(2.0 * math.log10(e.energy_gev)) == half]
        yield group_of("energy", None, limits, inside)


def _kept_edges(charges_pe: Sequence[float], edges_pe: Sequence[float]) -> tuple[float, ...]:
    """Those edges that leave at least `MIN_EVENTS` on both sides of each."""
    kept: list[float] = []
    for edge in edges_pe:
        low = kept[-1] if kept else 0.0
        here, above = sum(low <= c < edge for c in charges_pe), sum(c >= edge for c in charges_pe)
        if min(here, above) >= MIN_EVENTS:
            kept.append(edge)
    return tuple(kept)


def _band(part: Cut, group: Group) -> Band:
    numbers = (round(x, DECIMALS) for x in (group.floor.deg, group.level50, group.level90))
    return Band(part.topology, part.min_charge_pe, part.max_charge_pe, group.n_events, *numbers)


def _named(part: Cut) -> str:
    """A band in words."""
    above = "on" if part.max_charge_pe is None else f"to {part.max_charge_pe:g}"
    return f"{part.topology} from {part.min_charge_pe:g} PE {above}"
