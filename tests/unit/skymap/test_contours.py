"""Lines around regions, against circles on the sphere and the laws of closed curves on it."""

import math
from itertools import pairwise

import healpy
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skydriver.skymap.contours import MARGIN, _solid_angle, area_deg2, contains_place, contours_of

SKY_DEG2 = 4.0 * math.pi * math.degrees(1.0) ** 2
THREE_MEET = [(90.0 * k, sign * math.degrees(math.asin(2.0 / 3.0))) for k in range(4) for sign in (1, -1)]
"""Where three pixels meet."""
CENTRES = [(0.0, 90.0), (10.0, -90.0), (0.0, 0.0), (359.99, -33.0), (123.4, 29.0), *THREE_MEET[:3]]
SIZES = [(0.1, 8192), (1.0, 1024), (7.0, 128), (30.0, 32), (90.0, 8), (120.0, 8)]
"""Radii, and an nside of which each is 12 to 17 pixels."""
seeds = st.integers(0, 2**32)


def vectors(line):
    return healpy.ang2vec(line.ra_deg, line.dec_deg, lonlat=True)


def away_deg(place, to):
    """Angles between a place and unit vectors (n, 3)."""
    half = np.linalg.norm(healpy.ang2vec(*place, lonlat=True) - to, axis=1) / 2.0
    return 2.0 * np.degrees(np.arcsin(np.minimum(half, 1.0)))


def sky_place(vector):
    """Right ascension and declination."""
    return tuple(float(x[0]) for x in healpy.vec2ang(vector, lonlat=True))


def across(place):
    """The place on the other side of the sky."""
    return place[0] + 180.0, -place[1]


def sky(nside):
    pixel = np.arange(12 * nside**2)
    return pixel, np.transpose(healpy.pix2vec(nside, pixel))


def around(nside, place, radius_deg):
    """Pixels out to half as far again, and their distances."""
    reach = math.radians(1.5 * radius_deg)
    pixel = healpy.query_disc(nside, healpy.ang2vec(*place, lonlat=True), min(reach, math.pi))
    return pixel, away_deg(place, np.transpose(healpy.pix2vec(nside, pixel)))


def cap_deg2(radius_deg):
    return SKY_DEG2 * math.sin(math.radians(radius_deg) / 2.0) ** 2


def some_sky(seed, nside):
    """Values by chance, smooth or not, with NaN and missing pixels here and there."""
    dice = np.random.default_rng(seed)
    pixel, at = sky(nside)
    value = dice.normal(size=len(pixel)) * dice.choice([0.1, 1.0]) + at @ dice.normal(size=3)
    value[dice.random(len(pixel)) < dice.choice([0.0, 0.0, 0.05, 0.5])] = np.nan
    given_ = dice.random(len(pixel)) >= dice.choice([0.0, 0.0, 0.05, 0.5])
    return pixel[given_], value[given_], float(dice.normal(scale=0.5))


def area_above(nside, value, edge):
    return np.count_nonzero(value > edge) * SKY_DEG2 / (12 * nside**2)


def crosses(begin, end, here, there):
    """Whether arcs cross, (n, m) for arcs (n, 3) and (m, 3): the ends of each lie on both sides of the other."""
    one, other = np.cross(begin, end), np.cross(here, there)
    a, b, c, d = begin @ other.T, end @ other.T, one @ here.T, one @ there.T
    return ((a > 0) & (b < 0) & (c < 0) & (d > 0)) | ((a < 0) & (b > 0) & (c > 0) & (d < 0))


def arcs(lines):
    begin = np.concatenate([vectors(line) for line in lines])
    return begin, np.concatenate([np.roll(vectors(line), -1, axis=0) for line in lines])


def sides(lines, places, seed):
    """On which side of all lines places are, 0 or 1: by how many of them the way to some one place crosses."""
    end = np.random.default_rng(seed).normal(size=3)
    end = np.tile(end / np.linalg.norm(end), (len(places), 1))
    return crosses(*arcs(lines), places, end).sum(axis=0) % 2


