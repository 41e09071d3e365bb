"""Make the tables that `pandel_mpe` reads: cubic B-spline coefficients of log p and log S.

Usage: python tools/make_pandel_table.py [JITTER_NS ...]

For each width of the Gaussian (ns; without any, for all that are shipped) it writes
src/skydriver/recos/data/pandel_<sha256>.npy and prints the width and the name, which belong into
src/skydriver/recos/pandel_table.py as TABLES. `skydriver.recos.pandel_table` says what is tabulated.

The last bit of some coefficients, up to 1e-14, depends on numpy's matrix product: those shipped come from a processor
with AVX-512 under OPENBLAS_CORETYPE=SkylakeX.
"""

from __future__ import annotations

import hashlib
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter1d
from scipy.special import gammaincc, gammaln, ndtr

from skydriver.recos import pandel_table as pt

Array = NDArray[np.float64]

GHOSTS = 10
"""Knots beyond either end while the splines are made."""


def near_nodes(length: float) -> tuple[Array, Array]:
    """Double-exponential nodes and weights on (0, length): exact for the gamma law's singularity at 0."""
    tau = np.linspace(-6.0, 6.0, 321)
    s = np.pi / 2 * np.sinh(tau)
    ratio = np.exp(-2 * s)
    x = length / (1 + ratio)
    w = length * (tau[1] - tau[0]) * np.pi * np.cosh(tau) / ((1 + ratio) * (1 + 1 / ratio))
    usable = (x > 1e-300) & np.isfinite(w)
    return x[usable], w[usable]


def gamma_law(x: Array, xi: float) -> Array:
    """Pandel's p.d.f. (1/ns) of the delay x (ns)."""
    rate = pt.RATE_PER_NS
    return np.exp(xi * np.log(rate) + (xi - 1) * np.log(x) - rate * x - gammaln(xi))


def convoluted(xi: float, t: Array, sigma: float) -> tuple[Array, Array]:
    """P.d.f. (1/ns) and survival function at the residual times t (ns), by quadrature in two parts; sigma in ns."""
    split = 3 * sigma
    x, w = near_nodes(split)
    near = gamma_law(x, xi) * w
    low = np.maximum(split, t - 9 * sigma)
    high = np.maximum(t + 9 * sigma, split)
    node, weight = np.polynomial.legendre.leggauss(64)
    y = low[:, None] + (high - low)[:, None] * (node + 1) / 2
    far = gamma_law(y, xi) * (high - low)[:, None] * weight / 2
    density = near @ normal((t - x[:, None]) / sigma) + (far * normal((t[:, None] - y) / sigma)).sum(1)
    tail = near @ ndtr((x[:, None] - t) / sigma) + (far * ndtr((y - t[:, None]) / sigma)).sum(1)
    return density / sigma, tail + gammaincc(xi, pt.RATE_PER_NS * high)


def normal(z: Array) -> Array:
    """The standard normal p.d.f."""
    return np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def knots() -> tuple[Array, Array]:
    """The values of xi and of t (ns) at the table's knots."""
    u = pt.U_MIN + np.arange(pt.N_U) / pt.U_SCALE
    v = pt.V_MIN + np.arange(pt.N_V) / pt.V_SCALE
    square = v * v / pt.STRETCH_NS
    return u * u, np.sign(v) * (square + np.sqrt(square * square + 4 * v * v)) / 2


def coefficients(jitter_ns: float) -> NDArray[np.float32]:
    """B-spline coefficients (N_U + 3, N_V + 3, 2) of log p and log S, of a Gaussian of this width."""
    xi, t = knots()
    values = np.empty((pt.N_U, pt.N_V, 2))
    for i, x in enumerate(xi):
        density, tail = convoluted(float(x), t, jitter_ns)
        values[i, :, 0] = np.log((1 - pt.NOISE_FRACTION) * density + pt.NOISE_PER_NS)
        values[i, :, 1] = np.log((1 - pt.NOISE_FRACTION) * tail + pt.NOISE_FRACTION)
    for axis in (0, 1):
        values = spline_filter1d(continued(values, axis), 3, axis=axis, mode="mirror")
        values = np.moveaxis(np.moveaxis(values, axis, 0)[GHOSTS - 1 : -(GHOSTS - 2)], 0, axis)
    return values.astype(np.float32)


def continued(values: Array, axis: int) -> Array:
    """The values with GHOSTS more at both ends of an axis, on the cubic through the last four.

    Where the values end a spline needs a condition; so far out it is not felt within (each knot damps it by 0.27).
    """
    rows = np.moveaxis(values, axis, 0)
    for _ in range(2):
        for _ in range(GHOSTS):
            rows = np.concatenate([(4 * rows[0] - 6 * rows[1] + 4 * rows[2] - rows[3])[np.newaxis], rows])
        rows = rows[::-1]
    return np.moveaxis(rows, 0, axis)


def write(jitter_ns: float) -> str:
    """Write the table of this width; the file's name."""
    buffer = BytesIO()
    np.save(buffer, coefficients(jitter_ns))
    name = f"pandel_{hashlib.sha256(buffer.getvalue()).hexdigest()[:16]}.npy"
    folder = Path(__file__).resolve().parent.parent / "src" / "skydriver" / "recos" / "data"
    (folder / name).write_bytes(buffer.getvalue())
    return name


def main() -> None:
    for jitter_ns in map(float, sys.argv[1:] or pt.TABLES):
        print(jitter_ns, write(jitter_ns))


if __name__ == "__main__":
    main()
