"""The shipped tables are those named, and say what scipy says of the convoluted Pandel law."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import simpson
from scipy.interpolate import RectBivariateSpline

from skydriver.errors import TaskEnvironmentError
from skydriver.recos import pandel_table as pt
from skydriver.recos._kernels.pandel import log_pandel

EDGE_KNOTS = 8
"""A spline that is wrong at its end is wrong by a factor 2 - sqrt(3) = 0.27 less at each further knot."""
FLOAT32 = 16.0 * 2.0**-23
"""Rounding of the coefficients, numbers up to 16."""
INTERPOLATION = 1.2e-3
"""Error of log p between knots, EDGE_KNOTS from the edges: an eighth of what half the knots err, see below."""
ONSET = {8.0: 6.5e-3, 15.0: INTERPOLATION, 25.0: INTERPOLATION}
"""The same before direct light, by the Gaussian's width: a narrow one rises out of the noise within few knots."""

xis = st.floats(pt.XI_MIN * 1.01, pt.XI_MAX * 0.99)
times = st.floats(pt.TIME_MIN_NS + 1.0, pt.TIME_MAX_NS - 1.0)
xis_from_the_edge = st.floats((pt.U_MIN + EDGE_KNOTS / pt.U_SCALE) ** 2, pt.XI_MAX)


def squeezed(t_ns):
    """The table's axis v (ns) of the time t, as the module's text defines it."""
    return t_ns / np.sqrt(1.0 + np.abs(t_ns) / pt.STRETCH_NS)


def axes():
    """xi and t (ns) as functions of fractional knot numbers."""
    fine = np.linspace(pt.TIME_MIN_NS, pt.TIME_MAX_NS, 2_000_001)
    u = np.linspace(math.sqrt(pt.XI_MIN), math.sqrt(pt.XI_MAX), pt.N_U)
    v = np.linspace(*squeezed(fine[[0, -1]]), pt.N_V)
    return (
        lambda i: np.interp(i, range(pt.N_U), u) ** 2,
        lambda j: np.interp(np.interp(j, range(pt.N_V), v), squeezed(fine), fine),
    )


def logs(table, xi, t_ns):
    """Log p and log S, elementwise."""
    return np.array([log_pandel(table, float(x), float(t))[::3] for x, t in zip(xi, t_ns, strict=True)])


@pytest.fixture(params=pt.TABLES)
def jitter_ns(request):
    """The width of each table's Gaussian."""
    return request.param


@pytest.fixture
def truth(slow_pandel, jitter_ns):
    """A function of xi and t: log p and log S by quadrature, elementwise."""
    return lambda xi, t_ns: np.log([slow_pandel(float(x), float(t), jitter_ns) for x, t in zip(xi, t_ns, strict=True)])


def test_name_carries_hash(jitter_ns):
    assert f"pandel_{pt.table_sha256(jitter_ns)[:16]}.npy" == pt.TABLES[jitter_ns]


def test_the_usual_table_is_the_one_that_pandel_mpe_began_with():
    assert pt.TABLES[pt.JITTER_NS] == "pandel_55417190d415bb02.npy"
    assert (pt.load_table() == pt.load_table(pt.JITTER_NS)).all()


def test_damaged_table_is_refused(monkeypatch, jitter_ns):
    damaged = bytearray(pt._table_bytes(jitter_ns))
    damaged[-1] ^= 1
    monkeypatch.setattr(pt, "_table_bytes", lambda _: bytes(damaged))
    pt.load_table.cache_clear()
    with pytest.raises(TaskEnvironmentError, match=f"{pt.TABLES[jitter_ns]} is damaged"):
        pt.load_table(jitter_ns)


def test_a_table_of_another_shape_is_refused(monkeypatch):
    monkeypatch.setattr(pt, "N_U", pt.N_U + 1)
    pt.load_table.cache_clear()
    with pytest.raises(TaskEnvironmentError, match=r"has shape \(75, 259, 2\), not \(76, 259, 2\)"):
        pt.load_table()


def test_knots_hold_what_scipy_says(jitter_ns, truth):
    """Nothing is interpolated there: rounding is left."""
    xi_of, t_of = axes()
    dice = np.random.default_rng(11)
    corners = [(0, 0), (0, pt.N_V - 1), (pt.N_U - 1, 0), (pt.N_U - 1, pt.N_V - 1)]
    knots = [*corners, *zip(dice.integers(pt.N_U, size=50), dice.integers(pt.N_V, size=50), strict=True)]
    for i, j in knots:
        knot = [xi_of(i)], [t_of(j)]
        assert_allclose(logs(pt.load_table(jitter_ns), *knot), truth(*knot), rtol=0, atol=FLOAT32)


