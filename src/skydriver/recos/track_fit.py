"""The fit of one pixel: an infinite track of fixed direction, from several seeds, the lowest minimum taken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.detector.geometry import dom_index, dom_positions
from skydriver.errors import TaskInputError
from skydriver.recos._kernels.jit import kernel
from skydriver.recos.base import Fit
from skydriver.recos.minimise import minimise_track
from skydriver.recos.track_llh import track_llh
from skydriver.recos.vertices import early_time, track_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.events.event import Pulses

    Array = NDArray[np.float64]


class TrackSettings(NamedTuple):
    """How `TrackFitter` weighs DOMs and where it starts."""

    max_photons: float
    """Number of photons at which a DOM's charge is cut off."""
    stretch: float
    """Stretch of the first fit from the centre of the hits, see `track_llh`."""
    ring_m: float
    """Radius of the ring of the other seeds."""
    n_ring: int
    """Their number."""
    n_given: int
    """Of several given seeds, so many of lowest llh are fitted."""


@kernel
def fit_seeds(hits: Array, table: Array, length: float, frame: Array, seeds: Array, best: Array) -> int:
    """Fit from every seed and keep the lowest llh; NaN never wins, the earlier seed wins a tie.

    Parameters
    ----------
    hits, table, length, frame
        As in `track_llh`.
    seeds
        Rows a, b, ct (m), and the stretch of a first fit that leads to the true one; 1: no such fit.
    best
        Output: llh, a, b, ct; its llh must be inf on entry.

    Returns
    -------
    Number of likelihood evaluations.
    """
    evaluations = 0
    for k in range(seeds.shape[0]):
        a, b, ct, stretch = seeds[k, 0], seeds[k, 1], seeds[k, 2], seeds[k, 3]
        if stretch > 1.0:
            _, a, b, ct, n = minimise_track(hits, table, length, stretch, frame, a, b, ct)
            evaluations += n
        llh, a, b, ct, n = minimise_track(hits, table, length, 1.0, frame, a, b, ct)
        evaluations += n
        if llh < best[0]:
            best[0], best[1], best[2], best[3] = llh, a, b, ct
    return evaluations


@kernel
def place_seeds(hits: Array, frame: Array, ring_m: Array, stretch: float, scratch: Array, seeds: Array) -> None:
    """Fill `seeds` as `fit_seeds` takes them: the centre with a stretched first fit, then the points `ring_m`."""
    seeds[0, 0], seeds[0, 1], seeds[0, 3] = 0.0, 0.0, stretch
    for k in range(1, seeds.shape[0]):
        seeds[k, 0], seeds[k, 1], seeds[k, 3] = ring_m[k - 1, 0], ring_m[k - 1, 1], 1.0
    for k in range(seeds.shape[0]):
        seeds[k, 2] = early_time(hits, frame, seeds[k, 0], seeds[k, 1], scratch)


@kernel
def project_seeds(vertices: Array, centre: Array, frame: Array, seeds: Array) -> None:
    """Fill `seeds` from `vertices` (n, 4; m and ns), moved along the track into the plane of vertices."""
    for k in range(vertices.shape[0]):
        dx, dy, dz = vertices[k, 0] - centre[0], vertices[k, 1] - centre[1], vertices[k, 2] - centre[2]
        along = dx * frame[0, 0] + dy * frame[0, 1] + dz * frame[0, 2]
        seeds[k, 0] = dx * frame[1, 0] + dy * frame[1, 1] + dz * frame[1, 2]
        seeds[k, 1] = dx * frame[2, 0] + dy * frame[2, 1] + dz * frame[2, 2]
        seeds[k, 2] = vertices[k, 3] * C_VACUUM_M_PER_NS - along
        seeds[k, 3] = 1.0


@kernel
def lowest_first(hits: Array, table: Array, length: float, frame: Array, seeds: Array, llh: Array, count: int) -> None:
    """Swap the `count` seeds of lowest llh to the front, lowest first; `llh` (n,) is scratch space, NaN never wins."""
    for k in range(seeds.shape[0]):
        llh[k], _, _ = track_llh(hits, table, length, 1.0, frame, seeds[k, 0], seeds[k, 1], seeds[k, 2])
    for front in range(count):
        lowest = front
        for k in range(front + 1, seeds.shape[0]):
            if llh[k] < llh[lowest] or llh[lowest] != llh[lowest]:
                lowest = k
        llh[front], llh[lowest] = llh[lowest], llh[front]
        for i in range(4):
            seeds[front, i], seeds[lowest, i] = seeds[lowest, i], seeds[front, i]


