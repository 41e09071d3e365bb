"""Minimise the track likelihood over the vertex and its time, by BFGS with a backtracking line search.

The outer-product (BHHH) Gauss-Newton steps that suit maximum-likelihood fits near their end took more evaluations and
ended in poorer minima when started far away; ``benchmarks/README.md`` has the comparison.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skydriver.recos._kernels.bfgs import damped_inverse, dot, times, updated
from skydriver.recos._kernels.jit import kernel
from skydriver.recos.track_llh import track_llh

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FIRST_DAMPING = 0.1
MAX_STEP_M = 200.0
SHORTEST_STEP_M = 1e-4
TOLERANCE_LLH = 1e-3
MAX_EVALUATIONS = 150
ARMIJO = 1e-4


@kernel
def minimise_track(
    hits: Array, table: Array, length: float, stretch: float, frame: Array, a: float, b: float, ct: float
) -> tuple[float, float, float, float, int]:
    """Walk downhill from (a, b, ct), in m; `track_llh` describes the other parameters.

    Returns
    -------
    llh, a, b, ct, number of likelihood evaluations
    """
    x = (a, b, ct)
    llh, g, outer = track_llh(hits, table, length, stretch, frame, a, b, ct)
    inverse = damped_inverse(outer, FIRST_DAMPING)
    n = 1
    while n < MAX_EVALUATIONS:
        p = times(inverse, (-g[0], -g[1], -g[2]))
        scale = min(1.0, MAX_STEP_M / (math.sqrt(dot(p, p)) + 1e-30))
        slope = dot(g, p)
        step_m = scale * math.sqrt(dot(p, p))
        while True:
            s = (scale * p[0], scale * p[1], scale * p[2])
            new, new_g, _ = track_llh(hits, table, length, stretch, frame, x[0] + s[0], x[1] + s[1], x[2] + s[2])
            n += 1
            if new <= llh + ARMIJO * scale * slope:
                break
            if n >= MAX_EVALUATIONS or step_m < SHORTEST_STEP_M:
                return llh, x[0], x[1], x[2], n
            fit = -0.5 * slope * scale / (new - llh - slope * scale)
            shrink = max(0.1, min(0.5, fit))
            scale *= shrink
            step_m *= shrink
        gain = llh - new
        y = (new_g[0] - g[0], new_g[1] - g[1], new_g[2] - g[2])
        x = (x[0] + s[0], x[1] + s[1], x[2] + s[2])
        g = new_g
        llh = new
        if gain < TOLERANCE_LLH and -scale * slope < 10.0 * TOLERANCE_LLH:
            break
        if dot(s, y) > 1e-12:
            inverse = updated(inverse, s, y)
    return llh, x[0], x[1], x[2], n
