"""Parts of the sky: what is refused, and which pixels are inside."""

import math

import hpgeom
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skydriver.detector.coordinates import angular_distance, icrs_to_local, local_to_icrs
from skydriver.errors import SettingError
from skydriver.scan.pixels import centres
from skydriver.services.preparation import ScanRequest
from skydriver.services.sky_region import POLAR_MARGIN_DEG, WHOLE_SKY, SkyRegion, best_at_edge
from skydriver.skymap.columns import rows_from
from skydriver.skymap.skymap import EventIdentity, SkyMap

MJD = 60279.76
PLACES, ZENITHS = st.tuples(st.floats(0, 360), st.floats(-90, 90)), st.floats(0, 179)
RADII = st.floats(0.1, 180)
NSIDES = st.sampled_from([1, 2, 8, 64, 512, 2**20])


def holder(nside, ra, dec):
    """The pixel that holds a place."""
    return int(hpgeom.angle_to_pixel(nside, ra, dec, nest=False))


def place_at(zenith_deg, azimuth_deg, mjd=MJD):
    """Right ascension and declination, degrees, of a direction in the detector."""
    return tuple(math.degrees(float(angle)) for angle in local_to_icrs(*np.radians([zenith_deg, azimuth_deg]), mjd))


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("center", [("", 3), ("1", 3), ("1,2,3", 3), ("a,b", 3), ("1,91", 3), ("1,-90.1", 3), ("361,0", 3)]),
        ("center", [("nan,0", 3), ("0,nan", 3), ("inf,0", 3), (None, 3)]),
        ("radius", [("1,2", None), ("1,2", 0.0), ("1,2", 0.09), ("1,2", 180.1), ("1,2", math.nan), ("1,2", -3.0)]),
        ("zenith_band", [(None, None, band) for band in ("", "80", "80,x", "100,80", "80,80.9", "-1,5", "170,181")]),
        ("zenith_band", [(None, None, "nan,90"), (None, None, "0,nan"), (None, None, "9" * 400 + ",1")]),
    ],
)
def test_what_is_no_region_is_refused_by_the_name_that_users_know(argument, values):
    for value in values:
        with pytest.raises(SettingError) as caught:
            SkyRegion.from_text(*value)
        assert caught.value.argument == argument
        assert len(str(caught.value)) < 500


@given(PLACES, RADII, ZENITHS)
@example((-1e-20, 0.0), 180.0, 0.0)
@example((360.0, -90.0), 0.1, 179.0)
@example((0.0, 0.0), 1.0, 0.92)
def test_what_is_described_is_what_was_asked(center, radius, low):
    region = SkyRegion(center, radius, (low, low + 1.0))
    said = region.described()
    assert SkyRegion.from_text(said["center"], float(said["radius"]), said["zenith_band"]) == region
    assert 0 <= region.center_deg[0] < 360


def test_only_what_was_asked_is_described():
    assert WHOLE_SKY.described() == SkyRegion.from_text().described() == {}
    assert SkyRegion.from_text("138.6,0.1", 3).described() == {"center": "138.6,0.1", "radius": "3.0"}
    assert SkyRegion.from_text("-10,0", 3).described() == {"center": "350.0,0.0", "radius": "3.0"}
    assert SkyRegion.from_text(zenith_band="80,100").described() == {"zenith_band": "80.0,100.0"}


def test_the_whole_sky_asks_nothing():
    assert WHOLE_SKY.inside(MJD) is None
    assert ScanRequest("dummy").plan_settings(MJD) == ScanRequest("dummy").plan_settings()


@given(PLACES, RADII, NSIDES, st.floats(0, 1), st.floats(0, 360))
def test_the_pixel_that_holds_a_place_of_the_disc_is_inside(center, radius, nside, share, turn):
    ra, dec = center
    inside = SkyRegion(center, radius).inside(MJD)
    assert inside(nside, [holder(nside, ra, dec)]).all()
    away, north = math.radians(share * radius), math.radians(turn)
    sine = math.sin(math.radians(dec)) * math.cos(away) + math.cos(math.radians(dec)) * math.sin(away) * math.cos(north)
    other = math.asin(min(max(sine, -1.0), 1.0))
    east = math.atan2(
        math.sin(north) * math.sin(away) * math.cos(math.radians(dec)),
        math.cos(away) - math.sin(math.radians(dec)) * math.sin(other),
    )
    assert inside(nside, [holder(nside, (ra + math.degrees(east)) % 360, math.degrees(other))]).all()


@given(ZENITHS, st.floats(1, 180), st.floats(0, 1), st.floats(0, 360), NSIDES)
def test_the_pixel_that_holds_a_place_of_the_band_is_inside(low, width, share, azimuth, nside):
    high = max(low + 1.0, min(180.0, low + width))
    place = place_at(low + share * (high - low), azimuth)
    assert SkyRegion(zenith_band_deg=(low, high)).inside(MJD)(nside, [holder(nside, *place)]).all()