def first_hits(pulses: Pulses, max_photons: float) -> Array:
    """One row per hit DOM: x, y, z (m), time of the first pulse (ns), number of photons in [1, max_photons]."""
    index = dom_index(pulses.string, pulses.om)
    if len(index) == 0 or index.min() < 0:
        raise TaskInputError("the pulses hold none, or one of an unknown DOM: they were not cleaned")
    order = np.lexsort((pulses.time_ns, index))
    doms, first = np.unique(index[order], return_index=True)
    charge = np.bincount(index, weights=pulses.charge_pe)[doms]
    photons = np.minimum(np.maximum(charge, 1.0), max_photons)
    return np.column_stack([dom_positions()[doms], pulses.time_ns[order][first], photons])


class TrackFitter:
    """The first-photon track likelihood bound to one event.

    Parameters
    ----------
    pulses
        Cleaned pulses.
    table
        See `skydriver.recos.pandel_table`.
    scattering_length_m
        Effective scattering length of the homogeneous ice.
    settings
        How DOMs are weighted and where the algorithm's own seeds lie.
    """

    _warm: ClassVar[bool] = False
    """Whether the kernels, which all share, are compiled."""

    def __init__(self, pulses: Pulses, table: Array, scattering_length_m: float, settings: TrackSettings) -> None:
        hits = first_hits(pulses, settings.max_photons)
        self._constant = round(float(np.log(hits[:, 4]).sum()), 6)
        self._centre = np.array([_mean(hits[:, i], hits[:, 4]) for i in range(3)])
        hits[:, :3] -= self._centre
        hits[:, 3] *= C_VACUUM_M_PER_NS
        self._hits = np.ascontiguousarray(hits)
        self._table = table
        self._length = scattering_length_m
        self._stretch = settings.stretch
        self._n_given = settings.n_given
        self._ring = _ring(settings.ring_m, settings.n_ring)
        self._frame = np.empty((3, 3))
        self._scratch = np.empty(len(hits))
        self.evaluations = 0
        """Number of likelihood evaluations so far."""

    def warm_up(self) -> None:
        """Compile every kernel, or load it from the cache, so that no fit is charged for it: once in a process."""
        if TrackFitter._warm:
            return
        fit = self.fit(np.array([0.0, 0.0, 1.0]), None)
        self.fit(np.array([0.0, 0.0, 1.0]), np.array([fit[3:]] * (self._n_given + 1)))
        self.evaluations = 0
        TrackFitter._warm = True

    def fit(self, direction: Array, seeds: Array | None) -> Fit:
        """As `skydriver.recos.base.EventFitter.fit`."""
        track_frame(direction, self._frame)
        if seeds is None:
            start = np.empty((len(self._ring) + 1, 4))
            place_seeds(self._hits, self._frame, self._ring, self._stretch, self._scratch, start)
        else:
            start = self._promising(seeds)
        best = np.array([np.inf, np.nan, np.nan, np.nan])
        self.evaluations += fit_seeds(self._hits, self._table, self._length, self._frame, start, best)
        if not np.isfinite(best[0]):
            return Fit(*[float("nan")] * 7)
        x, y, z = (self._centre + best[1] * self._frame[1] + best[2] * self._frame[2]).tolist()
        t = float(best[3]) / C_VACUUM_M_PER_NS
        return Fit(float(best[0]) - self._constant, float("nan"), float("nan"), x, y, z, t)

    def _promising(self, vertices: Array) -> Array:
        """Those of the given vertices that are worth a fit."""
        seeds = np.empty((len(vertices), 4))
        project_seeds(vertices, self._centre, self._frame, seeds)
        if len(seeds) <= self._n_given:
            return seeds
        llh = np.empty(len(seeds))
        lowest_first(self._hits, self._table, self._length, self._frame, seeds, llh, self._n_given)
        return seeds[: self._n_given]


def _mean(values: Array, weights: Array) -> float:
    """Weighted mean of exact sums: the same on every processor, and under every Python."""
    return math.fsum((values * weights).tolist()) / math.fsum(weights.tolist())


def _ring(radius_m: float, n: int) -> Array:
    """`n` points on a circle (n, 2), rounded so that every processor's sine gives the same."""
    angle = 2.0 * np.pi * np.arange(n) / n
    return np.round(radius_m * np.column_stack([np.cos(angle), np.sin(angle)]), 6)
