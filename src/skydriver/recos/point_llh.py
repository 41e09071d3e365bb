"""The multi-photoelectron first-photon likelihood of a point source, over all hit DOMs.

The same formula and table as `skydriver.recos.track_llh`, with light that leaves one place at one time in all
directions: its distance is the one to that place, and direct light runs at the group speed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from skydriver.detector.constants import N_GROUP
from skydriver.recos._kernels.cherenkov import SOFTENING_M2
from skydriver.recos._kernels.jit import kernel
from skydriver.recos._kernels.pandel import log_pandel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@kernel
def point_llh(
    hits: Array, table: Array, length: float, inverse_c: float, source: Array
) -> tuple[float, tuple[float, float, float, float]]:
    """Negative log-likelihood without its constant log N, and its gradient.

    Parameters
    ----------
    hits
        One row per hit DOM: x, y, z (m), c t of the first pulse (m), number of photons N.
    table
        See `skydriver.recos.pandel_table`.
    length
        Effective scattering length, m.
    inverse_c
        1 / the speed of light in vacuum, ns/m.
    source
        x, y, z and c t of the source, (4,), m.

    Returns
    -------
    llh
    gradient
        With respect to x, y, z and c t, in 1/m.
    """
    llh = gx = gy = gz = gt = 0.0
    inverse_length = 1.0 / length
    for k in range(hits.shape[0]):
        dx, dy, dz = hits[k, 0] - source[0], hits[k, 1] - source[1], hits[k, 2] - source[2]
        distance = math.sqrt(dx * dx + dy * dy + dz * dz + SOFTENING_M2)
        late = hits[k, 3] - source[3] - N_GROUP * distance
        p, p_xi, p_t, s, s_xi, s_t = log_pandel(table, distance * inverse_length, late * inverse_c)
        more = hits[k, 4] - 1.0
        slope_t = (p_t + more * s_t) * inverse_c
        slope_d = ((p_xi + more * s_xi) * inverse_length - slope_t * N_GROUP) / distance
        llh -= p + more * s
        gx += slope_d * dx
        gy += slope_d * dy
        gz += slope_d * dz
        gt += slope_t
    return llh, (gx, gy, gz, gt)
