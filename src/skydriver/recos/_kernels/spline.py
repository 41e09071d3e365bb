"""Uniform cubic B-splines: weights, and the value and gradient of a pair of two-dimensional splines.

Formulas: C. de Boor, A Practical Guide to Splines (1978), chapter IX, for uniform knots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.recos._kernels.jit import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@kernel
def weights(f: float) -> tuple[float, float, float, float]:
    """The four cubic B-spline weights at the fraction `f` (0 to 1) of a knot interval."""
    g = 1.0 - f
    f2 = f * f
    g2 = g * g
    return g2 * g / 6.0, (4.0 - 6.0 * f2 + 3.0 * f2 * f) / 6.0, (4.0 - 6.0 * g2 + 3.0 * g2 * g) / 6.0, f2 * f / 6.0


@kernel
def slopes(f: float) -> tuple[float, float, float, float]:
    """Derivatives of `weights` with respect to `f`."""
    g = 1.0 - f
    return -0.5 * g * g, f * (1.5 * f - 2.0), g * (2.0 - 1.5 * g), 0.5 * f * f


@kernel
def spline_pair(
    coefficients: NDArray[np.float64], u: float, v: float
) -> tuple[float, float, float, float, float, float]:
    """Value and gradient of two splines that share their knots.

    Parameters
    ----------
    coefficients
        B-spline coefficients (nu + 3, nv + 3, 2), nu x nv knot intervals.
    u, v
        Position in knot intervals, 0 <= u < nu and 0 <= v < nv.

    Returns
    -------
    first, d first/du, d first/dv, second, d second/du, d second/dv
    """
    i = int(u)
    j = int(v)
    w0, w1, w2, w3 = weights(v - j)
    s0, s1, s2, s3 = slopes(v - j)
    a = weights(u - i)
    b = slopes(u - i)
    p = pu = pv = q = qu = qv = 0.0
    for k in range(4):
        c00 = coefficients[i + k, j, 0]
        c01 = coefficients[i + k, j, 1]
        c10 = coefficients[i + k, j + 1, 0]
        c11 = coefficients[i + k, j + 1, 1]
        c20 = coefficients[i + k, j + 2, 0]
        c21 = coefficients[i + k, j + 2, 1]
        c30 = coefficients[i + k, j + 3, 0]
        c31 = coefficients[i + k, j + 3, 1]
        row_p = w0 * c00 + w1 * c10 + w2 * c20 + w3 * c30
        row_q = w0 * c01 + w1 * c11 + w2 * c21 + w3 * c31
        p += a[k] * row_p
        pu += b[k] * row_p
        pv += a[k] * (s0 * c00 + s1 * c10 + s2 * c20 + s3 * c30)
        q += a[k] * row_q
        qu += b[k] * row_q
        qv += a[k] * (s0 * c01 + s1 * c11 + s2 * c21 + s3 * c31)
    return p, pu, pv, q, qu, qv
