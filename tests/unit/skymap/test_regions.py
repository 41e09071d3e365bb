"""Regions of posteriors and by rises, and whether the fine map encloses them, against shapes on paper."""

import math

import hpgeom
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.scan.pixels import children
from skydriver.skymap import regions as module
from skydriver.skymap.cells import Cells, cells_of
from skydriver.skymap.columns import rows_from
from skydriver.skymap.contours import area_deg2, contains_place
from skydriver.skymap.extent import errors_of, rectangle_of
from skydriver.skymap.posterior import Posterior, Region, posterior, region
from skydriver.skymap.regions import WILKS, contains, density_contours, rise_region, share_outside, wilks_region
from skydriver.skymap.skymap import SkyMap

NSIDE = 128
SKY_DEG2 = 4.0 * math.pi * math.degrees(1.0) ** 2
PLACES = [(0.0, 90.0), (10.0, -89.5), (0.0, 0.0), (359.99, 41.8), (123.4, -29.0)]
seeds = st.integers(0, 2**32)


def region_of(pixel, nside=NSIDE):
    pixel = np.unique(np.asarray(pixel, np.int64))
    return Region(0.9, nside, pixel, len(pixel) * float(hpgeom.nside_to_pixel_area(nside, degrees=True)))


def disc(ra, dec, radius_deg, nside=NSIDE):
    return hpgeom.query_circle(nside, ra, dec, radius_deg, nest=False)


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
    # Of 27 pixels at least; between places on the line it is a chord.
    pixel_deg2 = float(hpgeom.nside_to_pixel_area(512, degrees=True))
    area = math.pi * math.prod(sigma_deg) * WILKS[level]
    assert found.area_deg2 == pytest.approx(area, rel=0.002, abs=pixel_deg2)
    assert (found.level, found.truncated) == (level, False)


def test_it_is_truncated_where_it_reaches_the_fine_maps_edge(map_of):
    skymap = paraboloid(map_of, (0.8, 0.8), 1.0)  # the 50 % region has a radius of 0.94 deg, the other 1.7
    cells = cells_of(skymap)
    assert not wilks_region(paraboloid(map_of, (0.8, 0.8), 1.2), cells, 0.5).truncated
    most = wilks_region(skymap, cells, 0.9)
    assert most.truncated
    assert most.area_deg2 == pytest.approx(math.pi, rel=0.03)
    assert sum(line.area_deg2 for line in most.contours) == pytest.approx(most.area_deg2)


@pytest.mark.parametrize(("floor", "truncated"), [(2.28, True), (2.33, False)])
def test_it_is_truncated_where_a_coarse_pixel_is_in_it(map_of, floor, truncated):
    skymap = paraboloid(map_of, (0.5, 0.5), 4.0, floor=floor)
    assert wilks_region(skymap, cells_of(skymap), 0.9).truncated is truncated


def test_of_a_whole_sky_in_one_size_nothing_is_truncated(map_of):
    skymap = map_of({4: (np.arange(192), np.zeros(192))})
    found = wilks_region(skymap, cells_of(skymap), 0.9)
    assert (found.area_deg2, found.truncated) == (pytest.approx(41252.96), False)


def away_deg(place, ra, dec):
    """Angles between a place and others."""
    (ra0, dec0), (ra, dec) = np.radians(place), np.radians((ra, dec))
    square = np.sin((dec - dec0) / 2.0) ** 2 + np.cos(dec) * math.cos(dec0) * np.sin((ra - ra0) / 2.0) ** 2
    return 2.0 * np.degrees(np.arcsin(np.sqrt(np.minimum(1.0, square))))


def radius_deg(square, level):
    """Of the disc on the sphere that holds a share of the law of von Mises and Fisher of this variance."""
    return math.degrees(2.0 * math.asin(math.sqrt(-0.5 * square * math.log1p(level * math.expm1(-2.0 / square)))))


def reach(place, radius):
    """How far a disc reaches from its centre, east, west, north and south."""
    to_poles = 90.0 - place[1], 90.0 + place[1]
    width = 180.0
    if min(to_poles) > radius:
        width = math.degrees(math.asin(math.sin(math.radians(radius)) / math.cos(math.radians(place[1]))))
    return width, width, *(min(radius, to_pole) for to_pole in to_poles)


