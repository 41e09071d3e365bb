"""Uniform cubic B-splines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skydriver.recos._kernels.spline import slopes, spline_pair, weights

fractions = st.floats(0.0, 1.0)


@settings(deadline=None)
@given(fractions)
def test_weights_are_a_partition_of_unity(f):
    assert sum(weights(f)) == pytest.approx(1.0, abs=1e-15)
    assert min(weights(f)) >= 0.0
    assert sum(slopes(f)) == pytest.approx(0.0, abs=1e-15)


@settings(deadline=None)
@given(fractions)
def test_weights_are_those_of_scipy(f):
    from scipy.interpolate import BSpline

    whole = BSpline.basis_element(np.arange(5.0))
    assert_allclose(weights(f), [whole(f + 3 - k) for k in range(4)], atol=1e-15)


@settings(deadline=None)
@given(st.floats(0.01, 0.99))
def test_slopes_are_the_finite_difference(f):
    """Exact for a cubic but for its third derivative (at most 3) times h^2 / 6, and rounding."""
    h = 1e-4
    difference = (np.array(weights(f + h)) - np.array(weights(f - h))) / (2.0 * h)
    assert_allclose(slopes(f), difference, atol=0.5 * h * h + 1e-11)


def coefficients_of(cubic):
    """B-spline coefficients of the product of two cubics on knots 0, 1, ...: f - f'' / 6 in each direction."""
    along_u, along_v = (poly - poly.deriv(2) / 6.0 for poly in cubic)
    return np.multiply.outer(along_u(np.arange(-1.0, 6.0)), along_v(np.arange(-1.0, 7.0)))


cubics = st.lists(st.floats(-2.0, 2.0), min_size=4, max_size=4).map(np.polynomial.Polynomial)


@settings(deadline=None)
@given(st.tuples(cubics, cubics), st.tuples(cubics, cubics), st.floats(0.0, 3.99), st.floats(0.0, 4.99))
def test_cubics_are_reproduced_with_their_slopes(first, second, u, v):
    values = spline_pair(np.stack([coefficients_of(first), coefficients_of(second)], axis=-1), u, v)
    for (f, g), (value, du, dv) in ((first, values[:3]), (second, values[3:])):
        assert_allclose([value, du, dv], [f(u) * g(v), f.deriv()(u) * g(v), f(u) * g.deriv()(v)], rtol=0, atol=1e-9)