def to_the_left(line):
    """Solid angle in deg² to the left of a closed line, from the angles by which it turns (Gauss and Bonnet)."""
    at = vectors(line)
    before, after = np.roll(at, 1, axis=0), np.roll(at, -1, axis=0)
    came, goes = np.cross(before, at), np.cross(at, after)
    turn = np.arctan2(np.einsum("ij,ij->i", np.cross(came, goes), at), np.einsum("ij,ij->i", came, goes))
    return (2.0 * math.pi - turn.sum()) * math.degrees(1.0) ** 2


@pytest.mark.parametrize("place", CENTRES)
@pytest.mark.parametrize(("radius_deg", "nside"), SIZES)
def test_around_a_disc_there_is_one_circle(place, radius_deg, nside):
    pixel, away = around(nside, place, radius_deg)
    (line,) = contours_of(nside, pixel, -away, -radius_deg)
    assert area_deg2((line,), cap_deg2(radius_deg)) == pytest.approx(cap_deg2(radius_deg), rel=0.005)
    pixel_deg = math.degrees(healpy.nside2resol(nside))
    assert away_deg(place, vectors(line)) == pytest.approx(radius_deg, abs=0.03 * pixel_deg)
    assert len(line.ra_deg) == len(line.dec_deg) > 40
    assert (line.ra_deg >= 0.0).all()
    assert (line.ra_deg < 360.0).all()
    turned = (healpy.ang2vec(*place, lonlat=True) @ np.cross(*arcs([line])).T > 0.0).mean()
    assert turned == 1.0 if radius_deg <= 90.0 else turned > 0.9  # counter-clockwise around the centre


@pytest.mark.parametrize("place", [(0.0, 90.0), (0.0, 0.0), THREE_MEET[0]])
def test_the_finer_the_pixels_the_better_the_area(place):
    errors = []
    for nside in (16, 32, 64, 128):
        pixel, away = around(nside, place, 10.0)
        errors.append(abs(area_deg2(contours_of(nside, pixel, -away, -10.0), 300.0) / cap_deg2(10.0) - 1.0))
    assert all(finer < 0.4 * coarser for coarser, finer in pairwise(errors))


@pytest.mark.parametrize("place", CENTRES)
def test_around_a_ring_there_are_an_island_and_a_hole(place):
    pixel, at = sky(32)
    outer, inner = contours_of(32, pixel, -np.abs(away_deg(place, at) - 40.0), -12.0)
    assert outer.area_deg2 == pytest.approx(cap_deg2(52.0), rel=0.005)
    assert inner.area_deg2 == pytest.approx(-cap_deg2(28.0), rel=0.005)
    area = area_deg2((outer, inner), 1.0)
    assert area == pytest.approx(cap_deg2(52.0) - cap_deg2(28.0), rel=0.005)
    on_ring = sky_place(at[np.abs(away_deg(place, at) - 40.0).argmin()])
    for there, inside in ((place, False), (across(place), False), (on_ring, True)):
        assert contains_place((outer, inner), area, *there) is inside


@pytest.mark.parametrize("place", CENTRES)
def test_an_island_in_a_hole_and_one_far_away_are_told_apart(place):
    pixel, at = sky(64)
    away = away_deg(place, at)
    far = away_deg(across(place), at)
    value = np.maximum.reduce([5.0 - away, 8.0 - np.abs(away - 30.0), 10.0 - far])
    areas = [line.area_deg2 for line in contours_of(64, pixel, value, 0.0)]
    assert areas == pytest.approx([cap_deg2(38.0), -cap_deg2(22.0), cap_deg2(10.0), cap_deg2(5.0)], rel=0.02)


