"""Rectangles and errors of regions, against circles and polygons on paper."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.skymap.extent import errors_of, rectangle_of
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.outline import Contour, Rectangle
from skydriver.skymap.regions import Errors

SKY_DEG2 = 4.0 * math.pi * math.degrees(1.0) ** 2
seeds = st.integers(0, 2**32)


def cap_deg2(radius_deg):
    return SKY_DEG2 * math.sin(math.radians(radius_deg) / 2.0) ** 2


def circle(ra, dec, radius_deg, n=4000):
    """Around a place, counter-clockwise as seen from outside: from north over west and south."""
    (a, d), radius, turn = np.radians((ra, dec)), math.radians(radius_deg), 2.0 * np.pi * np.arange(n)[:, None] / n
    centre = np.array([math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)])
    east, north = np.array([-math.sin(a), math.cos(a), 0.0]), np.cross(centre, [-math.sin(a), math.cos(a), 0.0])
    at = math.cos(radius) * centre + math.sin(radius) * (np.cos(turn) * north - np.sin(turn) * east)
    place = np.degrees(np.arctan2(at[:, 1], at[:, 0])) % 360.0, np.degrees(np.arcsin(np.clip(at[:, 2], -1.0, 1.0)))
    return Contour(*place, cap_deg2(radius_deg))


def half_width_deg(dec, radius_deg):
    """Of a circle, in right ascension."""
    return math.degrees(math.asin(math.sin(math.radians(radius_deg)) / math.cos(math.radians(dec))))


def holds(rectangle, ra, dec, *, slack=1e-6):
    width = (rectangle.ra_max_deg - rectangle.ra_min_deg) % 360.0 or 360.0
    inside = (ra - rectangle.ra_min_deg + slack) % 360.0 <= width + 2.0 * slack
    return inside & (dec >= rectangle.dec_min_deg - slack) & (dec <= rectangle.dec_max_deg + slack)


@pytest.mark.parametrize("radius_deg", [0.1, 3.0, 25.0])
@pytest.mark.parametrize("ra", [0.0, 0.01, 359.99, 123.4])
@pytest.mark.parametrize("dec", [0.0, 45.0, -60.0])
def test_a_circles_rectangle_is_that_of_the_sphere(ra, dec, radius_deg):
    rectangle = rectangle_of([circle(ra, dec, radius_deg)], cap_deg2(radius_deg))
    width = half_width_deg(dec, radius_deg)
    wanted = Rectangle((ra - width) % 360.0, (ra + width) % 360.0, dec - radius_deg, dec + radius_deg)
    assert rectangle == pytest.approx(wanted, abs=2e-3 * radius_deg)
    found = errors_of(rectangle, ra, dec)
    assert found == pytest.approx((width, width, radius_deg, radius_deg), rel=2e-3)


def test_each_side_is_told_for_itself():
    """A circle of 10 degrees, seen from a place east and south of its centre."""
    rectangle = rectangle_of([circle(3.0, 10.0, 10.0)], cap_deg2(10.0))
    width = half_width_deg(10.0, 10.0)
    assert rectangle == pytest.approx((363.0 - width, 3.0 + width, 0.0, 20.0), abs=1e-3)
    assert errors_of(rectangle, 5.0, 3.0) == pytest.approx((width - 2.0, width + 2.0, 17.0, 3.0), abs=1e-3)


@pytest.mark.parametrize(
    ("centres", "wanted"),
    [
        ([350.0, 20.0], (349.0, 21.0)),
        ([20.0, 350.0], (349.0, 21.0)),
        ([10.0, 170.0], (9.0, 171.0)),
        ([10.0, 200.0], (199.0, 11.0)),
        ([10.0, 100.0, 300.0], (299.0, 101.0)),
        ([0.0, 90.0, 179.0], (359.0, 180.0)),
        ([0.0, 90.0, 180.0, 270.5], (270.5 - 1.0, 181.0)),
    ],
)
def test_islands_are_held_by_the_smallest_arc(centres, wanted):
    rectangle = rectangle_of([circle(ra, 0.0, 1.0) for ra in centres], len(centres) * cap_deg2(1.0))
    assert rectangle == pytest.approx((*wanted, -1.0, 1.0), abs=1e-3)


@given(seeds, st.integers(1, 6))
def test_a_rectangle_holds_its_region_and_is_the_smallest(seed, n):
    """Each side touches the region, and no arc free of it is wider than the one left out."""
    dice = np.random.default_rng(seed)
    places = dice.uniform((0.0, -60.0, 0.1), (360.0, 60.0, 25.0), (n, 3)).tolist()
    lines = [circle(*place, n=400) for place in places]
    rectangle = rectangle_of(lines, sum(line.area_deg2 for line in lines) % SKY_DEG2)
    ra, dec = (np.concatenate([line[k] for line in lines]) for k in (0, 1))
    assert holds(rectangle, ra, dec).all()
    assert (dec.min(), dec.max()) == pytest.approx((rectangle.dec_min_deg, rectangle.dec_max_deg), abs=0.01)
    free = np.ones(36_000, bool)
    for west, _, radius in places:
        width = half_width_deg(_, radius)
        free &= (np.arange(36_000) / 100.0 - west + width) % 360.0 > 2.0 * width
    turned = np.concatenate([free, free])
    ends = np.flatnonzero(np.diff(np.concatenate([[0], turned.astype(int), [0]])))
    widest = (np.diff(ends)[::2].max(initial=0) / 100.0) if len(ends) else 0.0
    left_out = (rectangle.ra_min_deg - rectangle.ra_max_deg) % 360.0
    assert left_out == pytest.approx(min(widest, 360.0), abs=0.05)


def test_an_arc_reaches_farther_north_than_its_ends():
    """Between two places at 60 degrees the great circle bulges: tan(dec) = tan(60 deg) / cos(half of the way)."""
    box = Contour(np.array([330.0, 30.0, 30.0, 330.0]), np.array([40.0, 40.0, 60.0, 60.0]), 900.0)
    top = math.degrees(math.atan(math.tan(math.radians(60.0)) / math.cos(math.radians(30.0))))
    assert rectangle_of([box], 900.0) == pytest.approx((330.0, 30.0, 40.0, top))
    south = box._replace(dec_deg=-box.dec_deg[::-1], ra_deg=box.ra_deg[::-1])
    assert rectangle_of([south], 900.0) == pytest.approx((330.0, 30.0, -top, -40.0))


def test_an_island_beside_a_long_arc_does_not_hide_the_rest_of_it():
    ra, dec = np.array([0.0, 150.0, 300.0, 300.0, 150.0, 0.0]), np.array([10.0, 10.0, 10.0, 20.0, 20.0, 20.0])
    band = Contour(ra, dec, 3000.0)
    assert rectangle_of([band, circle(10.0, -40.0, 1.0)], 3003.0)[:2] == pytest.approx((0.0, 300.0))


@pytest.mark.parametrize(("dec", "radius_deg"), [(89.9, 2.0), (89.0, 2.0), (90.0, 2.0), (60.0, 30.001), (-10.0, 120.0)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_region_that_holds_a_pole_has_every_right_ascension(dec, radius_deg, sign):
    rectangle = rectangle_of([circle(77.0, sign * dec, radius_deg)], cap_deg2(radius_deg))
    assert rectangle[:2] == (0.0, 360.0)
    found = errors_of(rectangle, 77.0, sign * dec)
    assert found[:2] == (180.0, 180.0)
    to_pole, away = found[2:] if sign > 0.0 else found[:1:-1]
    assert to_pole == 90.0 - dec
    assert away == pytest.approx(min(radius_deg, 90.0 + dec), abs=1e-3)


@pytest.mark.parametrize("dec", [85.0, -85.0])
def test_beside_a_pole_right_ascension_still_counts(dec):
    found = errors_of(rectangle_of([circle(77.0, dec, 4.99)], cap_deg2(4.99)), 77.0, dec)
    assert found[:2] == pytest.approx([half_width_deg(85.0, 4.99)] * 2, abs=0.1)
    assert max(found[:2]) < 90.0


def test_a_ring_around_a_pole_that_is_not_in_it_has_every_right_ascension_too():
    outer, inner = circle(0.0, 90.0, 5.0), circle(0.0, 90.0, 2.0)
    hole = Contour(inner.ra_deg[::-1], inner.dec_deg[::-1], -inner.area_deg2)
    rectangle = rectangle_of([outer, hole], cap_deg2(5.0) - cap_deg2(2.0))
    assert rectangle == pytest.approx((0.0, 360.0, 85.0, 88.0), abs=1e-5)
    assert errors_of(rectangle, 30.0, 86.5) == pytest.approx((180.0, 180.0, 1.5, 1.5), abs=1e-5)


def test_a_hole_around_a_pole_leaves_every_right_ascension_and_the_other_pole():
    around = circle(0.0, 90.0, 20.0)
    hole = Contour(around.ra_deg[::-1], around.dec_deg[::-1], -around.area_deg2)
    assert rectangle_of([hole], SKY_DEG2 - cap_deg2(20.0)) == pytest.approx((0.0, 360.0, -90.0, 70.0), abs=1e-5)


def test_the_whole_sky_is_held_by_all():
    assert rectangle_of((), SKY_DEG2) == (0.0, 360.0, -90.0, 90.0)
    assert errors_of(rectangle_of((), SKY_DEG2), 30.0, 20.0) == Errors(180.0, 180.0, 70.0, 110.0)


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ((20.0, 0.0), (0.0, 21.0, 2.0, 2.0)),
        ((350.0, 0.0), (15.0, 0.0, 2.0, 2.0)),
        ((2.0, 5.0), (3.0, 3.0, 0.0, 7.0)),
        ((2.0, -3.0), (3.0, 3.0, 5.0, 0.0)),
        ((5.0, 2.0), (0.0, 6.0, 0.0, 4.0)),
        ((359.0, -2.0), (6.0, 0.0, 4.0, 0.0)),
    ],
)
def test_beside_a_region_the_nearer_side_is_not_reached_by_less_than_nothing(place, wanted):
    assert errors_of(Rectangle(359.0, 5.0, -2.0, 2.0), *place) == wanted


@given(seeds, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_another_place_in_a_region_only_moves_the_reach_from_side_to_side(seed, east, north):
    ra, dec = np.random.default_rng(seed).uniform((0.0, -60.0), (360.0, 60.0)).tolist()
    rectangle = rectangle_of([circle(ra, dec, 4.0)], cap_deg2(4.0))
    here, there = errors_of(rectangle, ra, dec), errors_of(rectangle, (ra + east) % 360.0, dec + north)
    shift = np.array([-east, east, -north, north])
    assert np.array(there) == pytest.approx(np.array(here) + shift, abs=1e-9)


@given(seeds)
def test_no_part_of_a_region_is_farther_than_its_errors_say(seed):
    dice = np.random.default_rng(seed)
    ra, dec, radius = dice.uniform((0.0, -70.0, 0.1), (360.0, 70.0, 19.0)).tolist()
    line = circle(ra, dec, radius)
    found = errors_of(rectangle_of([line], cap_deg2(radius)), ra, dec)
    assert all(separation_deg(ra, dec, *place) <= radius + 1e-6 for place in zip(*line[:2], strict=True))
    assert min(found[2:]) == pytest.approx(radius, rel=1e-3)
