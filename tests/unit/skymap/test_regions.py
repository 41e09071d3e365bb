"""How far regions reach and whether the fine map encloses them, against shapes on paper."""

import math

import hpgeom
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.scan.pixels import children
from skydriver.skymap.cells import cells_of
from skydriver.skymap.columns import rows_from
from skydriver.skymap.posterior import Region
from skydriver.skymap.regions import WILKS, contains, errors_of, share_outside, wilks_region
from skydriver.skymap.skymap import SkyMap

NSIDE = 128
PIXEL_DEG = float(hpgeom.max_pixel_radius(NSIDE))
seeds = st.integers(0, 2**32)


def region_of(pixel, nside=NSIDE):
    pixel = np.unique(np.asarray(pixel, np.int64))
    return Region(0.9, nside, pixel, len(pixel) * float(hpgeom.nside_to_pixel_area(nside, degrees=True)))


def disc(ra, dec, radius_deg, nside=NSIDE):
    return hpgeom.query_circle(nside, ra, dec, radius_deg, nest=False)


@pytest.mark.parametrize("ra", [0.0, 0.01, 359.99, 123.4])
@pytest.mark.parametrize("dec", [0.0, 45.0, -60.0])
def test_a_disc_reaches_its_radius_to_all_sides(ra, dec):
    found = errors_of(region_of(disc(ra, dec, 3.0)), ra, dec)
    assert found[2:] == pytest.approx((3.0, 3.0), abs=PIXEL_DEG)
    width = math.degrees(math.asin(math.sin(math.radians(3.0)) / math.cos(math.radians(dec))))
    assert found[:2] == pytest.approx((width, width), abs=PIXEL_DEG / math.cos(math.radians(dec)))


def test_each_side_is_told_for_itself():
    parts = ((100.0, 0.0, 1.0), (104.0, 0.0, 0.5), (100.0, -7.0, 0.5))
    found = errors_of(region_of(np.concatenate([disc(*part) for part in parts])), 100.0, 0.0)
    assert found == pytest.approx((4.5, 1.0, 1.0, 7.5), abs=PIXEL_DEG)


def test_a_pixel_reaches_to_its_corners():
    """On the equator a pixel of nside n is a square on its corner, 360 / 4n degrees wide."""
    pixel = hpgeom.angle_to_pixel(8, 0.0, 0.0, nest=False)
    ra, dec = hpgeom.pixel_to_angle(8, pixel, nest=False)
    found = errors_of(region_of([pixel], 8), float(ra), float(dec))
    assert found[:2] == pytest.approx((360.0 / 64.0, 360.0 / 64.0))
    north, south = (math.degrees(math.asin(math.sin(math.radians(dec)) + step)) for step in (1.0 / 12.0, -1.0 / 12.0))
    assert found[2:] == pytest.approx((north - dec, dec - south))


