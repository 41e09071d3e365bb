"""Projections and rasters."""

from __future__ import annotations

import hpgeom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.coordinates import angular_distance
from skydriver.plots import projections, raster

RAS = st.floats(0.0, 360.0, exclude_max=True)
DECS = st.floats(-90.0, 90.0)


def distance_deg(first, second) -> float:
    return np.degrees(angular_distance(*np.radians(first), *np.radians(second)))


@given(RAS, st.floats(-89.0, 89.0))
def test_the_map_and_back_is_the_same_place(ra, dec):
    x, y = projections.mollweide(ra, dec)
    back = projections.inverse_mollweide(np.asarray(x) * 0.9999, np.asarray(y) * 0.9999)
    assert distance_deg(back, (ra, dec)) < 0.15


def test_right_ascension_grows_to_the_left_and_north_is_up():
    x, _ = projections.mollweide([10.0, 170.0, 190.0, 350.0], 0.0)
    assert np.all(np.diff(x) < 0)
    _, y = projections.mollweide(100.0, [-80.0, 0.0, 80.0])
    assert np.all(np.diff(y) > 0)


def test_equal_areas_stay_equal():
    """Every nside-1 pixel takes a twelfth of the ellipse."""
    y, x = np.meshgrid(np.linspace(-1.5, 1.5, 601), np.linspace(-3, 3, 1201))
    ra, dec = projections.inverse_mollweide(x, y)
    inside = np.isfinite(ra)
    pixels = hpgeom.angle_to_pixel(1, ra[inside], dec[inside], nest=False)
    assert np.bincount(pixels) / inside.sum() == pytest.approx(np.full(12, 1 / 12), rel=0.02)


@given(RAS, DECS, RAS, DECS)
def test_offsets_keep_the_distance_and_turn_back(ra, dec, centre_ra, centre_dec):
    centre = (centre_ra, centre_dec)
    east, north = projections.offsets(ra, dec, centre)
    away = distance_deg((ra, dec), centre)
    assert np.hypot(east, north) == pytest.approx(away, abs=1e-9)
    if away < 179.9:
        assert distance_deg(projections.inverse_offsets(east, north, centre), (ra, dec)) < 1e-6


@pytest.mark.parametrize("ra", [0.0, 0.01, 359.99, 180.0])
def test_offsets_do_not_know_where_right_ascension_wraps(ra):
    east, north = projections.offsets((ra + np.array([-0.1, 0.1])) % 360, 60.0, (ra, 60.0))
    assert east == pytest.approx([-0.05, 0.05], abs=1e-4)
    assert north == pytest.approx([0, 0], abs=1e-3)


def test_astropy_agrees_on_the_galactic_plane():
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ra, dec = projections.galactic_plane()
    assert np.abs(SkyCoord(ra * u.deg, dec * u.deg).galactic.b.deg).max() < 1e-4


def stages_with_one_refined():
    """nside 8 but one pixel missing, and the children of pixel 100 at nside 64, one of them NaN."""
    coarse = np.delete(np.arange(768), 500)[::-1]
    children = hpgeom.nest_to_ring(64, hpgeom.ring_to_nest(8, 100) * 64 + np.arange(64))
    fine = 500.0 + np.arange(64)
    fine[7] = np.nan
    return {8: (coarse, 1000.0 + coarse), 64: (children, fine)}


def test_the_finest_pixel_speaks():
    stages = stages_with_one_refined()
    sky = raster.layers(stages)
    ra, dec = hpgeom.pixel_to_angle(64, np.arange(12 * 64**2), nest=False)
    rise, covered = raster.values_at(sky, ra, dec)
    parent = hpgeom.nest_to_ring(8, hpgeom.ring_to_nest(64, np.arange(12 * 64**2)) // 64)
    fine = dict(zip(stages[64][0].tolist(), stages[64][1].tolist(), strict=True))
    for pixel in range(12 * 64**2):
        expected = fine.get(pixel, 1000.0 + parent[pixel])
        assert covered[pixel] == (parent[pixel] != 500)
        if covered[pixel]:
            assert rise[pixel] == pytest.approx(2 * (expected - 500.0), nan_ok=True)


def test_nan_is_never_the_lowest():
    sky = raster.layers({8: (np.array([3, 1, 2]), np.array([np.nan, 7.0, 5.0]))})
    assert sky[0].pixels.tolist() == [1, 2, 3]
    assert sky[0].rise == pytest.approx([4.0, 0.0, np.nan], nan_ok=True)


def test_nothing_but_nan_is_no_error():
    sky = raster.layers({8: (np.array([3, 1]), np.array([np.nan, np.inf])), 64: (np.array([], int), np.array([]))})
    assert len(sky) == 1
    assert np.isnan(sky[0].rise).all()