def cap_deg2(radius):
    return SKY_DEG2 * math.sin(math.radians(radius) / 2.0) ** 2


def gaussian_map(map_of, place, width_deg, nside):
    """A map of a Gaussian's llh around a place, in pixels twice as far out as its 90 % region."""
    reach = 2.2 * math.sqrt(WILKS[0.9]) * width_deg
    pixel = np.arange(12 * nside**2) if reach > 170.0 else np.sort(disc(*place, reach, nside))
    away = away_deg(place, *hpgeom.pixel_to_angle(nside, pixel, nest=False))
    return map_of({nside: (pixel, 0.5 * (away / width_deg) ** 2)})


@pytest.mark.parametrize(("width_deg", "nside"), [(0.1, 4096), (2.0, 256), (40.0, 16)])
@pytest.mark.parametrize("place", PLACES)
def test_around_a_gaussian_wilks_lines_are_circles(map_of, place, width_deg, nside):
    skymap = gaussian_map(map_of, place, width_deg, nside)
    for level in WILKS:
        found = wilks_region(skymap, cells_of(skymap), level)
        lowest = skymap.best_fit().llh  # that of a pixel beside the centre
        radius = math.sqrt(WILKS[level] + 2.0 * lowest) * width_deg
        assert found.area_deg2 == pytest.approx(cap_deg2(radius), rel=0.005)
        assert found.nside == nside
        assert len(found.contours) == 1
        line = found.contours[0]
        pixel_deg = float(hpgeom.nside_to_resolution(nside))
        assert away_deg(place, line.ra_deg, line.dec_deg) == pytest.approx(radius, abs=0.05 * pixel_deg)
        pixel = skymap.stages[nside]["index"]
        away = away_deg(place, *hpgeom.pixel_to_angle(nside, pixel.astype(np.int64), nest=False))
        assert np.array_equal(found.pixel, pixel[away <= radius])
        errors = errors_of(rectangle_of(found.contours, found.area_deg2), *place)
        assert errors == pytest.approx(reach(place, radius), rel=0.01)


@pytest.mark.parametrize("sigma_deg", [0.05, 0.8, 10.0, 60.0, 90.0])
@pytest.mark.parametrize("place", PLACES)
def test_around_a_points_posterior_lines_are_circles_of_its_area(place, sigma_deg):
    nside = 2**18
    pixel = int(hpgeom.angle_to_pixel(nside, *place, nest=False))
    place = tuple(float(x) for x in hpgeom.pixel_to_angle(nside, pixel, nest=False))
    found = posterior(Cells(np.array([nside]), np.array([pixel]), np.array([7.0])), sigma_deg)
    for level in (0.5, 0.9):
        part = region(found, level)
        lines = density_contours(found, part)
        wanted = radius_deg(math.radians(sigma_deg) ** 2, level)
        assert part.area_deg2 == pytest.approx(cap_deg2(wanted), rel=0.005)
        assert len(lines) == 1
        assert area_deg2(lines, part.area_deg2) == pytest.approx(part.area_deg2, rel=0.01)
        assert away_deg(place, lines[0].ra_deg, lines[0].dec_deg) == pytest.approx(wanted, rel=0.01)
        errors = errors_of(rectangle_of(lines, part.area_deg2), *place)
        assert errors == pytest.approx(reach(place, wanted), rel=0.01)


@settings(deadline=None, max_examples=6)
@given(seeds, st.sampled_from([0.1, 0.5, 0.9]))
def test_pixels_that_are_as_dense_as_the_edge_are_inside_if_the_region_counts_them(seed, level):
    """A flat sky has no other edge than its pixels'."""
    pixel = np.sort(np.random.default_rng(seed).choice(768, 500, replace=False))
    found = Posterior(8, pixel, np.full(500, 1.0 / 500.0))
    part = region(found, level)
    lines = density_contours(found, part)
    some = found.pixel[seed % 5 :: 5]
    ra, dec = hpgeom.pixel_to_angle(8, some, nest=False)
    inside = [contains_place(lines, part.area_deg2, *place) for place in zip(ra.tolist(), dec.tolist(), strict=True)]
    assert inside == np.isin(some, part.pixel).tolist()


