"""Where a track fit starts: vertices on a ring around the hits, each with a time that its hits suggest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skydriver.recos._kernels.cherenkov import DELAY_PER_DISTANCE, across
from skydriver.recos._kernels.jit import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

EARLY_FRACTION = 0.2
"""Fraction of the DOMs whose first pulse may precede a seed's direct light."""


@kernel
def track_frame(direction: Array, frame: Array) -> None:
    """Fill `frame` (3, 3) with rows: direction of travel, e1, e2, for a particle that came from `direction` (3,)."""
    for i in range(3):
        frame[0, i] = -direction[i]
    axis = 0
    for i in range(1, 3):
        if abs(direction[i]) < abs(direction[axis]):
            axis = i
    j, k = (axis + 1) % 3, (axis + 2) % 3
    norm = math.sqrt(direction[j] * direction[j] + direction[k] * direction[k])
    frame[1, axis] = 0.0
    frame[1, j] = frame[0, k] / norm
    frame[1, k] = -frame[0, j] / norm
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        frame[2, i] = frame[0, j] * frame[1, k] - frame[0, k] * frame[1, j]


@kernel
def early_time(hits: Array, frame: Array, a: float, b: float, residuals: Array) -> float:
    """The ct (m) at which EARLY_FRACTION of the hits precede the direct light of a track through (a, b).

    `residuals` (n,) is scratch space; the other parameters are those of `track_llh`.
    """
    n = hits.shape[0]
    for k in range(n):
        dx, dy, dz = hits[k, 0], hits[k, 1], hits[k, 2]
        along = dx * frame[0, 0] + dy * frame[0, 1] + dz * frame[0, 2]
        pa = dx * frame[1, 0] + dy * frame[1, 1] + dz * frame[1, 2] - a
        pb = dx * frame[2, 0] + dy * frame[2, 1] + dz * frame[2, 2] - b
        residuals[k] = hits[k, 3] - along - DELAY_PER_DISTANCE * across(pa, pb)
    residuals.sort()
    return float(residuals[int(EARLY_FRACTION * (n - 1))])
