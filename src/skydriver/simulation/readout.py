"""From photoelectrons to pulses: jitter, noise, charge, merging, local coincidence and the grid of SuperDST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.geometry import DOMS_PER_STRING, dom_positions
from skydriver.events.event import Pulses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

JITTER_NS: Final = 2.0
"""Spread of a photomultiplier's transit time."""
NOISE_HZ: Final = 500.0
"""Rate of noise per DOM."""
MERGE_NS: Final = 5.0
"""Photoelectrons of one DOM this close together make one pulse."""
COINCIDENCE_NS: Final = 1000.0
"""Hits of near DOMs this close together are in hard local coincidence."""
COINCIDENCE_DOMS: Final = 2
"""How far along its string a DOM asks for coincidence."""
PULSE_WIDTH_NS: Final = 8.0


class Hits(NamedTuple):
    """Photoelectrons in DOMs, columns of one length."""

    dom: Indices
    """Rows of `skydriver.detector.geometry.dom_positions`."""
    time_ns: Floats


def read_out(hits: Hits, window_ns: tuple[float, float], rng: np.random.Generator) -> Pulses:
    """Pulses that the detector reports of photoelectrons: with jitter, noise, charges, merging and coincidence flags.

    Parameters
    ----------
    hits
        Photoelectrons, in any order.
    window_ns
        What comes before or after is not read out.
    rng
        Source of chance.

    Returns
    -------
    Pulses
        Sorted by string, om and time.
    """
    jittered = Hits(hits.dom, hits.time_ns + rng.normal(0.0, JITTER_NS, len(hits.dom)))
    seen = joined(jittered, _noise(window_ns, rng))
    inside = (seen.time_ns >= window_ns[0]) & (seen.time_ns < window_ns[1])
    merged, n_photoelectrons = merge(Hits(seen.dom[inside], seen.time_ns[inside]))
    charge = charges(n_photoelectrons, rng)
    return Pulses(
        string=(merged.dom // DOMS_PER_STRING + 1).astype(np.int16),
        om=(merged.dom % DOMS_PER_STRING + 1).astype(np.int16),
        time_ns=merged.time_ns,
        charge_pe=charge,
        width_ns=np.full(len(charge), PULSE_WIDTH_NS),
        hlc=in_coincidence(merged),
    )


def merge(hits: Hits) -> tuple[Hits, NDArray[np.int64]]:
    """Join the photoelectrons that a DOM sees in one bin of `MERGE_NS`.

    Returns
    -------
    tuple
        The first of each group, sorted by DOM and time, and the number of photoelectrons in each.
    """
    order = np.lexsort((hits.time_ns, hits.dom))
    dom, time = hits.dom[order], hits.time_ns[order]
    cell = np.floor(time / MERGE_NS)
    new = np.ones(len(dom), dtype=bool)
    new[1:] = (dom[1:] != dom[:-1]) | (cell[1:] != cell[:-1])
    starts = np.flatnonzero(new)
    return Hits(dom[starts], time[starts]), np.diff(np.append(starts, len(dom)))


def charges(n_photoelectrons: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Summed charges (PE) of single photoelectrons: a Gaussian peak, and a tenth from an exponential below it."""
    total = int(n_photoelectrons.sum())
    peak = np.abs(rng.normal(1.0, 0.3, total))
    single = np.where(rng.random(total) < 0.9, peak, rng.exponential(0.5, total))
    groups = np.repeat(np.arange(len(n_photoelectrons)), n_photoelectrons)
    return np.bincount(groups, weights=single, minlength=len(n_photoelectrons)).astype(np.float64)


def in_coincidence(hits: Hits) -> NDArray[np.bool_]:
    """Whether a near DOM of the same string is hit within 1 microsecond, for hits sorted by DOM and time."""
    flags = np.zeros(len(hits.dom), dtype=bool)
    for step in (*range(-COINCIDENCE_DOMS, 0), *range(1, COINCIDENCE_DOMS + 1)):
        on_string = (hits.dom % DOMS_PER_STRING + step >= 0) & (hits.dom % DOMS_PER_STRING + step < DOMS_PER_STRING)
        flags |= on_string & _is_hit(hits, hits.dom + step)
    return flags


def _is_hit(hits: Hits, doms: Indices) -> NDArray[np.bool_]:
    """Whether each of `doms` (one per hit) has a hit within the coincidence time of that hit."""
    since = hits.time_ns - hits.time_ns.min(initial=0.0)
    span = since.max(initial=0.0) + 4.0 * COINCIDENCE_NS
    keys, wanted = hits.dom * span + since, doms * span + since
    first = np.searchsorted(keys, wanted - COINCIDENCE_NS, side="left")
    found: NDArray[np.bool_] = np.searchsorted(keys, wanted + COINCIDENCE_NS, side="right") > first
    return found


def _noise(window_ns: tuple[float, float], rng: np.random.Generator) -> Hits:
    """Uncorrelated noise of all DOMs in a window."""
    n_doms = len(dom_positions())
    count = rng.poisson(NOISE_HZ * 1e-9 * (window_ns[1] - window_ns[0]) * n_doms)
    return Hits(rng.integers(0, n_doms, count), rng.uniform(*window_ns, count))


def joined(*parts: Hits) -> Hits:
    """All hits of `parts`."""
    return Hits(np.concatenate([part.dom for part in parts]), np.concatenate([part.time_ns for part in parts]))