def test_a_posterior_in_one_pixel_has_a_line_around_it():
    found = Posterior(8, np.arange(768), np.where(np.arange(768) == 300, 1.0, 0.0))
    (line,) = density_contours(found, region(found, 0.9))
    ra, dec = hpgeom.pixel_to_angle(8, 300, nest=False)
    assert contains_place((line,), line.area_deg2, float(ra), float(dec))


def test_a_region_that_is_all_of_the_sky_has_no_line(map_of):
    skymap = map_of({4: (np.arange(192), np.zeros(192))})
    found = wilks_region(skymap, cells_of(skymap), 0.9)
    assert found.contours == ()
    assert rectangle_of(found.contours, found.area_deg2) == (0.0, 360.0, -90.0, 90.0)


@pytest.mark.parametrize("llh", [0.1, 4.61 / 2.0])
def test_in_coarse_cells_the_line_follows_their_sides(map_of, llh):
    """A coarse pixel that is in the region, beside fine ones that are not: its area is its own but for the corners."""
    coarse = np.where(np.arange(192) == 100, llh, 50.0)
    fine = children(4, np.array([20]), 64).ravel()
    skymap = map_of({4: (np.arange(192), coarse), 64: (fine, np.where(fine == fine[7], 0.0, 60.0))})
    found = wilks_region(skymap, cells_of(skymap), 0.9)
    assert (found.nside, found.truncated, len(found.contours)) == (64, True, 2)
    assert found.contours[0].area_deg2 == pytest.approx(SKY_DEG2 / 192.0, rel=0.08)
    assert np.array_equal(found.pixel, np.sort(np.append(children(4, np.array([100]), 64).ravel(), fine[7])))


@pytest.mark.parametrize(("most", "nside"), [(300, 16), (900, 32), (5000, 64)])
def test_a_region_of_very_many_pixels_is_drawn_on_coarser_ones(map_of, monkeypatch, most, nside):
    """And is where it was."""
    skymap = gaussian_map(map_of, (50.0, 30.0), 12.0, 64)
    fine = wilks_region(skymap, cells_of(skymap), 0.9)
    monkeypatch.setattr(module, "MAX_PIXELS", most)
    found = wilks_region(skymap, cells_of(skymap), 0.9)
    assert (fine.nside, found.nside) == (64, nside)
    assert len(found.pixel) <= most
    assert found.area_deg2 == pytest.approx(fine.area_deg2, rel=0.01)
    radius, pixel_deg = 12.0 * math.sqrt(WILKS[0.9]), float(hpgeom.nside_to_resolution(nside))
    away = away_deg((50.0, 30.0), found.contours[0].ra_deg, found.contours[0].dec_deg)
    assert away == pytest.approx(radius, abs=0.1 * pixel_deg)
    assert found.truncated is fine.truncated is False


def test_the_lowest_pixel_is_in_a_region_that_is_drawn_on_coarser_ones(map_of, monkeypatch):
    """Even where no mean is as low as it is."""
    llh = np.where(np.random.default_rng(2).random(3072) < 0.3, 0.0, 50.0)
    skymap = map_of({16: (np.arange(3072), llh)})
    monkeypatch.setattr(module, "MAX_PIXELS", 20)
    found = wilks_region(skymap, cells_of(skymap), 0.9)
    assert len(found.pixel) > 0
    assert len(found.contours) > 0


def test_a_higher_rise_is_a_wider_region(map_of):
    skymap = gaussian_map(map_of, (0.0, 0.0), 2.0, 128)
    found = [rise_region(skymap, cells_of(skymap), 0.5, rise) for rise in (1.39, 4.0, 9.0)]
    assert [part.area_deg2 for part in found] == pytest.approx([cap_deg2(2.0 * r) for r in (1.179, 2.0, 3.0)], rel=0.01)
    assert [part.level for part in found] == [0.5] * 3
