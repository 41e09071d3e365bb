"""Pulse cleaning as IceCube's online muon reconstructions do it.

Seeded radius-time cleaning around cores of hard local coincidence, then the 6,000 ns with the most pulses, then the
main array only, where DeepCore is not asked for. Source: the parameters of IceCube's online filters (IceTray's STTools
and DomTools).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.events.event import Pulses

STRINGS, DOMS_PER_STRING = 86, 60
RT_RADIUS_M = 150.0
RT_TIME_NS = 1000.0
CORE_PARTNERS = 2
"""Modules with a hit in range that make a hit in hard local coincidence a seed."""
RT_ITERATIONS = 3
WINDOW_NS = 6000.0
FIRST_DEEPCORE_STRING = 79
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Cleaned pulses, and how many were left out at each step. All counts may be 0, `pulses` too."""

    pulses: Pulses
    n_icetop: int
    """Pulses of surface tanks (om 61 to 64 of a known string)."""
    n_unknown: int
    """Pulses of modules that are not in the geometry: IceCube Upgrade strings and others."""
    n_isolated: int
    """Pulses outside the radius-time range of the seeds."""
    n_outside_window: int
    n_deepcore: int
    n_excluded: int = 0
    """Pulses that cleaning kept and a user asked to leave out."""

    @property
    def nch(self) -> int:
        """Number of modules."""
        return self.pulses.n_dom

    @property
    def npulses(self) -> int:
        """Number of pulses."""
        return len(self.pulses)

    @property
    def qtot(self) -> float:
        """Charge in photoelectrons, summed without rounding and given to one decimal, as realtime events state it."""
        return round(math.fsum(self.pulses.charge_pe.tolist()), 1)


def clean(pulses: Pulses, positions_m: NDArray[np.float64], *, deepcore: bool = False) -> Cleaned:
    """Clean the pulses of one event.

    Parameters
    ----------
    pulses
        Split, uncleaned pulses.
    positions_m
        (5160, 3): position of each module in m, at row ``(string - 1) * 60 + om - 1``.
    deepcore
        Whether the strings of DeepCore are kept.

    Returns
    -------
    Cleaned
        Possibly with no pulses at all: without hard local coincidence nothing is kept.
    """
    on_array = (pulses.string >= 1) & (pulses.string <= STRINGS) & (pulses.om >= 1) & (pulses.pmt == 0)
    in_ice = on_array & (pulses.om <= DOMS_PER_STRING)
    icetop = on_array & (pulses.om > DOMS_PER_STRING) & (pulses.om <= DOMS_PER_STRING + 4)
    known = pulses.select(in_ice)
    row = (known.string.astype(np.int64) - 1) * DOMS_PER_STRING + known.om - 1
    in_range = known.select(_seeded_rt(known, row, positions_m))
    in_window = in_range.select(_best_window(in_range.time_ns))
    kept = in_window if deepcore else in_window.select(in_window.string < FIRST_DEEPCORE_STRING)
    return Cleaned(
        pulses=kept,
        n_icetop=int(np.count_nonzero(icetop)),
        n_unknown=len(pulses) - len(known) - int(np.count_nonzero(icetop)),
        n_isolated=len(known) - len(in_range),
        n_outside_window=len(in_range) - len(in_window),
        n_deepcore=len(in_window) - len(kept),
    )