@pytest.mark.parametrize("radius_deg", [100.0, 150.0, 175.0])
@pytest.mark.parametrize("place", CENTRES)
def test_what_is_larger_than_half_the_sky_has_its_own_area(place, radius_deg):
    pixel, at = sky(64)
    lines = contours_of(64, pixel, -away_deg(place, at), -radius_deg)
    assert lines[0].area_deg2 == pytest.approx(-cap_deg2(180.0 - radius_deg), rel=0.05)
    assert area_deg2(lines, 0.9 * cap_deg2(radius_deg)) == pytest.approx(cap_deg2(radius_deg), rel=0.001)
    assert contains_place(lines, cap_deg2(radius_deg), *place)


@pytest.mark.parametrize("nside", [1, 2, 4, 64])
def test_around_the_whole_sky_and_around_nothing_there_is_no_line(nside):
    pixel, _ = sky(nside)
    assert contours_of(nside, pixel, np.ones(len(pixel)), 0.0) == ()
    assert contours_of(nside, pixel, np.zeros(len(pixel)), 0.0) == ()
    assert contours_of(nside, pixel, np.full(len(pixel), np.nan), 0.0) == ()
    assert contours_of(nside, pixel[:0], np.zeros(0), 0.0) == ()
    assert area_deg2((), SKY_DEG2) == SKY_DEG2
    assert area_deg2((), 0.0) == 0.0
    assert contains_place((), SKY_DEG2, 10.0, 20.0)
    assert not contains_place((), 0.0, 10.0, 20.0)


@pytest.mark.parametrize("nside", [1, 2, 4, 8, 1024])
def test_around_one_pixel_alone_the_line_passes_half_way_to_its_neighbours(nside):
    """So it cuts the corners off: the middles of a square's sides are a square of half the size."""
    for pixel in {0, 4 * nside**2, 12 * nside**2 - 1, *np.random.default_rng(nside).integers(12 * nside**2, size=5)}:
        lines = contours_of(nside, np.array([pixel]), np.array([3.0]), 0.0)
        place = healpy.pix2ang(nside, pixel, lonlat=True)
        assert len(lines) == 1
        assert contains_place(lines, lines[0].area_deg2, *place)
        share = lines[0].area_deg2 / (SKY_DEG2 / (12 * nside**2))
        assert 0.4 < share < (0.6 if nside >= 4 else 1.0)


@settings(deadline=None, max_examples=30)
@given(seeds, st.sampled_from([1, 2, 4, 8, 16]))
def test_a_pixels_centre_is_inside_exactly_if_it_is_above(seed, nside):
    """By how often the way to some place crosses the lines."""
    pixel, value, edge = some_sky(seed, nside)
    lines = contours_of(nside, pixel, value, edge)
    if not lines:
        assert not (value > edge).any() or (len(pixel) == 12 * nside**2 and (value > edge).all())
        return
    every, at = sky(nside)
    inside = np.isin(every, pixel[value > edge])
    some = np.random.default_rng(seed).permutation(every)[:300]
    side = sides(lines, at[some], seed) == 1
    assert np.array_equal(side, inside[some]) or np.array_equal(side, ~inside[some])


@settings(deadline=None, max_examples=30)
@given(seeds, st.sampled_from([4, 8, 16]))
def test_places_are_inside_by_both_ways_of_counting(seed, nside):
    pixel, value, edge = some_sky(seed, nside)
    lines = contours_of(nside, pixel, value, edge)
    about = area_above(nside, value, edge)
    every, at = sky(nside)
    inside = np.isin(every, pixel[value > edge])
    for k in np.random.default_rng(seed).choice(every, 10):
        assert contains_place(lines, about, *sky_place(at[k])) == inside[k]


