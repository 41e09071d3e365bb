"""The tables behind `pandel_mpe`: what they hold, with which constants, and how they are found and verified.

A photon emitted at distance d from a DOM arrives later than direct light by t, which follows a gamma distribution of
shape xi = d / SCATTERING_LENGTH_M and rate RATE_PER_NS (D. Pandel; Ahrens et al. 2004, NIM A524, eq. 16-18), convoluted
with a Gaussian of standard deviation JITTER_NS, or another of those in TABLES (van Eijndhoven et al. 2007, Astropart.
Phys. 28, 456). Noise that is uniform in a window of NOISE_WINDOW_NS is mixed in::

    p(t) = (1 - NOISE_FRACTION) pandel(t) + NOISE_PER_NS          S(t) = (1 - NOISE_FRACTION) sf(t) + NOISE_FRACTION

The axes are u = sqrt(xi) and v = t / sqrt(1 + |t| / STRETCH_NS), fine around t = 0 and coarse far from it, with N_U and
N_V equidistant knots; beyond the edges p and S are constant. A file holds the cubic B-spline coefficients of log p
and log S, float32, shape (N_U + 3, N_V + 3, 2). It is made by ``tools/make_pandel_table.py``, and its name carries the
first 16 hex digits of its sha256.

Between the knots log p errs by less than 0.0007 and within 16 m of a DOM (at SCATTERING_LENGTH_M) by less than 0.0025.
The Gaussian of 8 ns is only three knots wide: where it rises out of the noise, three to five widths before direct
light, its log p errs by up to 0.004, and within 16 m by up to 0.013. log S errs by less than 0.0015 everywhere.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from skydriver.detector.constants import C_VACUUM_M_PER_NS, N_PHASE
from skydriver.errors import TaskEnvironmentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCATTERING_LENGTH_M = 45.0
ABSORPTION_LENGTH_M = 98.0
TAU_NS = 650.0
JITTER_NS = 15.0
NOISE_PER_NS = 1e-6
NOISE_WINDOW_NS = 6000.0
NOISE_FRACTION = NOISE_PER_NS * NOISE_WINDOW_NS
RATE_PER_NS = 1.0 / TAU_NS + C_VACUUM_M_PER_NS / N_PHASE / ABSORPTION_LENGTH_M

XI_MIN, XI_MAX = 0.05, 36.0
TIME_MIN_NS, TIME_MAX_NS = -150.0, 3500.0
STRETCH_NS = 100.0
N_U, N_V = 72, 256
U_MIN = math.sqrt(XI_MIN)
U_SCALE = (N_U - 1) / (math.sqrt(XI_MAX) - U_MIN)
V_MIN = TIME_MIN_NS / math.sqrt(1.0 - TIME_MIN_NS / STRETCH_NS)
V_SCALE = (N_V - 1) / (TIME_MAX_NS / math.sqrt(1.0 + TIME_MAX_NS / STRETCH_NS) - V_MIN)

TABLES = {
    8.0: "pandel_ba5e7fcde3679d82.npy",
    15.0: "pandel_55417190d415bb02.npy",
    25.0: "pandel_84283851ab1a36bc.npy",
}
"""Names by the standard deviation of the Gaussian, ns."""


def table_sha256(jitter_ns: float = JITTER_NS) -> str:
    """sha256 (hex) of the shipped table."""
    return hashlib.sha256(_table_bytes(jitter_ns)).hexdigest()


@cache
def load_table(jitter_ns: float = JITTER_NS) -> NDArray[np.float64]:
    """The coefficients, shape (N_U + 3, N_V + 3, 2); a `TaskEnvironmentError` where the file is not the one named.

    Parameters
    ----------
    jitter_ns
        Standard deviation of the Gaussian, one of those in TABLES.
    """
    name, sha256 = TABLES[jitter_ns], table_sha256(jitter_ns)
    if sha256[:16] != name.removeprefix("pandel_").removesuffix(".npy"):
        raise TaskEnvironmentError(f"{name} is damaged: its sha256 is {sha256}")
    table: NDArray[np.float64] = np.load(BytesIO(_table_bytes(jitter_ns)), allow_pickle=False).astype(np.float64)
    if table.shape != (N_U + 3, N_V + 3, 2):
        raise TaskEnvironmentError(f"{name} has shape {table.shape}, not {(N_U + 3, N_V + 3, 2)}")
    return table


@cache
def _table_bytes(jitter_ns: float) -> bytes:
    return files("skydriver.recos").joinpath("data", TABLES[jitter_ns]).read_bytes()
