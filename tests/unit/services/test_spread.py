"""The spread of variants and the region that they make together, on maps with a known answer."""

import math

import hpgeom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.services.spread import REGION_NSIDE, spread, statistical_region
from skydriver.services.systematics import VariantResult, rescan_radius_deg
from skydriver.skymap.columns import rows_from
from skydriver.skymap.skymap import EventIdentity, SkyMap

PIXEL_DEG2 = float(hpgeom.nside_to_pixel_area(REGION_NSIDE, degrees=True))
EVENT = EventIdentity(1, 1, "", 60000.0, is_real_event=False)
PLACES = [(0.0, 0.0), (359.99, 10.0), (0.01, -45.0), (123.0, 89.99), (10.0, -89.99)]


def a_map(stages):
    """Of {nside: {pixel: llh}}."""
    rows = {nside: rows_from((pixel, llh, *[0.0] * 6) for pixel, llh in one.items()) for nside, one in stages.items()}
    return SkyMap(rows, dict.fromkeys(stages, True), EVENT, None)


def disc(ra, dec, radius_deg, nside=REGION_NSIDE):
    return hpgeom.query_circle(nside, ra, dec, radius_deg, nest=False).tolist()


def map_with_disc(ra, dec, radius_deg=2.0):
    """Its region is the disc around a pixel near the place, its best fit that pixel."""
    middle = int(hpgeom.angle_to_pixel(REGION_NSIDE, ra, dec, nest=False))
    ra, dec = hpgeom.pixel_to_angle(REGION_NSIDE, middle, nest=False)
    return a_map({REGION_NSIDE: dict.fromkeys(disc(ra, dec, radius_deg), 1.0) | {middle: 0.0}})


def result(name="one", offset_deg=0.0, region=()):
    return VariantResult(name, 0.0, 0.0, offset_deg, 0.0, 10, at_edge=False, error=None, region=tuple(region))


FAILED = VariantResult("failed", None, None, None, None, 10, at_edge=False, error="it failed", region=())
NOMINAL = map_with_disc(80.0, 20.0)


@given(st.integers(1, 20))
def test_equal_results_have_no_spread(count):
    region = statistical_region(NOMINAL).tolist()
    found = spread([result(region=region)] * count, NOMINAL)
    assert (found.n_variants, found.spread_deg, found.largest_deg) == (count, 0.0, 0.0)
    assert found.envelope_area_deg2 == pytest.approx(len(region) * PIXEL_DEG2)


def test_the_spread_is_the_root_of_half_the_mean_squared_offset():
    found = spread([result("near", 3.0), result("far", 4.0)], NOMINAL)
    assert found.spread_deg == pytest.approx(math.sqrt((9.0 + 16.0) / 4.0))
    assert (found.largest_name, found.largest_deg) == ("far", 4.0)


@given(st.integers(0, 2**32 - 1))
def test_the_spread_is_the_standard_deviation_of_each_axis(seed):
    """Of a plane's normal deviates, to the accuracy that so many allow."""
    offsets = np.hypot(*np.random.default_rng(seed).normal(0.0, 0.7, (2, 5000)))
    found = spread([result(str(k), offset) for k, offset in enumerate(offsets.tolist())], NOMINAL)
    assert found.spread_deg == pytest.approx(0.7, rel=0.06)


def test_variants_that_failed_or_are_missing_say_nothing():
    both = spread([FAILED, result("one", 1.0), FAILED], NOMINAL)
    assert both == spread([result("one", 1.0)], NOMINAL)
    for nothing in ([], [FAILED]):
        found = spread(nothing, NOMINAL)
        assert (found.n_variants, found.spread_deg, found.largest_deg, found.largest_name) == (0, None, None, None)
        assert found.envelope_area_deg2 == pytest.approx(math.pi * 2.0**2, rel=0.03)
        assert found.envelope_radius_deg == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize(("ra", "dec"), PLACES)
def test_the_envelope_is_the_union_and_its_radius_is_on_the_sphere(ra, dec):
    """Around the start of right ascension and around the poles too."""
    nominal = map_with_disc(ra, dec, 1.0)
    here = nominal.best_fit()[:2]
    middle = hpgeom.angle_to_vector(*here, lonlat=True)
    beside = np.cross(middle, [0.6, 0.8, 0.0])
    turned = middle * math.cos(math.radians(3.0)) + beside / np.linalg.norm(beside) * math.sin(math.radians(3.0))
    there = np.ravel(hpgeom.vector_to_angle(turned, lonlat=True))
    others = [result(region=disc(*there, 1.0)), result(region=disc(*here, 0.5))]
    found = spread(others, nominal)
    assert found.envelope_area_deg2 == pytest.approx(2.0 * math.pi, rel=0.03)
    assert 3.9 < found.envelope_radius_deg <= 4.0
    assert 0.9 < spread(others[1:], nominal).envelope_radius_deg <= 1.0


def test_a_region_is_what_rises_by_less_than_wilks_over_the_best():
    llh = {10_000: 5.0, 10_001: 5.0 + 2.30, 10_002: 5.0 + 2.31, 10_003: math.nan}
    assert statistical_region(a_map({REGION_NSIDE: llh})).tolist() == [10_000, 10_001]


def test_a_region_of_coarse_and_fine_pixels_is_told_in_those_of_one_size():
    """Refined, the first coarse pixel counts as its children do; the second counts whole; the finest count once."""
    fine = hpgeom.nest_to_ring(512, np.arange(64)).tolist()
    coarse = {int(hpgeom.nest_to_ring(64, 0)): 0.0, int(hpgeom.nest_to_ring(64, 1)): 1.0}
    found = statistical_region(a_map({64: coarse, 512: dict.fromkeys(fine, 9.0) | {fine[0]: 0.0}}))
    assert found.tolist() == sorted([fine[0], *hpgeom.nest_to_ring(512, np.arange(64, 128)).tolist()])
    finest = hpgeom.nest_to_ring(1024, np.arange(6)).tolist()
    assert statistical_region(a_map({1024: dict.fromkeys(finest, 0.0)})).tolist() == sorted(
        hpgeom.nest_to_ring(512, np.arange(2)).tolist()
    )


@pytest.mark.parametrize(("extent", "radius"), [(0.5, 3.0), (4.0, 6.0), (30.0, 10.0)])
def test_the_radius_follows_the_region_within_limits(extent, radius):
    assert rescan_radius_deg(map_with_disc(200.0, -30.0, extent)) == pytest.approx(radius, abs=0.15)


def test_a_map_without_a_best_fit_has_no_neighbourhood():
    with pytest.raises(ValueError, match="no best fit"):
        rescan_radius_deg(a_map({8: {0: math.nan}}))
