"""How often regions hold the truth, and the floor with which they hold it often enough.

A quantile is here the smallest value that at least so large a share of all values does not exceed: of n values the one
of rank ceil(q n). So the 0.9 quantile of the truths' levels is at most 0.9 exactly where the 90 % region holds at least
90 % of the truths.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

LEVEL: Final = 0.9
"""Of the regions that a floor makes right."""
CONFIDENCE: Final = 0.6827
"""Of all intervals: one standard deviation."""
N_RESAMPLINGS: Final = 200
SEED: Final = 1
"""Of the resamplings."""

Limit = Literal["", "upper", "lower"]


class Coverage(NamedTuple):
    """The share of truths that a region holds, with its Clopper-Pearson interval."""

    share: float
    low: float
    high: float


class Floor(NamedTuple):
    """The smallest floor that is enough, degrees, and the interval of its resamplings."""

    deg: float
    limit: Limit
    """``upper``: the least floor tried is enough; ``lower``: the largest one tried is not; empty where neither."""
    low_deg: float
    """The interval is cut off where no floors were tried."""
    high_deg: float


def quantile(values: ArrayLike, share: float) -> float:
    """The smallest of `values` (n,), at least one, that a share of them does not exceed."""
    ordered = np.sort(np.asarray(values, np.float64))
    return float(ordered[_rank(len(ordered), share)])


def coverage(held: Sequence[bool]) -> Coverage:
    """How many of at least one truth are held."""
    from scipy.stats import beta  # noqa: PLC0415 - loads slowly

    k, n, outside = sum(held), len(held), (1.0 - CONFIDENCE) / 2.0
    low = float(beta.ppf(outside, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(1.0 - outside, k + 1, n - k)) if k < n else 1.0
    return Coverage(k / n, low, high)


def floor_of(levels: ArrayLike, sigmas_deg: Sequence[float]) -> Floor:
    """The smallest floor with which the 90 % region holds 90 % of the truths.

    Between two floors the quantile is taken to be linear in the logarithm of the floor.

    Parameters
    ----------
    levels
        (n, k), n at least 1: each event's level of the truth with each floor.
    sigmas_deg
        The k floors, ascending.
    """
    table = np.asarray(levels, np.float64)
    deg, limit = _smallest(table, sigmas_deg)
    rng = np.random.default_rng(SEED)
    draws = rng.integers(0, len(table), (N_RESAMPLINGS, len(table)))
    resampled = [_smallest(table[rows], sigmas_deg)[0] for rows in draws]
    low, high = (quantile(resampled, share) for share in ((1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0))
    return Floor(deg, limit, low, high)


def _smallest(table: Floats, sigmas_deg: Sequence[float]) -> tuple[float, Limit]:
    """The floor, and whether it is only a limit."""
    rank = _rank(len(table), LEVEL)
    at = np.partition(table, rank, axis=0)[rank]
    enough = np.flatnonzero(at <= LEVEL)
    if len(enough) == 0:
        return float(sigmas_deg[-1]), "lower"
    first = int(enough[0])
    if first == 0:
        return float(sigmas_deg[0]), "upper"
    share = (at[first - 1] - LEVEL) / (at[first - 1] - at[first])
    below, above = math.log(sigmas_deg[first - 1]), math.log(sigmas_deg[first])
    return math.exp(below + float(share) * (above - below)), ""


def _rank(n: int, share: float) -> int:
    """Place, from 0, of the value of rank ceil(share n)."""
    return max(0, math.ceil(share * n - 1e-9) - 1)
