"""What kind of event it was: a track through the detector, one that starts in it or skims it, a cascade, or unknown.

No threshold here was tuned on events. They are conventions (three standard deviations, one in a hundred) and lengths of
the detector (half the distance between strings).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from skydriver.detector.edge import deepest_m, depth_m
from skydriver.recos.hypotheses import Comparison, PointSource, compare
from skydriver.recos.light_ends import LightEnds, light_ends
from skydriver.services.directions import pixel_directions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike

    from skydriver.events.event import Event, Pulses
    from skydriver.recos.base import RecoInfo
    from skydriver.skymap.skymap import SkyMap

Label = Literal["through-going", "starting", "skimming", "cascade", "unknown"]
LABELS: Final[tuple[Label, ...]] = ("through-going", "starting", "skimming", "cascade", "unknown")

SIGNIFICANT: Final = 3.0
"""Standard deviations from which one explanation counts as the better one."""
DARK: Final = math.log(100.0)
"""Gain in log-likelihood from which a track counts as dark where it should shine: odds of one in a hundred."""
SKIMMING_M: Final = 62.5
"""Half the distance between strings: a track that gets no deeper was seen from one side only."""
WINDOW_NS: Final = 6000.0
LLH_RATIO: Final = "HESE_llhratio"
"""The event's own comparison of a track with a cascade; negative where it prefers the cascade."""
SELF_VETO: Final = "HESE_VHESelfVeto"
"""Whether the event's own search for light at the detector's edge found some before the rest."""


class Evidence(NamedTuple):
    """One thing that was looked at."""

    what: str
    value: float
    says: str
    """What it means, in words."""


@dataclass(frozen=True, slots=True)
class Topology:
    """What kind of event it was, and why."""

    label: Label
    fit_quality: float
    """Negative log-likelihood per hit DOM of the better of the two fits: 6.4 to 7.5 is usual, more is poor."""
    vertex: PointSource
    """Of the fitted point source."""
    evidence: tuple[Evidence, ...]
    at_edge: bool = False
    """Whether a part of the sky was scanned and its best fit lies at the edge of that."""

    def of_a_part(self, *, at_edge: bool) -> Topology:
        """What of this can be said where only a part of the sky was scanned.

        That no track explains the event is not known then; and nothing is, if the best fit lies at the edge of what
        was scanned.
        """
        label: Label = "unknown" if at_edge or self.label == "cascade" else self.label
        where = "at the edge of" if at_edge else "within"
        part = Evidence(
            "best_at_edge", float(at_edge), f"the best fit lies {where} the part of the sky that was scanned"
        )
        return replace(self, label=label, evidence=(*self.evidence, part), at_edge=at_edge)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "label": self.label,
            "fit_quality": self.fit_quality,
            "evidence": [item._asdict() for item in self.evidence],
        }


def topology_of(skymap: SkyMap, event: Event, pulses: Pulses, info: RecoInfo) -> Topology | None:
    """What kind of event a map is of; None where it has no best fit or its algorithm fits no tracks.

    Parameters
    ----------
    skymap
        The map.
    event
        For what it says of itself.
    pulses
        Cleaned.
    info
        Of the map's algorithm.
    """
    best = skymap.best_fit()
    if best is None or not info.fits_tracks:
        return None
    rows = skymap.stages[best.nside]
    row = rows[np.searchsorted(rows["index"], best.pixel)]
    (direction,) = pixel_directions(best.nside, [best.pixel], event.header.mjd)
    return topology(event, pulses, direction, [row["X"], row["Y"], row["Z"]], float(row["T"]))


def topology(event: Event, pulses: Pulses, direction: ArrayLike, vertex: ArrayLike, t_ns: float) -> Topology:
    """Classify an event.

    Parameters
    ----------
    event
        For what it says of itself.
    pulses
        Cleaned.
    direction
        Unit vector (3,) to where the best track came FROM, detector coordinates.
    vertex, t_ns
        A point of the best track (3,), m, and when it was there, ns.
    """
    fits = compare(pulses, direction, vertex, t_ns)
    ends = light_ends(pulses, direction, vertex, t_ns)
    depth = deepest_m(vertex, -np.asarray(direction, np.float64))
    label = agreed(label_of(fits.significance, ends, depth), event.scalars)
    quality = min(fits.track_llh, fits.point_llh) / fits.n_dom
    evidence = (*_from_fits(fits, ends, depth), *_from_event(event.scalars))
    return Topology(label, quality, fits.point, evidence)


def label_of(significance: float, ends: LightEnds, deepest: float) -> Label:
    """The label that our own fits suggest.

    Parameters
    ----------
    significance
        Of the track against a point source.
    ends
        Where the track's light begins and ends.
    deepest
        How deep the track gets inside the detector's edge, m.
    """
    begins, stops = ends.dark_before > DARK, ends.dark_after > DARK
    if significance < SIGNIFICANT:
        outside = deepest < 0.0
        return "cascade" if significance < -SIGNIFICANT or begins or stops or outside else "unknown"
    if stops:
        return "unknown"
    if begins:
        return "starting"
    return "skimming" if deepest < SKIMMING_M else "through-going"


def agreed(label: Label, scalars: Mapping[str, float | bool | str]) -> Label:
    """The label, or unknown where the event's own comparison says the opposite."""
    ratio = scalars.get(LLH_RATIO)
    if isinstance(ratio, bool | str) or ratio is None:
        return label
    contradicted = ratio > 0.0 if label == "cascade" else ratio < 0.0
    return "unknown" if contradicted else label


def _from_fits(fits: Comparison, ends: LightEnds, deepest: float) -> Iterator[Evidence]:
    yield Evidence("track_significance", fits.significance, _prefers(fits.significance))
    yield Evidence("dark_before", ends.dark_before, _says(ends.dark_before, "before its light begins"))
    yield Evidence("dark_after", ends.dark_after, _says(ends.dark_after, "after its light ends"))
    yield Evidence("light_length_m", max(0.0, ends.end_m - ends.begin_m), "so much of the track shines")
    passes = "misses" if deepest < 0.0 else "skims" if deepest < SKIMMING_M else "crosses"
    yield Evidence("deepest_m", deepest, f"the track {passes} the detector")
    depth = float(depth_m(fits.point[:3]))
    where = "inside" if depth > 0.0 else "outside"
    yield Evidence("point_depth_m", depth, f"the fitted point source lies {where} the detector")


def _prefers(significance: float) -> str:
    better = "track" if significance > 0.0 else "point source"
    clearly = "clearly" if abs(significance) >= SIGNIFICANT else "not clearly"
    return f"a {better} explains the times better, {clearly}"


def _says(gain: float, where: str) -> str:
    return f"the track {'is' if gain > DARK else 'need not be'} dark {where}"


def _from_event(scalars: Mapping[str, float | bool | str]) -> Iterator[Evidence]:
    ratio, veto = scalars.get(LLH_RATIO), scalars.get(SELF_VETO)
    if isinstance(ratio, float) and math.isfinite(ratio):
        yield Evidence(LLH_RATIO, ratio, f"the event's own comparison prefers a {'track' if ratio > 0 else 'cascade'}")
    if isinstance(veto, bool):
        found = "found light entering" if veto else "found no light entering"
        yield Evidence(SELF_VETO, float(veto), f"the event's own veto {found}")
