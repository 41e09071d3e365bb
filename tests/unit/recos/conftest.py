"""The table, a slow oracle of what it holds, and toy light of a track."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import gammaincc

from skydriver.detector.constants import C_VACUUM_M_PER_NS, N_GROUP, N_PHASE
from skydriver.recos import pandel_table as pt
from skydriver.recos._kernels.cherenkov import DELAY_PER_DISTANCE
from skydriver.recos._kernels.pandel import log_pandel


@pytest.fixture(scope="session")
def table():
    return pt.load_table()


def convolution(xi, t_ns, jitter_ns, of_gauss):
    """The gamma law of shape xi against `of_gauss((t - x) / sigma)`, by adaptive quadrature."""
    low, high = t_ns - 10.0 * jitter_ns, max(t_ns, 0.0) + 10.0 * jitter_ns
    scale = pt.RATE_PER_NS**xi / math.gamma(xi)

    def smooth(x):
        return math.exp(-pt.RATE_PER_NS * x) * of_gauss((t_ns - x) / jitter_ns)

    if low > 0.0:
        return scale * quad(lambda x: x ** (xi - 1.0) * smooth(x), low, high, epsabs=0.0, epsrel=1e-9)[0]
    power = {"weight": "alg", "wvar": (xi - 1.0, 0.0)}  # x^(xi - 1) is integrated exactly
    return scale * quad(smooth, 0.0, high, epsabs=1e-15 / scale, epsrel=1e-9, **power)[0]


@pytest.fixture(scope="session")
def slow_pandel():
    """A function of xi, t and the Gaussian's width (ns): p (1/ns) and S with noise, by adaptive quadrature."""

    def normal(z):
        return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)

    def later(z):
        return 0.5 * math.erfc(z / math.sqrt(2.0))

    def evaluate(xi, t_ns, jitter_ns=pt.JITTER_NS):
        beyond = gammaincc(xi, pt.RATE_PER_NS * (max(t_ns, 0.0) + 10.0 * jitter_ns))
        p = (1.0 - pt.NOISE_FRACTION) * convolution(xi, t_ns, jitter_ns, normal) / jitter_ns + pt.NOISE_PER_NS
        survival = convolution(xi, t_ns, jitter_ns, later) + beyond
        return p, (1.0 - pt.NOISE_FRACTION) * survival + pt.NOISE_FRACTION

    return evaluate


@pytest.fixture(scope="session")
def direct_light():
    """A function: when (ns) direct light of a track reaches a place, found by walking along the track.

    The muon runs at the speed of light in vacuum; its light leaves at the Cherenkov angle of the phase index and runs
    at the group speed.
    """

    def arrival(place, vertex, t_ns, travel):
        low, high = -1e5, 1e5
        for _ in range(200):
            here = 0.5 * (low + high)
            path = place - (vertex + here * travel)
            length = math.sqrt(sum(path**2))
            if float(path @ travel) > length / N_PHASE:  # the angle is still too small: walk on
                low = here
            else:
                high = here
        return t_ns + here / C_VACUUM_M_PER_NS + length * N_GROUP / C_VACUUM_M_PER_NS

    return arrival


@pytest.fixture(scope="session")
def toy_hits():
    """A function of a seed: hits (n, 5) of nothing in particular, spread over some hundred metres and 2 us."""

    def make(seed, n=8):
        dice = np.random.default_rng(seed)
        place_m = dice.uniform(-150.0, 150.0, (n, 3))
        return np.column_stack([place_m, dice.uniform(-200.0, 400.0, n), dice.choice([1.0, 1.7, 5.0], n)])

    return make


@pytest.fixture(scope="session")
def toy_light():
    """A function: hits (n, 5) of a track along the first row of `frame` through the origin at time 0, drawn from p."""

    def make(seed, frame, n=30):
        dice = np.random.default_rng(seed)
        place_m = dice.uniform(-150.0, 150.0, (n, 3))
        along, a, b = frame @ place_m.T
        distance = across_all(a, b)
        delay_ns = dice.gamma(distance / pt.SCATTERING_LENGTH_M, 1.0 / pt.RATE_PER_NS) + dice.normal(
            0.0, pt.JITTER_NS, n
        )
        ct = along + DELAY_PER_DISTANCE * distance + C_VACUUM_M_PER_NS * delay_ns
        return np.column_stack([place_m, ct, np.ones(n)])

    return make


@pytest.fixture(scope="session")
def quantile(table):
    """A function: the time (ns) before which the fraction q of the photons arrives, at xi."""

    def find(xi, q):
        def too_few(t_ns):
            survival = (math.exp(log_pandel(table, xi, t_ns)[3]) - pt.NOISE_FRACTION) / (1.0 - pt.NOISE_FRACTION)
            return 1.0 - q - survival

        return brentq(too_few, pt.TIME_MIN_NS, pt.TIME_MAX_NS, xtol=0.01)

    return find


def across_all(a, b):
    """As the kernel `across`, of arrays."""
    return np.sqrt(a * a + b * b + 1.0)
