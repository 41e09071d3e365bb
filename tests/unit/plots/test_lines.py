"""The edges of regions on the maps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.coordinates import angular_distance
from skydriver.plots import lines
from skydriver.plots.lines import ContourLine
from skydriver.plots.projections import MAP_HEIGHT, inverse_mollweide, mollweide

PLACES = st.tuples(st.floats(0.0, 359.99), st.floats(-90.0, 90.0))
FEW_DEGREES = 4.0 * 2.0 * MAP_HEIGHT / 180.0
"""On the map, along the equator."""


def distance_deg(ra, dec, other_ra, other_dec):
    return np.degrees(angular_distance(*map(np.radians, (ra, dec, other_ra, other_dec))))


def strokes(x, y):
    """Lengths of the strokes that a line with gaps is drawn with."""
    length = np.hypot(np.diff(x), np.diff(y))
    return length[np.isfinite(length)]


@given(PLACES, st.floats(0.05, 80.0), st.integers(3, 40))
def test_no_stroke_crosses_the_map(by_hand, place, radius, n):
    x, y = lines.on_all_sky(by_hand.disc(*place, radius, n))
    assert strokes(x, y).max() < FEW_DEGREES


@given(PLACES, st.floats(0.05, 60.0), st.integers(3, 40))
def test_neither_does_one_in_the_zoom(by_hand, place, radius, n):
    x, y = lines.on_zoom(by_hand.disc(*place, radius, n), place)
    assert len(x) > n
    assert strokes(x, y).max() < 4.0


@given(PLACES, st.floats(0.5, 60.0), st.integers(3, 40))
def test_a_line_keeps_its_corners_and_is_closed(by_hand, place, radius, n):
    line = by_hand.disc(*place, radius, n)
    ra, dec = lines.closed(line)
    assert distance_deg(ra[0], dec[0], ra[-1], dec[-1]) < 1e-6
    away = distance_deg(ra[:, None], dec[:, None], line.ra_deg, line.dec_deg)
    assert away.min(axis=0).max() < 1e-6
    assert distance_deg(ra[1:], dec[1:], ra[:-1], dec[:-1]).max() < lines.LONGEST_DEG + 1e-6


def test_long_edges_follow_great_circles():
    ra, dec = lines.closed(ContourLine(np.array([0.0, 90.0, 45.0]), np.array([60.0, 60.0, 80.0])))
    middle = np.argmin(np.abs(ra[: np.argmax(ra)] - 45.0))
    assert dec[middle] == pytest.approx(np.degrees(np.arctan(np.tan(np.radians(60.0)) * np.sqrt(2.0))), abs=0.01)


@pytest.mark.parametrize("dec", [40.0, 89.0, -75.0])
def test_a_line_across_the_edge_of_the_map_reaches_both_sides_of_it(by_hand, dec):
    """Each part ends and begins on the ellipse, at the same height on both sides."""
    line = by_hand.disc(0.3, dec, 0.9 if abs(dec) < 80 else 0.2)
    x, y = lines.on_all_sky(line)
    gaps = np.flatnonzero(np.isnan(x))
    assert len(gaps) == 2
    for gap in gaps:
        before, after = gap - 1, gap + 1
        assert (x[before] / 2) ** 2 + y[before] ** 2 == pytest.approx(MAP_HEIGHT**2)
        assert (x[before], y[before]) == pytest.approx((-x[after], y[after]))


@pytest.mark.parametrize("pole", [89.8, -89.8])
def test_a_line_around_a_pole_goes_once_around(by_hand, pole):
    """From one edge of the map to the other, in one piece or two; closed in the zoom."""
    line = by_hand.disc(40.0, pole, 3.0)
    x, _ = lines.on_all_sky(line)
    assert np.count_nonzero(np.isnan(x)) == 1
    assert np.nanmax(x) == pytest.approx(-np.nanmin(x), rel=0.01)
    east, north = lines.on_zoom(line, (40.0, pole))
    assert (east[0], north[0]) == pytest.approx((east[-1], north[-1]), abs=1e-9)
    assert np.hypot(east, north) == pytest.approx(np.full(len(east), 3.0), abs=0.01)


def test_what_is_drawn_on_the_map_lies_on_the_line(by_hand):
    x, y = lines.on_all_sky(by_hand.disc(200.0, 50.0, 20.0, 360))
    ra, dec = inverse_mollweide(x, y)
    assert distance_deg(ra, dec, 200.0, 50.0) == pytest.approx(np.full(len(ra), 20.0), abs=0.05)


def test_what_is_too_far_for_the_zoom_is_left_out(by_hand):
    east, _ = lines.on_zoom(by_hand.disc(180.0, 0.0, 10.0), (0.0, 0.0))
    assert np.isnan(east).all()


def test_the_reach_is_that_of_the_farthest_corner(by_hand):
    assert lines.reach_deg(by_hand.disc(10.0, 80.0, 5.0), (10.0, 70.0)) == pytest.approx(15.0, abs=0.01)
    assert lines.reach_deg(ContourLine(np.array([]), np.array([])), (0.0, 0.0)) == 0.0


@given(PLACES)
def test_the_galaxy_and_all_else_lie_inside_the_map(place):
    x, y = mollweide(*place)
    assert (x / 2) ** 2 + y**2 <= MAP_HEIGHT**2 * (1 + 1e-9)
