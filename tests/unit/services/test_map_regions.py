"""A map's regions: a Gaussian's with the floor added in squares, and Wilks' beside them."""

import math
from dataclasses import replace

import hpgeom
import numpy as np
import pytest

from skydriver.errors import ResultError, SettingError
from skydriver.skymap.calibration import THREE_ALERT_FLOOR, Band
from skydriver.skymap.contours import area_deg2 as area_inside
from skydriver.skymap.map_regions import level_quote, map_regions


def area_deg2(level, *widths_deg: float):
    """Of the region of a Gaussian of these widths, added in squares."""
    return -2.0 * math.pi * sum(width**2 for width in widths_deg) * math.log(1.0 - level)


@pytest.mark.parametrize("sigma_deg", [0.4, 0.8])
def test_areas_and_reach_are_those_of_both_widths_together(by_hand, sigma_deg):
    floor = replace(THREE_ALERT_FLOOR, bands=(Band("any", 0.0, None, 1, sigma_deg, None, None),))
    found = map_regions(by_hand.gaussian_map(), floor, "through-going", 1.0)
    assert found.sigma_sys_deg == sigma_deg
    # A pixel of the map counts as being of its centre's llh, which makes the Gaussian wider by a twelfth of its square.
    widths = 0.3, sigma_deg, float(hpgeom.nside_to_resolution(256)) / math.sqrt(12.0)
    assert found.region50.area_deg2 == pytest.approx(area_deg2(0.5, *widths), rel=0.005)
    assert found.region90.area_deg2 == pytest.approx(area_deg2(0.9, *widths), rel=0.005)
    radius = math.sqrt(found.region90.area_deg2 / math.pi)
    best = by_hand.gaussian_map().best_fit()
    # From the best fit, a pixel that is not quite at the centre.
    north, east = best.dec_deg - by_hand.ra_dec[1], best.ra_deg - by_hand.ra_dec[0]
    width = math.degrees(math.asin(math.sin(math.radians(radius)) / math.cos(math.radians(by_hand.ra_dec[1]))))
    wanted = width - east, width + east, radius - north, radius + north
    assert found.errors90 == pytest.approx(wanted, rel=0.01)


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


def test_outlines_are_those_of_the_regions_in_order(by_hand):
    found = by_hand.regions_of(by_hand.gaussian_map())
    regions = (found.region50, found.region90, found.wilks50, found.wilks90)
    assert [(line.kind, line.level) for line in found.outlines] == [
        ("headline", 0.5),
        ("headline", 0.9),
        ("statistical", 0.5),
        ("statistical", 0.9),
    ]
    for line, region in zip(found.outlines, regions, strict=True):
        assert (line.nside, line.area_deg2) == (region.nside, region.area_deg2)
        assert np.array_equal(line.pixel, region.pixel)
        assert area_inside(line.contours, line.area_deg2) == pytest.approx(line.area_deg2, rel=0.01)
    assert found.outlines[1].name == "90 % with 0.8 deg (three-alert floor)"
    assert found.outlines[2].name == "50 % by Wilks, statistical only"


@pytest.mark.parametrize("radius_deg", [3.5, 1.5, 1.0])
def test_each_outline_says_for_itself_whether_it_is_truncated(by_hand, radius_deg):
    found = by_hand.regions_of(by_hand.gaussian_map(radius_deg=radius_deg))
    assert [line.truncated for line in found.outlines] == [radius_deg < 1.01, radius_deg < 2.0, False, False]


def test_what_is_reported_is_what_the_outlines_say(by_hand):
    found = by_hand.regions_of(by_hand.gaussian_map())
    said = found.as_dict()
    half, most = found.outlines[:2]
    assert said["errors50"] == half.errors._asdict()
    assert {name: said[name] for name in most.errors._fields} == most.errors._asdict()
    assert said["rectangle90"] == most.rectangle._asdict()
    assert 0.4 < half.errors.dec_plus_deg / most.errors.dec_plus_deg < 0.7
    assert (said["area50_deg2"], said["area90_deg2"]) == (half.area_deg2, most.area_deg2)


def test_what_may_be_quoted_are_the_outlines_with_their_posterior(by_hand):
    found = by_hand.regions_of(by_hand.gaussian_map())
    quote = found.quote()
    assert (quote.calibration, quote.tests_only, quote.sigma_sys_deg) == (THREE_ALERT_FLOOR.name, True, 0.8)
    assert quote.outlines is found.outlines
    assert quote.outline(0.9) is found.outlines[1]
    assert quote.posterior is found.posterior
    assert quote.posterior.probability.sum() == pytest.approx(1.0)


def official(by_hand):
    """A map without our provenance."""
    return replace(by_hand.gaussian_map(), provenance=None)


def test_published_levels_are_where_the_llh_rises_so_much(by_hand):
    quote = level_quote(official(by_hand), "ic160427a", "millipede_original")
    assert [(line.kind, line.level) for line in quote.outlines] == [
        ("headline", 0.5),
        ("headline", 0.9),
        ("statistical", 0.5),
        ("statistical", 0.9),
    ]
    for line, rise in zip(quote.outlines, (22.2, 64.2, 1.39, 4.61), strict=True):
        assert line.area_deg2 == pytest.approx(math.pi * rise * 0.3**2, rel=0.005, abs=0.06)
        assert line.truncated is False
    assert (quote.calibration, quote.sigma_sys_deg, quote.posterior) == ("ic160427a", None, None)
    assert quote.tests_only is True
    assert quote.outline(0.5).name == "50 % by ic160427a"


@pytest.mark.parametrize(
    ("name", "algorithm", "ours", "named"),
    [
        ("ic160427a", "millipede_wilks", False, "this one is of millipede_wilks"),
        ("ic160427a", "pandel_mpe", False, "this one is of pandel_mpe"),
        ("ic160427a", "", False, "for official maps of millipede_original only"),
        ("ic160427a", "millipede_original", True, "this one is made by SkyDriver"),
        ("ic170922a", "millipede_original", False, "'ic170922a' is none of the published levels: ic160427a"),
    ],
)
def test_published_levels_are_refused_for_other_maps(by_hand, name, algorithm, ours, named):
    skymap = by_hand.gaussian_map() if ours else official(by_hand)
    with pytest.raises(SettingError, match=named) as caught:
        level_quote(skymap, name, algorithm)
    assert caught.value.argument == "levels"


def test_a_map_without_values_has_no_quote(by_hand):
    with pytest.raises(ResultError, match="no best fit"):
        level_quote(replace(by_hand.without_values(), provenance=None), "ic160427a", "millipede_original")
