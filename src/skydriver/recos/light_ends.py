"""Where along a track its light begins and ends.

A muon shines all along its way, at least as brightly as one that loses no energy in single showers. So dark DOMs close
to where a track should be tell that it was not there yet, or no more. For every begin and end the likelihood of which
DOMs are hit is that of Poisson statistics with the mean light of such a muon between them, and noise elsewhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.constants import C_VACUUM_M_PER_NS, N_GROUP, N_PHASE, SIN_CHERENKOV, TAN_CHERENKOV
from skydriver.detector.edge import MAIN_STRINGS
from skydriver.detector.geometry import DOMS_PER_STRING, dom_index, dom_positions
from skydriver.detector.ice import spice_mie
from skydriver.detector.light import LayerMeans, acceptance, line_yield, straightness

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from skydriver.events.event import Pulses

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

NEAR_M: Final = 100.0
"""DOMs farther from the track say little: the light of a faint muon does not reach them."""
FAINT_LIGHT: Final = 1.25
"""Light of a muon of some 100 GeV over that of a bare one (`skydriver.simulation.losses`)."""
NOISE: Final = 0.01
"""Probability that noise, or light of something else, hits a DOM in time."""
EARLY_NS, LATE_NS = -100.0, 1000.0
"""Residual times at which a DOM's first pulse counts as this track's light."""


class LightEnds(NamedTuple):
    """Where a track's light begins and ends; places are m along its way from the vertex."""

    begin_m: float
    """Infinite where the track shines on no DOM, or none is near."""
    end_m: float
    """Minus infinity where the begin is infinite."""
    dark_before: float
    """Log-likelihood gained by letting the track begin there instead of before the detector."""
    dark_after: float
    """Log-likelihood gained by letting it end there."""
    n_near: int
    """DOMs near the track."""
    n_hit: int
    """Those of them with its light."""


def light_ends(pulses: Pulses, direction: ArrayLike, vertex: ArrayLike, t_ns: float) -> LightEnds:
    """Where the light of a fitted track begins and ends.

    Parameters
    ----------
    pulses
        Cleaned, of the main array.
    direction
        Unit vector (3,) to where the track came FROM, detector coordinates.
    vertex, t_ns
        A point of the track (3,), m, and when it was there, ns.
    """
    doms = _near_doms(direction, vertex)
    residual = _first_times(pulses)[doms.dom] - t_ns - doms.direct_ns
    hit = (residual > EARLY_NS) & (residual < LATE_NS)
    order = np.argsort(doms.emission_m, kind="stable")
    return _ends(doms.emission_m[order], doms.light[order], hit[order])


class _NearDoms(NamedTuple):
    """DOMs near a track, arrays of shape (n,)."""

    dom: NDArray[np.intp]
    emission_m: Floats
    """Where along the track their direct light leaves it."""
    direct_ns: Floats
    """When it arrives, after the track was at its vertex."""
    light: Floats
    """Photoelectrons of a faint muon."""


def _near_doms(direction: ArrayLike, vertex: ArrayLike) -> _NearDoms:
    travel, origin = -np.asarray(direction, np.float64), np.asarray(vertex, np.float64)
    place = dom_positions()[: MAIN_STRINGS * DOMS_PER_STRING] - origin
    along = place @ travel
    away = np.sqrt(np.maximum((place**2).sum(axis=1) - along**2, 1.0))
    near = np.flatnonzero(away < NEAR_M)
    along, away, z = along[near], away[near], place[near, 2]
    emission = along - away / TAN_CHERENKOV
    direct = (along + away * (N_PHASE * N_GROUP - 1.0) / math.sqrt(N_PHASE**2 - 1.0)) / C_VACUUM_M_PER_NS
    rise = z - emission * travel[2]
    distance = away / SIN_CHERENKOV
    ice = LayerMeans(spice_mie()).between(origin[2] + z, origin[2] + z - rise)
    seen = acceptance(rise / distance, straightness(distance, ice))
    return _NearDoms(near, emission, direct, FAINT_LIGHT * seen * line_yield(away, ice))


def _first_times(pulses: Pulses) -> Floats:
    """Time (ns) of the first pulse of every DOM of the main array, infinite without one."""
    first = np.full(MAIN_STRINGS * DOMS_PER_STRING, np.inf)
    index = dom_index(pulses.string, pulses.om)
    inside = (index >= 0) & (index < len(first))
    np.minimum.at(first, index[inside], pulses.time_ns[inside])
    return first


def _ends(emission_m: Floats, light: Floats, hit: Flags) -> LightEnds:
    """The begin and the end of highest likelihood, for DOMs in the order of their emission points."""
    shining = np.where(hit, np.log(-np.expm1(-light - NOISE)), -light - NOISE)
    dark = np.where(hit, math.log(NOISE), -NOISE)
    gain = np.append(0.0, np.cumsum(shining - dark))
    end = int(np.argmax(gain - np.minimum.accumulate(gain)))
    begin = int(np.argmin(gain[: end + 1]))
    return LightEnds(
        begin_m=float(emission_m[begin]) if begin < end else math.inf,
        end_m=float(emission_m[end - 1]) if begin < end else -math.inf,
        dark_before=float(gain[0] - gain.min()),
        dark_after=float(gain.max() - gain[-1]),
        n_near=len(hit),
        n_hit=int(hit.sum()),
    )
