"""Pulse cleaning as IceCube's online muon reconstructions do it.

Seeded radius-time cleaning around cores of hard local coincidence, then the 6,000 ns with the most pulses, then the
main array only. Source: the parameters of IceCube's online filters (IceTray's STTools and DomTools).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
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
_PAIRS_AT_ONCE = 2_000_000
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


def clean(pulses: Pulses, positions_m: NDArray[np.float64]) -> Cleaned:
    """Clean the pulses of one event.

    Parameters
    ----------
    pulses
        Split, uncleaned pulses.
    positions_m
        (5160, 3): position of each module in m, at row ``(string - 1) * 60 + om - 1``.

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
    kept = in_window.select(in_window.string < FIRST_DEEPCORE_STRING)
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
    core = np.flatnonzero(pulses.hlc)
    seeds = core[hits.partners(core, pulses.hlc) >= CORE_PARTNERS]
    selected[seeds if len(seeds) else core] = True
    for _ in range(RT_ITERATIONS):
        others = np.flatnonzero(~selected)
        new = others[hits.partners(others, selected) > 0]
        if len(new) == 0:
            break
        selected[new] = True
    return selected


class _Hits:
    """Hits with the modules that lie in radius of each other. Two hits of one module are in range of each other too."""

    def __init__(self, time_ns: NDArray[np.float64], row: NDArray[np.int64], positions_m: NDArray[np.float64]) -> None:
        modules, self.module = np.unique(row, return_inverse=True)
        self.time_ns = time_ns
        self.rank = np.empty(len(time_ns), np.int64)
        self.rank[np.argsort(time_ns, kind="stable")] = np.arange(len(time_ns))
        self.neighbours, self.begin = _neighbours(positions_m[modules])

    def partners(self, queries: NDArray[np.intp], targets: NDArray[np.bool_]) -> NDArray[np.int64]:
        """For each hit of `queries`, the number of modules with a hit of `targets`, not itself, in range."""
        hits = np.flatnonzero(targets)
        keys = self._key(self.module[hits], hits)
        order = np.argsort(keys)
        hits, keys = hits[order], keys[order]
        counts = np.zeros(len(queries), np.int64)
        n_pairs = np.diff(self.begin)[self.module[queries]]
        piece = np.cumsum(n_pairs) // _PAIRS_AT_ONCE
        bounds = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(queries)]
        for begin, end in pairwise(bounds):
            here = slice(begin, end)
            counts[here] = self._count(queries[here], n_pairs[here], hits, keys)
        return counts

    def _key(self, module: NDArray[np.int64], hits: NDArray[np.intp]) -> NDArray[np.int64]:
        """A number that sorts hits by module and time."""
        return module * len(self.time_ns) + self.rank[hits]

    def _count(
        self, queries: NDArray[np.intp], n_pairs: NDArray[np.int64], hits: NDArray[np.intp], keys: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        pair = np.repeat(np.arange(len(queries)), n_pairs)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(n_pairs) - n_pairs, n_pairs)
        module = self.neighbours[self.begin[self.module[queries]][pair] + within]
        query = queries[pair]
        key = self._key(module, query)
        before = np.searchsorted(keys, key) - 1
        after = np.searchsorted(keys, key, side="right")
        in_range = self._in_range(query, module, before, hits) | self._in_range(query, module, after, hits)
        return np.bincount(pair, in_range, len(queries)).astype(np.int64)

    def _in_range(
        self, query: NDArray[np.intp], module: NDArray[np.int64], at: NDArray[np.intp], hits: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """Whether the hit at each place of `hits` exists, is of `module` and close in time to the one of `query`."""
        other = hits[np.clip(at, 0, len(hits) - 1)]
        exists = (at >= 0) & (at < len(hits))
        close = np.abs(self.time_ns[other] - self.time_ns[query]) < RT_TIME_NS
        in_range: NDArray[np.bool_] = exists & (self.module[other] == module) & close
        return in_range


def _neighbours(positions_m: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Modules in radius of each module, itself among them: their indices, and where those of each begin."""
    found, lengths = [], []
    for begin in range(0, len(positions_m), _ROWS_AT_ONCE):
        squared = np.zeros((len(positions_m[begin : begin + _ROWS_AT_ONCE]), len(positions_m)))
        for axis in range(3):
            squared += (positions_m[begin : begin + _ROWS_AT_ONCE, axis, None] - positions_m[:, axis]) ** 2
        row, column = np.nonzero(squared <= RT_RADIUS_M**2)
        found.append(column)
        lengths.append(np.bincount(row, minlength=len(squared)))
    return np.concatenate(found), np.concatenate([[0], np.cumsum(np.concatenate(lengths))])


def _best_window(time_ns: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which hits are in the first of the windows with the most hits."""
    if len(time_ns) == 0:
        return np.zeros(0, np.bool_)
    times = np.sort(time_ns)
    inside = np.searchsorted(times, times + WINDOW_NS, side="right") - np.arange(len(times))
    start = times[np.argmax(inside)]
    best: NDArray[np.bool_] = (time_ns >= start) & (time_ns <= start + WINDOW_NS)
    return best
