"""The multi-photoelectron first-photon likelihood of an infinite track, over all hit DOMs.

Formula: Ahrens et al. 2004, NIM A524, eq. 15 (first of N photons); the negative log-likelihood is::

    llh = - sum over DOMs of log N + log p(t) + (N - 1) log S(t)

with t the residual of the first pulse. The parameters are (a, b, ct) in m: the vertex is centre + a e1 + b e2, with e1
and e2 spanning the plane across the track, and ct / c is the time at which the track passes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.recos._kernels.cherenkov import DELAY_PER_DISTANCE, across
from skydriver.recos._kernels.jit import kernel
from skydriver.recos._kernels.pandel import log_pandel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@kernel
def track_llh(
    hits: Array, table: Array, length: float, stretch: float, frame: Array, a: float, b: float, ct: float
) -> tuple[float, tuple[float, float, float], tuple[float, float, float, float, float, float]]:
    """Negative log-likelihood without its constant log N, its gradient, and the outer products of its terms.

    Parameters
    ----------
    hits
        One row per hit DOM: x, y, z (m) from the centre, c t of the first pulse (m), number of photons N.
    table
        See `skydriver.recos.pandel_table`.
    length
        Effective scattering length, m.
    stretch
        Factor on all of the p.d.f.'s times: 1 for the likelihood itself, more for a wider, smoother one to start with.
    frame
        Rows: direction of travel, e1, e2; orthonormal.
    a, b, ct
        Parameters, m.

    Returns
    -------
    llh
    gradient
        With respect to a, b and ct, in 1/m.
    outer
        Upper triangle of the sum over DOMs of the outer products of their gradients, in 1/m^2: near a minimum it
        approaches the Hessian (BHHH: E. Berndt et al., Annals of Economic and Social Measurement 3 (1974) 653).
    """
    d0, d1, d2 = frame[0, 0], frame[0, 1], frame[0, 2]
    e10, e11, e12 = frame[1, 0], frame[1, 1], frame[1, 2]
    e20, e21, e22 = frame[2, 0], frame[2, 1], frame[2, 2]
    inverse_length = 1.0 / length
    inverse_time = 1.0 / (C_VACUUM_M_PER_NS * stretch)
    llh = ga = gb = gt = 0.0
    haa = hab = hat = hbb = hbt = htt = 0.0
    for k in range(hits.shape[0]):
        dx, dy, dz = hits[k, 0], hits[k, 1], hits[k, 2]
        along = dx * d0 + dy * d1 + dz * d2
        pa = dx * e10 + dy * e11 + dz * e12 - a
        pb = dx * e20 + dy * e21 + dz * e22 - b
        distance = across(pa, pb)
        late = hits[k, 3] - ct - along - DELAY_PER_DISTANCE * distance
        p, p_xi, p_t, s, s_xi, s_t = log_pandel(table, distance * inverse_length, late * inverse_time)
        more = hits[k, 4] - 1.0
        slope_t = (p_t + more * s_t) * inverse_time
        slope_d = ((p_xi + more * s_xi) * inverse_length - slope_t * DELAY_PER_DISTANCE) / distance
        da = slope_d * pa
        db = slope_d * pb
        llh -= p + more * s
        ga += da
        gb += db
        gt += slope_t
        haa += da * da
        hab += da * db
        hat += da * slope_t
        hbb += db * db
        hbt += db * slope_t
        htt += slope_t * slope_t
    return llh, (ga, gb, gt), (haa, hab, hat, hbb, hbt, htt)