@settings(deadline=None, max_examples=40)
@given(seeds, st.sampled_from([1, 2, 4, 8]))
@example(999999, 1)  # arcs of one great circle, opposite each other: of these the signs say nothing
def test_lines_neither_cross_nor_touch_nor_repeat(seed, nside):
    lines = contours_of(nside, *some_sky(seed, nside))
    if not lines:
        return
    begin, end = arcs(lines)
    assert all(len(line.ra_deg) >= 3 for line in lines)
    joined = (begin[:, np.newaxis] == end).all(axis=2)
    near = (begin @ begin.T > 0.0) & ~joined & ~joined.T & ~np.eye(len(begin), dtype=bool)
    assert not (crosses(begin, end, begin, end) & near).any()
    apart = np.linalg.norm(begin[:, np.newaxis] - begin, axis=2) + 9.0 * np.eye(len(begin))
    assert apart.min() > 0.1 * MARGIN * healpy.nside2resol(max(4, nside))
    steps = np.linalg.norm(end - begin, axis=1)
    assert steps.max() < 2.0 * healpy.max_pixrad(max(4, nside))


@settings(deadline=None, max_examples=40)
@given(seeds, st.sampled_from([2, 4, 8, 16]))
def test_each_lines_area_is_what_lies_to_its_left_and_together_they_are_the_region(seed, nside):
    """A line that turns the other way is around a hole; the largest comes first."""
    pixel, value, edge = some_sky(seed, nside)
    lines = contours_of(nside, pixel, value, edge)
    for line in lines:
        left = to_the_left(line)
        assert line.area_deg2 == pytest.approx(left if left <= SKY_DEG2 / 2.0 else left - SKY_DEG2, abs=1e-6)
    about = area_above(nside, value, edge)
    total = area_deg2(lines, about)
    assert -1e-6 <= total <= SKY_DEG2 + 1e-6
    assert total == pytest.approx(about, abs=0.25 * SKY_DEG2)
    sizes = [abs(line.area_deg2) for line in lines]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("corners", "share"),
    [
        (["x", "y", "z"], 1 / 8),
        (["x", "z", "y"], -1 / 8),
        (["-x", "-z", "-y"], 1 / 8),
        (["x", "y", "-x", "-y"], 1 / 2),
        (["x", "y", "-x", "z"], 1 / 4),
        (["x", "y", "-x", "-z"], -1 / 4 + 1),
    ],
)
def test_lines_through_the_ends_of_axes_have_the_area_of_so_many_octants(corners, share):
    """Where the antipode of one corner is another, and where the mean of all is nowhere; half the sky is positive."""
    axes = {"x": [1.0, 0.0, 0.0], "y": [0.0, 1.0, 0.0], "z": [0.0, 0.0, 1.0]}
    line = [-np.array(axes[name[1]]) if name[0] == "-" else np.array(axes[name]) for name in corners]
    wanted = 4.0 * math.pi * share
    assert _solid_angle(np.array(line)) == pytest.approx(wanted if wanted <= 2.0 * math.pi else wanted - 4.0 * math.pi)


