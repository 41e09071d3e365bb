"""The inverse Hessian in three dimensions, against numpy's matrices."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from skydriver.recos._kernels.bfgs import damped_inverse, dot, times, updated

UPPER = np.triu_indices(3)

vectors = arrays(np.float64, 3, elements=st.floats(-10.0, 10.0))
factors = arrays(np.float64, (3, 3), elements=st.floats(-3.0, 3.0))


def square(triangle):
    """The symmetric matrix of an upper triangle."""
    m = np.zeros((3, 3))
    m[UPPER] = triangle
    return m + np.triu(m, 1).T


def triangle(matrix):
    return tuple(matrix[UPPER].tolist())


@settings(deadline=None)
@given(factors)
def test_damped_inverse_inverts_the_damped_matrix(factor):
    h = factor @ factor.T
    assume(np.diag(h).min() > 1e-3)
    damped = h + 0.1 * np.diag(np.diag(h))
    product = square(damped_inverse(triangle(h), 0.1)) @ damped
    floor = 1e-9 * np.trace(h)  # added to the diagonal
    assert_allclose(product, np.eye(3), atol=(floor + 1e-13) * 10.0 / np.linalg.eigvalsh(damped)[0])


def test_damped_inverse_of_nothing_is_finite():
    assert np.isfinite(damped_inverse((0.0,) * 6, 0.1)).all()


@settings(deadline=None)
@given(factors, vectors, vectors)
def test_products_are_those_of_numpy(factor, u, v):
    m = factor + factor.T
    assert_allclose(times(triangle(m), tuple(v.tolist())), m @ v, rtol=0, atol=1e-12)
    assert_allclose(dot(tuple(u.tolist()), tuple(v.tolist())), u @ v, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(factors, vectors, vectors)
def test_updated_is_nocedal_and_wright_6_17(factor, s, y):
    """The product form (I - r s y^T) M (I - r y s^T) + r s s^T, with matrices; so M' y = s, the secant equation."""
    assume(s @ y > 0.01 * np.linalg.norm(s) * np.linalg.norm(y) > 1e-6)
    m = factor @ factor.T + np.eye(3)
    ours = square(updated(triangle(m), tuple(s.tolist()), tuple(y.tolist())))
    left = np.eye(3) - np.outer(s, y) / (s @ y)
    theirs = left @ m @ left.T + np.outer(s, s) / (s @ y)
    scale = np.linalg.norm(m) * np.linalg.norm(s) ** 2 * np.linalg.norm(y) ** 2 / (s @ y) ** 2 + np.abs(theirs).max()
    assert_allclose(ours, theirs, rtol=0, atol=1e-13 * scale)
    assert_allclose(ours @ y, s, rtol=0, atol=1e-12 * scale * np.linalg.norm(y))
