"""The tabulated logarithms of the Gaussian-convoluted Pandel p.d.f. and of its survival function.

`skydriver.recos.pandel_table` says what is tabulated, and on which axes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skydriver.recos._kernels.jit import kernel
from skydriver.recos._kernels.spline import spline_pair
from skydriver.recos.pandel_table import (
    N_U,
    N_V,
    STRETCH_NS,
    TIME_MAX_NS,
    TIME_MIN_NS,
    U_MIN,
    U_SCALE,
    V_MIN,
    V_SCALE,
    XI_MAX,
    XI_MIN,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@kernel
def log_pandel(
    coefficients: NDArray[np.float64], xi: float, t_ns: float
) -> tuple[float, float, float, float, float, float]:
    """Logarithms of p.d.f. and survival function with their gradients, constant beyond the table's edges.

    Parameters
    ----------
    coefficients
        The table, see `skydriver.recos.pandel_table`.
    xi
        Distance in effective scattering lengths.
    t_ns
        Residual time, ns after direct light.

    Returns
    -------
    log p, d log p/d xi, d log p/d t, log S, d log S/d xi, d log S/d t
        p in 1/ns, derivatives in t in 1/ns; NaN throughout where `xi` or `t_ns` is NaN or infinite.
    """
    if not (abs(xi) < math.inf and abs(t_ns) < math.inf):
        return math.nan, math.nan, math.nan, math.nan, math.nan, math.nan
    root = math.sqrt(max(xi, XI_MIN))
    u = (root - U_MIN) * U_SCALE
    du = 0.5 * U_SCALE / root
    if xi <= XI_MIN or xi >= XI_MAX:
        u = min(u, N_U - 1.0)
        du = 0.0
    size = abs(t_ns)
    stretch = 1.0 + size / STRETCH_NS
    root = math.sqrt(stretch)
    v = (t_ns / root - V_MIN) * V_SCALE
    dv = V_SCALE * (1.0 - 0.5 * size / (STRETCH_NS * stretch)) / root
    if t_ns <= TIME_MIN_NS or t_ns >= TIME_MAX_NS:
        v = max(0.0, min(v, N_V - 1.0))
        dv = 0.0
    p, pu, pv, s, su, sv = spline_pair(coefficients, u, v)
    return p, pu * du, pv * dv, s, su * du, sv * dv