def test_between_knots_a_spline_errs_by_the_fourth_power(jitter_ns, truth):
    """One on every second knot errs 16 times as much, so an eighth of its distance to ours bounds our error."""
    xi_of, t_of = axes()
    dice = np.random.default_rng(12)
    i, j = dice.uniform(EDGE_KNOTS, pt.N_U - 1, 100), dice.uniform(0, pt.N_V - EDGE_KNOTS, 100)
    table = pt.load_table(jitter_ns)
    ours = logs(table, xi_of(i), t_of(j))
    errors = np.abs(ours - truth(xi_of(i), t_of(j)))
    rows, columns = np.arange(EDGE_KNOTS // 2, pt.N_U, 2), np.arange(0, pt.N_V, 2)
    grid = [column.ravel() for column in np.meshgrid(xi_of(rows), t_of(columns), indexing="ij")]
    coarse = logs(table, *grid).reshape(len(rows), len(columns), 2)
    for which in (0, 1):
        half = RectBivariateSpline(rows, columns, coarse[:, :, which])(i, j, grid=False)
        bound = np.abs(half - ours[:, which]).max() / 8.0
        assert errors[:, which].max() < bound < INTERPOLATION * 1.01


def test_where_light_sets_in_a_narrow_gaussian_is_hard_to_follow(jitter_ns, truth):
    """From six widths to two before direct light: at 8 ns, three knots wide, the error is the largest that there is."""
    dice = np.random.default_rng(14)
    xi = dice.uniform((pt.U_MIN + EDGE_KNOTS / pt.U_SCALE) ** 2, 4.0, 200)
    t_ns = -jitter_ns * dice.uniform(2.0, 6.0, 200)
    errors = np.abs(logs(pt.load_table(jitter_ns), xi, t_ns) - truth(xi, t_ns)).max()
    assert ONSET[jitter_ns] / 20.0 < errors < ONSET[jitter_ns]


def test_near_the_edges_it_errs_no_more_than_twice_as_much(jitter_ns, truth):
    """The knots end there on one side only; light of DOMs within some metres of the track lies there."""
    xi_of, t_of = axes()
    dice = np.random.default_rng(13)
    near = (dice.uniform(0, EDGE_KNOTS, 100), dice.uniform(0, pt.N_V - 1, 100))
    late = (dice.uniform(0, pt.N_U - 1, 50), dice.uniform(pt.N_V - EDGE_KNOTS, pt.N_V - 1, 50))
    for i, j in (near, late):
        errors = np.abs(logs(pt.load_table(jitter_ns), xi_of(i), t_of(j)) - truth(xi_of(i), t_of(j)))
        assert errors.max() < 2.0 * ONSET[jitter_ns]


@settings(deadline=None, max_examples=100)
@given(xis, times)
def test_gradient_is_the_finite_difference(xi, t_ns):
    """To the difference that halving the step makes."""
    table = pt.load_table()
    _, p_xi, p_t, _, s_xi, s_t = log_pandel(table, xi, t_ns)
    for slopes, dx, dt in (((p_xi, s_xi), 1e-5 * xi, 0.0), ((p_t, s_t), 0.0, 1e-4)):
        wide, narrow = (
            np.subtract(*logs(table, [xi + h * dx, xi - h * dx], [t_ns + h * dt, t_ns - h * dt]))
            / (2.0 * h * (dx + dt))
            for h in (2.0, 1.0)
        )
        for slope, difference, rough in zip(slopes, narrow, wide, strict=True):
            assert abs(slope - difference) <= 2.0 * abs(rough - difference) + 1e-8 * max(1.0, 1.0 / xi)


@settings(deadline=None)
@given(st.sampled_from([0.0, pt.XI_MIN / 2, pt.XI_MIN, -1.0]), st.sampled_from([pt.XI_MAX, 1e9, 1e300]), times)
def test_constant_beyond_the_edges_of_distance(near, far, t_ns):
    table = pt.load_table()
    for xi, edge in ((near, pt.XI_MIN * (1 + 1e-9)), (far, pt.XI_MAX * (1 - 1e-9))):
        beyond = log_pandel(table, xi, t_ns)
        assert beyond[1] == beyond[4] == 0.0
        assert_allclose(beyond[::3], log_pandel(table, edge, t_ns)[::3], rtol=0, atol=1e-6)


@settings(deadline=None)
@given(xis, st.sampled_from([pt.TIME_MIN_NS, -1e4, -1e300]), st.sampled_from([pt.TIME_MAX_NS, 1e4, 1e300]))
def test_constant_beyond_the_edges_of_time(xi, early, late):
    table = pt.load_table()
    for t_ns, edge in ((early, pt.TIME_MIN_NS + 1e-6), (late, pt.TIME_MAX_NS - 1e-6)):
        beyond = log_pandel(table, xi, t_ns)
        assert beyond[2] == beyond[5] == 0.0
        assert_allclose(beyond[::3], log_pandel(table, xi, edge)[::3], rtol=0, atol=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_gives_nan(table, bad):
    assert np.isnan(log_pandel(table, bad, 1.0)).all()
    assert np.isnan(log_pandel(table, 1.0, bad)).all()


@settings(deadline=None, max_examples=30)
@given(xis_from_the_edge, times, times)
def test_survival_loses_what_the_density_holds(xi, one, other):
    """S' = -(p - noise), as an integral."""
    low, high = sorted([one, other])
    t_ns = np.linspace(low, high, 2 * math.ceil(high - low) + 1)
    values = np.exp(logs(pt.load_table(), [xi] * len(t_ns), t_ns))
    held = simpson(values[:, 0], x=t_ns) if high > low else 0.0
    lost = values[0, 1] - values[-1, 1] + pt.NOISE_PER_NS * (high - low)
    assert lost == pytest.approx(held, rel=2.0 * INTERPOLATION, abs=INTERPOLATION * values[0, 1])


@settings(deadline=None)
@given(xis_from_the_edge)
def test_every_photon_arrives_and_none_has_before(xi):
    """Survival begins at 1: density and noise together hold everything."""
    assert log_pandel(pt.load_table(), xi, pt.TIME_MIN_NS)[3] == pytest.approx(0.0, abs=1e-6)