@settings(deadline=None, max_examples=30)
@given(seeds, st.sampled_from([1, 2, 4, 8, 16]))
def test_the_lines_around_the_rest_are_the_same_and_run_the_other_way(seed, nside):
    pixel, at = sky(nside)
    value = np.random.default_rng(seed).normal(size=len(pixel)) + at @ np.random.default_rng(seed + 1).normal(size=3)
    lines, others = contours_of(nside, pixel, value, 0.2), contours_of(nside, pixel, -value, -0.2)
    assert len(lines) == len(others)
    if not lines:
        return
    areas, rest = ([line.area_deg2 for line in part] for part in (lines, others))
    assert sorted(areas) == pytest.approx(sorted(-area for area in rest), abs=1e-6)
    about = area_above(nside, value, 0.2)
    assert area_deg2(lines, about) + area_deg2(others, SKY_DEG2 - about) == pytest.approx(SKY_DEG2, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(seeds, st.sampled_from([2, 4, 8, 16]), st.integers(1, 3))
def test_a_sky_that_is_turned_has_lines_that_are_turned(seed, nside, quarters):
    pixel, value, edge = some_sky(seed, nside)
    ra, dec = healpy.pix2ang(nside, pixel, lonlat=True)
    turned = healpy.ang2pix(nside, ra + 90.0 * quarters, dec, lonlat=True)
    order = np.argsort(turned)
    lines, others = contours_of(nside, pixel, value, edge), contours_of(nside, turned[order], value[order], edge)
    areas, wanted = (sorted(line.area_deg2 for line in part) for part in (others, lines))
    assert areas == pytest.approx(wanted, abs=1e-6)
    if lines:
        shift = np.radians(90.0 * quarters)
        turn = [[np.cos(shift), np.sin(shift), 0.0], [-np.sin(shift), np.cos(shift), 0.0], [0.0, 0.0, 1.0]]
        (begin, end), (other_begin, other_end) = arcs(lines), arcs(others)
        apart = np.linalg.norm((begin @ turn)[:, np.newaxis] - other_begin, axis=2)
        assert apart.min(axis=1).max() < 1e-9
        assert end @ turn == pytest.approx(other_end[apart.argmin(axis=1)], abs=1e-9)


@settings(deadline=None, max_examples=12)
@given(seeds)
def test_towards_what_is_unknown_the_line_passes_half_way(seed):
    """Between two pixels' centres, at least: whatever the value inside."""
    dice = np.random.default_rng(seed)
    pixel = np.sort(dice.choice(3072, 300, replace=False))
    lines = contours_of(16, pixel, dice.uniform(0.01, 1e6, 300), 0.0)
    at, every = np.transpose(healpy.pix2vec(16, pixel)), np.transpose(healpy.pix2vec(16, np.arange(3072)))
    outside = np.delete(every, pixel, axis=0)
    near_in, near_out = (
        np.linalg.norm(arcs(lines)[0][:, np.newaxis] - part, axis=2).min(axis=1) for part in (at, outside)
    )
    assert near_in == pytest.approx(near_out, rel=1e-6)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_infinite_values_are_above_or_below_and_have_half_way_lines(seed):
    dice = np.random.default_rng(seed)
    pixel, at = sky(8)
    above = dice.random(768) < 0.4
    lines = contours_of(8, pixel, np.where(above, np.inf, -np.inf), 3.0)
    near = [np.linalg.norm(arcs(lines)[0][:, np.newaxis] - at[part], axis=2).min(axis=1) for part in (above, ~above)]
    assert near[0] == pytest.approx(near[1], rel=1e-6)
    about = area_above(8, np.where(above, 1.0, 0.0), 0.5)
    some = dice.permutation(pixel)[:5]
    inside = [contains_place(lines, about, *sky_place(vector)) for vector in at[some]]
    assert inside == above[some].tolist()


@pytest.mark.parametrize("step", [1, 3, 5, 7])
@pytest.mark.parametrize(("high", "n_islands"), [(1.1, 1), (0.9, 2)])
def test_two_pixels_that_meet_in_a_corner_are_joined_if_the_mean_there_is_above(high, n_islands, step):
    """The neighbours before and after the one across the corner are the other two of the four."""
    for middle in np.random.default_rng(step).integers(3072, size=10):
        around = healpy.get_all_neighbours(16, int(middle))
        if around[step] >= 0:
            value = np.full(3072, -1.0)
            value[[middle, around[step]]] = high
            assert len(contours_of(16, np.arange(3072), value, 0.0)) == n_islands


def test_a_value_at_the_edge_is_outside_and_the_line_goes_around_it():
    pixel, at = sky(8)
    value = np.ones(768)
    value[300] = 0.5
    (line,) = contours_of(8, pixel, value, 0.5)
    assert not contains_place((line,), SKY_DEG2, *sky_place(at[300]))
    assert line.area_deg2 < 0.0
    assert away_deg(sky_place(at[300]), vectors(line)).min() > 0.5 * MARGIN * math.degrees(healpy.nside2resol(8))
    assert contours_of(8, pixel, value, 0.5 - 1e-9) == ()