@given(PLACES, RADII, ZENITHS, st.sampled_from([1, 4, 16]), st.floats(41684, 88068))
def test_no_pixel_farther_than_a_pixel_is_inside(center, radius, low, nside, mjd):
    pixels = np.arange(12 * nside**2)
    places = centres(nside, pixels)
    reach = 1.01 * hpgeom.max_pixel_radius(nside)
    disc = SkyRegion(center, radius).inside(mjd)(nside, pixels.tolist())
    assert np.all(np.degrees(angular_distance(*places, *np.radians(center)))[disc] < radius + reach)
    band = SkyRegion(zenith_band_deg=(low, low + 1)).inside(mjd)(nside, pixels.tolist())
    zenith = np.degrees(icrs_to_local(*places, mjd)[0])[band]
    assert np.all((zenith > low - reach) & (zenith < low + 1 + reach))


@given(st.floats(41684, 88068))
@example(41684.0)
@example(88068.9)
def test_what_the_declination_decides_is_what_the_zenith_would(mjd):
    places = centres(8, range(768))
    off = np.degrees(icrs_to_local(*places, mjd)[0] - places[1]) - 90.0
    assert np.abs(off).max() < POLAR_MARGIN_DEG


@given(st.floats(0, 180), st.floats(0, 360), st.floats(0.1, 60), ZENITHS, st.floats(1, 180))
def test_a_disc_and_a_band_meet_or_are_refused(zenith, azimuth, radius, low, width):
    high = max(low + 1.0, min(180.0, low + width))
    region = SkyRegion(place_at(zenith, azimuth), radius, (low, high))
    gap = max(low - (zenith + radius), (zenith - radius) - high)
    if gap > 0.01:
        with pytest.raises(SettingError, match=r"^zenith_band: .* has no place in common with the disc"):
            region.inside(MJD)
    elif gap < -0.01:
        common = np.clip(zenith, max(low, zenith - radius), min(high, zenith + radius))
        pixel = holder(64, *place_at(common, azimuth))
        assert region.inside(MJD)(64, [pixel]).all()
        apart = [SkyRegion(region.center_deg, radius), SkyRegion(zenith_band_deg=(low, high))]
        both = np.logical_and.reduce([part.inside(MJD)(8, range(768)) for part in apart])
        assert np.array_equal(region.inside(MJD)(8, range(768)), both)


@given(st.lists(st.integers(0, 767)))
def test_a_pixel_is_inside_whatever_it_is_asked_with(pixels):
    inside = SkyRegion((200.0, 5.0), 40.0, (80.0, 100.0)).inside(MJD)
    assert np.array_equal(inside(8, pixels), inside(8, range(768))[np.array(pixels, int)])


def scanned(region, ra, dec, nsides=(8, 64)):
    """A map of the pixels inside, whose llh is the distance from a place."""
    inside = region.inside(MJD) or (lambda _, pixels: np.ones(len(pixels), bool))
    stages = {}
    for nside in nsides:
        pixels = np.arange(12 * nside**2)
        pixels = pixels[inside(nside, pixels.tolist())]
        away = angular_distance(*centres(nside, pixels), *np.radians([ra, dec]))
        stages[nside] = rows_from([(i, llh, *[0.0] * 6) for i, llh in zip(pixels.tolist(), away.tolist(), strict=True)])
    return SkyMap(stages, dict.fromkeys(nsides, True), EventIdentity(1, 1, "", MJD, is_real_event=False), None)


@pytest.mark.parametrize(
    ("place", "at_edge"),
    [
        ((100.0, 20.0), False),
        ((103.0, 20.0), False),
        ((100.0, 40.0), True),
        ((280.0, -20.0), True),
        ((118.0, 20.0), True),
    ],
)
def test_a_best_fit_at_the_edge_may_lie_outside(place, at_edge):
    region = SkyRegion((100.0, 20.0), 6.0)
    assert best_at_edge(scanned(region, *place), region.inside(MJD)) is at_edge


def test_the_best_fit_of_the_whole_sky_is_at_no_edge():
    assert not best_at_edge(scanned(WHOLE_SKY, 10.0, 89.9, (1, 8)), WHOLE_SKY.inside(MJD))


def test_a_coarse_best_fit_of_a_part_may_lie_outside_though_it_is_in_the_middle():
    region = SkyRegion((100.0, 20.0), 40.0)
    skymap = scanned(region, 100.0, 20.0)
    middle = region.inside(MJD)(8, hpgeom.neighbors(8, holder(8, 100.0, 20.0), nest=False).tolist())
    assert middle.all()
    coarse = skymap.stages[8].copy()
    coarse["llh"][coarse["index"] == holder(8, 100.0, 20.0)] = -1.0
    better = SkyMap({8: coarse, 64: skymap.stages[64]}, skymap.complete, skymap.event, None)
    assert not best_at_edge(skymap, region.inside(MJD))
    assert best_at_edge(better, region.inside(MJD))
