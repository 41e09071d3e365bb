"""Quantiles, coverage and the floor: on levels whose floor is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from skydriver.services.calibration.coverage import CONFIDENCE, coverage, floor_of, quantile
from skydriver.services.calibration.truth_scans import SIGMAS_DEG
from skydriver.skymap.cells import Cells, centres_deg
from skydriver.skymap.posterior import level_at, posterior

numbers = st.lists(st.floats(0, 100), min_size=1, max_size=200)


@given(numbers, st.floats(0.01, 1.0))
def test_a_quantile_is_the_smallest_value_that_the_share_does_not_exceed(values, share):
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values)


@pytest.mark.parametrize("n", [10, 20, 70, 110, 1000])
def test_rounding_does_not_move_a_quantile(n):
    """0.9 times such numbers of events is a whole number."""
    assert quantile(range(1, n + 1), 0.9) == n * 9 // 10


@given(st.integers(0, 40), st.integers(0, 40))
def test_coverage_is_the_exact_interval(held, missed):
    if held + missed == 0:
        return
    found = coverage([True] * held + [False] * missed)
    exact = binomtest(held, held + missed).proportion_ci(CONFIDENCE, "exact")
    assert found.share == held / (held + missed)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def gaussian_levels(sigma_deg: float, n: int):
    """Truths that miss a point by a Gaussian of `sigma_deg` per axis; exact levels in the plane."""
    missed2 = 2.0 * sigma_deg**2 * np.random.default_rng(7).exponential(size=n)
    return 1.0 - np.exp(-missed2[:, np.newaxis] / (2.0 * np.square(SIGMAS_DEG)))


@pytest.mark.parametrize("sigma_deg", [0.1, 0.4, 1.3])
def test_the_floor_is_the_sigma_by_which_truths_are_off(sigma_deg):
    found = floor_of(gaussian_levels(sigma_deg, 3000), SIGMAS_DEG)
    error = (found.high_deg - found.low_deg) / 2.0
    assert found.limit == ""
    assert found.low_deg <= found.deg <= found.high_deg
    assert abs(found.deg - sigma_deg) < 3.0 * error < 0.12 * sigma_deg


def test_the_floor_of_narrow_maps_is_the_sigma_by_which_truths_are_off():
    """With posteriors on the sphere: all llh but one pixel's are hopeless."""
    cells = Cells(np.full(12, 1024), np.arange(6_000_000, 6_000_012), np.where(np.arange(12) == 5, 0.0, 1e3))
    ra, dec = (float(x[5]) for x in centres_deg(1024, cells.pixel))
    off = np.random.default_rng(3).normal(0.0, 0.5, (300, 2))
    truths = [(ra + east / math.cos(math.radians(dec)), dec + north) for east, north in off]
    sigmas = SIGMAS_DEG[6:20]
    maps = [posterior(cells, sigma) for sigma in sigmas]
    found = floor_of([[level_at(convolved, *truth) for convolved in maps] for truth in truths], sigmas)
    assert abs(found.deg - 0.5) < 3.0 * (found.high_deg - found.low_deg) / 2.0 < 0.15


def test_floors_beyond_those_tried_are_limits():
    low, high = floor_of(gaussian_levels(0.001, 50), SIGMAS_DEG), floor_of(gaussian_levels(30.0, 50), SIGMAS_DEG)
    assert (low.deg, low.limit) == (SIGMAS_DEG[0], "upper")
    assert (high.deg, high.limit) == (SIGMAS_DEG[-1], "lower")


def test_the_floor_holds_nine_of_ten():
    """One more miss than that, and it is not enough."""
    sigmas = (0.1, 1.0)
    assert floor_of([[0.95, 0.9]] * 9 + [[1.0, 1.0]], sigmas).deg == pytest.approx(1.0)
    assert floor_of([[0.95, 0.9]] * 8 + [[1.0, 1.0]] * 2, sigmas).limit == "lower"
    assert floor_of([[1.0, 0.8]], sigmas).deg == pytest.approx(math.sqrt(0.1))