def _seeded_rt(pulses: Pulses, row: NDArray[np.int64], positions_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which pulses are, within three steps, in range of a core of hard local coincidence."""
    selected = np.zeros(len(pulses), np.bool_)
    if not pulses.hlc.any():
        return selected
    hits = _Hits(pulses.time_ns, row, positions_m)
    core = pulses.hlc & (hits.partners(pulses.hlc) >= CORE_PARTNERS)
    new = core if core.any() else pulses.hlc
    for _ in range(RT_ITERATIONS):
        selected |= new
        new = ~selected & (hits.partners(new) > 0)
        if not new.any():
            break
    return selected | new


class _Hits:
    """Hits in order of time, on modules that know their neighbours.

    Hits of one module closer than twice the time range join to a span, so that the work grows with spans times
    neighbours, not with pairs of hits. Spans and hits are compared by their places in the order of time.
    """

    def __init__(self, time_ns: NDArray[np.float64], row: NDArray[np.int64], positions_m: NDArray[np.float64]) -> None:
        modules, module = np.unique(row, return_inverse=True)
        self.order = np.argsort(time_ns, kind="stable")
        self.time_ns = time_ns[self.order]
        self.module = module[self.order]
        self.neighbours, self.begin = _neighbours(positions_m[modules])

    def partners(self, targets: NDArray[np.bool_]) -> NDArray[np.int64]:
        """For each hit, the number of modules with a hit of `targets`, other than itself, in range."""
        target = np.flatnonzero(targets[self.order])
        target = target[np.argsort(self.module[target], kind="stable")]
        module, time_ns = self.module[target], self.time_ns[target]
        gap = np.where(np.diff(module) == 0, np.diff(time_ns), np.inf)
        found = self._others(module, time_ns, gap >= 2 * RT_TIME_NS)
        own = np.zeros(len(self.time_ns), np.bool_)
        own[target[1:]] |= gap < RT_TIME_NS
        own[target[:-1]] |= gap < RT_TIME_NS
        counts = np.empty(len(found), np.int64)
        is_target = np.zeros(len(found), np.bool_)
        is_target[target] = True
        counts[self.order] = np.where(is_target, found - 1 + own, found)
        return counts

    def _others(
        self, module: NDArray[np.int64], time_ns: NDArray[np.float64], breaks: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """For each hit, the number of modules with a span around it; for a target, its own among them.

        `module` and `time_ns` are those of the targets by module and time, with `breaks` between spans.
        """
        first = np.flatnonzero(np.concatenate([[True], breaks]))
        last = np.append(first[1:], len(module)) - 1
        begin = np.searchsorted(self.time_ns, time_ns[first] - RT_TIME_NS, side="right")
        end = np.searchsorted(self.time_ns, time_ns[last] + RT_TIME_NS, side="left")
        hit = self.module * (len(self.time_ns) + 1) + np.arange(len(self.time_ns))
        begun = np.searchsorted(self._near(module[first], begin), hit, side="right")
        ended = np.searchsorted(self._near(module[first], end), hit, side="right")
        return begun - ended

    def _near(self, module: NDArray[np.int64], place: NDArray[np.intp]) -> NDArray[np.int64]:
        """Places in time as seen by all neighbours of their modules, as sorted numbers of neighbour and place."""
        order = np.argsort(place)
        module, place = module[order], place[order]
        n_near = np.diff(self.begin)[module]
        within = np.arange(n_near.sum()) - np.repeat(np.cumsum(n_near) - n_near, n_near)
        near = self.neighbours[np.repeat(self.begin[module], n_near) + within]
        by_module = np.argsort(near.astype(np.int16), kind="stable")  # a radix sort
        numbers: NDArray[np.int64] = near[by_module] * (len(self.time_ns) + 1) + np.repeat(place, n_near)[by_module]
        return numbers


def _neighbours(positions_m: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Modules in radius of each module, itself among them: their indices, and where those of each begin."""
    along_x = np.argsort(positions_m[:, 0])
    position = positions_m[along_x]
    pairs = []
    for begin in range(0, len(position), _ROWS_AT_ONCE):
        rows = position[begin : begin + _ROWS_AT_ONCE]
        reach = rows[0, 0] - RT_RADIUS_M, rows[-1, 0] + RT_RADIUS_M
        low, high = np.searchsorted(position[:, 0], reach[0]), np.searchsorted(position[:, 0], reach[1], side="right")
        squared = np.zeros((len(rows), high - low))
        for axis in range(3):
            squared += (rows[:, axis, None] - position[low:high, axis]) ** 2
        row, column = np.nonzero(squared <= RT_RADIUS_M**2)
        pairs.append((along_x[row + begin], along_x[column + low]))
    module, near = (np.concatenate(side) for side in zip(*pairs, strict=True))
    lengths = np.bincount(module, minlength=len(position))
    return near[np.argsort(module, kind="stable")], np.concatenate([[0], np.cumsum(lengths)])


def _best_window(time_ns: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which hits are in the first of the windows with the most hits."""
    if len(time_ns) == 0:
        return np.zeros(0, np.bool_)
    times = np.sort(time_ns)
    inside = np.searchsorted(times, times + WINDOW_NS, side="right") - np.arange(len(times))
    start = times[np.argmax(inside)]
    best: NDArray[np.bool_] = (time_ns >= start) & (time_ns <= start + WINDOW_NS)
    return best