@given(seeds, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_another_place_in_a_region_only_moves_the_reach_from_side_to_side(seed, east, north):
    ra, dec = np.random.default_rng(seed).uniform((0.0, -60.0), (360.0, 60.0)).tolist()
    region = region_of(disc(ra, dec, 4.0))
    here, there = errors_of(region, ra, dec), errors_of(region, (ra + east) % 360.0, dec + north)
    shift = np.array([-east, east, -north, north])
    assert np.array(there) == pytest.approx(np.array(here) + shift, abs=1e-9)


@pytest.mark.parametrize(("dec", "pole"), [(89.9, 90.0), (89.0, 90.0), (90.0, 90.0), (-89.5, -90.0)])
def test_a_region_that_holds_a_pole_has_every_right_ascension(dec, pole):
    found = errors_of(region_of(disc(77.0, dec, 2.0)), 77.0, dec)
    assert found[:2] == (180.0, 180.0)
    to_pole, away = found[2:] if pole > 0.0 else found[:1:-1]
    assert to_pole == pytest.approx(abs(pole - dec))
    assert away == pytest.approx(2.0, abs=PIXEL_DEG)


def test_beside_a_pole_right_ascension_still_counts():
    found = errors_of(region_of(disc(77.0, 85.0, 1.0)), 77.0, 85.0)
    assert max(found[:2]) < 20.0


def test_a_place_outside_is_not_reached_by_less_than_nothing():
    assert min(errors_of(region_of(disc(10.0, 0.0, 1.0)), 20.0, 0.0)) == 0.0


@given(seeds)
def test_a_region_contains_the_places_of_its_pixels_and_no_others(seed):
    region = region_of(disc(30.0, -20.0, 2.0))
    ra, dec = np.random.default_rng(seed).uniform((27.0, -23.0), (33.0, -17.0)).tolist()
    pixel = int(hpgeom.angle_to_pixel(NSIDE, ra, dec, nest=False))
    assert contains(region, ra, dec) == (pixel in region.pixel.tolist())
    assert contains(region, ra + 360.0, dec) == contains(region, ra, dec)


@pytest.fixture(scope="module")
def map_of(new_map):
    """A function from {nside: (pixels, llh)} to a map."""

    def make(stages):
        rows = {
            nside: rows_from([(int(i), float(v), *[0.0] * 6) for i, v in zip(*stage, strict=True)])
            for nside, stage in stages.items()
        }
        return SkyMap(rows, dict.fromkeys(rows, True), new_map({}).event, None)

    return make


@pytest.fixture(scope="module")
def fine_map(map_of):
    """The sky at nside 4, and ten of its pixels at nside 16."""
    fine = children(4, np.arange(50, 60), 16).ravel()
    return map_of({4: (np.arange(192), np.zeros(192)), 16: (fine, np.zeros(160))})


@settings(deadline=None)
@given(seeds, st.sampled_from([16, 32, 128]), st.integers(0, 10), st.integers(0, 10))
def test_the_share_outside_is_that_of_pixels_beyond_the_finest_stage(fine_map, seed, nside, n_in, n_out):
    """Of regions as fine as the finest stage, and finer."""
    dice = np.random.default_rng(seed)
    fine = fine_map.stages[16]["index"]
    beyond = np.setdiff1d(np.arange(3072), fine)
    held, missed = (dice.choice(pool, n, replace=False) for pool, n in ((fine, n_in), (beyond, n_out)))
    if n_in + n_out == 0:
        return
    region = region_of(children(16, np.concatenate([held, missed]).astype(np.int64), nside), nside)
    assert share_outside(fine_map, region) == pytest.approx(n_out / (n_in + n_out), abs=1e-12)
    if n_out == 0:
        assert share_outside(fine_map, region) == 0.0


@pytest.mark.parametrize(("nside", "pixels", "share"), [(4, [50], 0.0), (4, [50, 3], 0.5), (4, [3, 4], 1.0)])
def test_of_a_coarser_region_the_share_is_by_area(fine_map, nside, pixels, share):
    assert share_outside(fine_map, region_of(pixels, nside)) == share


def test_of_a_coarse_pixel_that_is_covered_in_part_a_part_is_outside(map_of):
    quarter = children(8, np.array([100]), 16).ravel()[:1]
    some = map_of({8: (np.arange(768), np.zeros(768)), 16: (quarter, np.zeros(1))})
    assert share_outside(some, region_of([100], 8)) == 0.75


def paraboloid(map_of, sigma_deg, radius_deg, *, floor=1e3, nside=512):
    """A map of a Gaussian of other widths east and north, in fine pixels within a radius; coarse ones far above."""
    ra, dec = 100.0, 0.0
    pixel = disc(ra, dec, radius_deg, nside)
    at = hpgeom.pixel_to_angle(nside, pixel, nest=False)
    llh = 0.5 * (((at[0] - ra) / sigma_deg[0]) ** 2 + ((at[1] - dec) / sigma_deg[1]) ** 2)
    return map_of({8: (np.arange(768), np.full(768, floor)), nside: (pixel, llh)})


@pytest.mark.parametrize("level", WILKS)
@pytest.mark.parametrize("sigma_deg", [(0.8, 0.8), (1.0, 0.4), (0.3, 0.9)])
def test_the_area_is_that_of_an_ellipse_at_wilks_level(map_of, level, sigma_deg):
    skymap = paraboloid(map_of, sigma_deg, 4.0)
    found = wilks_region(skymap, cells_of(skymap), level)
    assert found.area_deg2 == pytest.approx(math.pi * math.prod(sigma_deg) * WILKS[level], rel=0.03)
    assert (found.level, found.truncated) == (level, False)


def test_it_is_truncated_where_it_reaches_the_fine_maps_edge(map_of):
    skymap = paraboloid(map_of, (0.8, 0.8), 1.0)  # the 50 % region has a radius of 0.94 deg, the other 1.7
    cells = cells_of(skymap)
    assert not wilks_region(paraboloid(map_of, (0.8, 0.8), 1.2), cells, 0.5).truncated
    most = wilks_region(skymap, cells, 0.9)
    assert most.truncated
    assert most.area_deg2 == pytest.approx(math.pi, rel=0.03)


@pytest.mark.parametrize(("floor", "truncated"), [(2.28, True), (2.33, False)])
def test_it_is_truncated_where_a_coarse_pixel_is_in_it(map_of, floor, truncated):
    skymap = paraboloid(map_of, (0.5, 0.5), 4.0, floor=floor)
    assert wilks_region(skymap, cells_of(skymap), 0.9).truncated is truncated


def test_of_a_whole_sky_in_one_size_nothing_is_truncated(map_of):
    skymap = map_of({4: (np.arange(192), np.zeros(192))})
    found = wilks_region(skymap, cells_of(skymap), 0.9)
    assert (found.area_deg2, found.truncated) == (pytest.approx(41252.96), False)
