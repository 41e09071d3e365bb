"""A map's regions: a Gaussian's with the floor added in squares, and Wilks' beside them."""

import math
from dataclasses import replace

import pytest

from skydriver.skymap.calibration import THREE_ALERT_FLOOR, Band
from skydriver.skymap.map_regions import map_regions


def area_deg2(level, *widths_deg: float):
    """Of the region of a Gaussian of these widths, added in squares."""
    return -2.0 * math.pi * sum(width**2 for width in widths_deg) * math.log(1.0 - level)


@pytest.mark.parametrize("sigma_deg", [0.4, 0.8])
def test_areas_and_reach_are_those_of_both_widths_together(by_hand, sigma_deg):
    floor = replace(THREE_ALERT_FLOOR, bands=(Band("any", 0.0, None, 1, sigma_deg, None, None),))
    found = map_regions(by_hand.gaussian_map(), floor, "through-going", 1.0)
    assert found.sigma_sys_deg == sigma_deg
    assert found.region50.area_deg2 == pytest.approx(area_deg2(0.5, 0.3, sigma_deg), rel=0.05)
    assert found.region90.area_deg2 == pytest.approx(area_deg2(0.9, 0.3, sigma_deg), rel=0.03)
    radius = math.sqrt(found.region90.area_deg2 / math.pi)
    best = by_hand.gaussian_map().best_fit()
    stretch = math.cos(math.radians(best.dec_deg))
    assert found.errors90[2:] == pytest.approx((radius, radius), abs=0.25)
    assert found.errors90[:2] == pytest.approx((radius / stretch, radius / stretch), abs=0.25)


def test_wilks_regions_are_without_the_floor(by_hand):
    found = by_hand.regions_of(by_hand.gaussian_map())
    assert found.wilks90.area_deg2 == pytest.approx(math.pi * 4.61 * 0.3**2, rel=0.1)
    assert found.wilks50.area_deg2 == pytest.approx(math.pi * 1.39 * 0.3**2, rel=0.2)
    assert found.wilks_as_dict()["meaning"] == "statistical only"


@pytest.mark.parametrize(("radius_deg", "truncated"), [(3.5, False), (1.5, True)])
def test_it_is_truncated_where_the_fine_map_ends_inside_the_region(by_hand, radius_deg, truncated):
    found = by_hand.regions_of(by_hand.gaussian_map(radius_deg=radius_deg))
    assert found.truncated is truncated
    assert (found.share_outside > 0.0) is truncated
    assert found.as_dict()["contour_truncated"] is truncated


def test_without_a_best_fit_or_a_row_of_the_table_there_is_none(by_hand):
    tracks = replace(THREE_ALERT_FLOOR, bands=(Band("through-going", 100.0, None, 1, 0.8, None, None),))
    assert map_regions(by_hand.without_values(), THREE_ALERT_FLOOR, "through-going", 800.0) is None
    assert map_regions(by_hand.gaussian_map(), tracks, "cascade", 800.0) is None
    assert map_regions(by_hand.gaussian_map(), tracks, "through-going", 99.0) is None
