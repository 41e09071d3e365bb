"""Directions on the detector and in the sky."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector import coordinates
from skydriver.errors import SettingError

ZENITHS = st.floats(0.0, math.pi)
AZIMUTHS = st.floats(0.0, 2 * math.pi)
DECLINATIONS = st.floats(-math.pi / 2, math.pi / 2)
DATES = st.floats(52000.0, 62000.0)


def astropy_icrs(zenith, azimuth, mjd):
    """Plain astropy, the slow and obvious way."""
    from astropy import units as u
    from astropy.coordinates import ICRS, AltAz, EarthLocation
    from astropy.time import Time
    from astropy.utils import iers

    site = EarthLocation(lat=-89.9944 * u.deg, lon=-62.6081 * u.deg, height=883.9 * u.m)
    with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("auto_max_age", None):  # noqa: FBT003
        time = Time(mjd, format="mjd", scale="utc")
        azimuth = (math.pi / 2 - azimuth) * u.rad + 62.6081 * u.deg
        sky = AltAz(alt=(math.pi / 2 - zenith) * u.rad, az=azimuth, obstime=time, location=site).transform_to(ICRS())
    return sky.ra.rad, sky.dec.rad


def test_first_look_of_a_real_event_is_where_it_was_published(real_event):
    data = json.loads(real_event("138632_31747601").read_text())["value"]["data"]
    seed = data["reco"]["splinempe"]
    mjd = 60280 + (17 * 3600 + 8 * 60 + 24.09323) / 86400
    assert data["eventtime"] == "2023-12-02 17:08:24.093230"
    ra, dec = np.degrees(coordinates.local_to_icrs(seed["zen"], seed["azi"], mjd))
    assert ra == pytest.approx(138.654, abs=0.005)
    assert dec == pytest.approx(0.142, abs=0.005)


# beside the leap second of 2016, long ago, now, and in the table's predictions
@pytest.mark.parametrize("mjd", [53005.0, 55600.3, 57753.99999, 57754.0, 57754.00001, 60280.714, 61300.5])
def test_astropy_agrees(mjd):
    zenith, azimuth = np.meshgrid(np.linspace(0.01, 3.13, 12), np.linspace(0.0, 6.28, 12))
    found = coordinates.local_to_icrs(zenith, azimuth, mjd)
    distance = coordinates.angular_distance(*found, *astropy_icrs(zenith, azimuth, mjd))
    assert np.degrees(distance.max()) < 1e-6


@given(AZIMUTHS, st.floats(0.2, 2.9))
def test_sidereal_time_at_j2000_agrees(azimuth, zenith):
    """On J2000 nothing has precessed: RA is Greenwich's sidereal time plus longitude, dec is zenith - 90 degrees."""
    mjd = 51544.75
    sidereal_deg = 280.46061837 + 360.98564736629 * (mjd - 51544.5)
    expected = math.radians(sidereal_deg + 90.0) - azimuth
    found = coordinates.local_to_icrs(zenith, azimuth, mjd)
    # 0.006 deg off the pole, aberration 0.006 and nutation 0.005 deg are not in the formula
    assert np.degrees(coordinates.angular_distance(*found, expected, zenith - math.pi / 2)) < 0.02


@given(AZIMUTHS, DECLINATIONS, DATES)
def test_to_the_detector_and_back_is_the_same_place(ra, dec, mjd):
    zenith, azimuth = coordinates.icrs_to_local(ra, dec, mjd)
    assert 0 <= zenith <= math.pi
    assert 0 <= azimuth < 2 * math.pi
    back = coordinates.local_to_icrs(zenith, azimuth, mjd)
    assert 0 <= back[0] < 2 * math.pi
    assert np.degrees(coordinates.angular_distance(*back, ra, dec)) < 1e-6


@given(AZIMUTHS, DATES)
def test_poles_are_poles(azimuth, mjd):
    """Straight up at the South Pole is declination -90, within precession and the site's distance from the pole."""
    assert np.degrees(coordinates.local_to_icrs(0.0, azimuth, mjd)[1]) < -89.7
    assert np.degrees(coordinates.local_to_icrs(math.pi, azimuth, mjd)[1]) > 89.7


def test_a_date_past_the_table_keeps_its_last_values():
    last = float(coordinates._bulletin()[1][-1][7:15])
    assert coordinates._orientation(last + 1000.5) == coordinates._orientation(last)
    sidereal_days = 500 * 0.99726957
    before = coordinates.local_to_icrs(1.0, 1.0, last - sidereal_days)
    after = coordinates.local_to_icrs(1.0, 1.0, last + sidereal_days)
    assert np.degrees(coordinates.angular_distance(*before, *after)) < 0.1


@pytest.mark.parametrize("mjd", [math.nan, math.inf, -1.0, 41000.0, 2460000.5])
def test_an_impossible_date_is_refused(mjd):
    with pytest.raises(SettingError, match="mjd"):
        coordinates.local_to_icrs(1.0, 1.0, mjd)


@given(ZENITHS, AZIMUTHS, st.floats(1e-3, 1e3))
def test_vectors_and_angles_are_inverse(zenith, azimuth, length):
    vector = coordinates.direction_vector(zenith, azimuth)
    assert np.linalg.norm(vector) == pytest.approx(1.0)
    back = coordinates.direction_vector(*coordinates.vector_to_angles(vector * length))
    assert np.allclose(back, vector, atol=1e-14)


def test_vectors_follow_the_axes():
    assert np.allclose(coordinates.direction_vector([0, math.pi / 2, math.pi / 2], [0, 0, math.pi / 2]),
                       [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-15)  # fmt: skip


def test_a_tiny_negative_angle_is_not_a_full_turn():
    assert coordinates.vector_to_angles([1.0, -1e-20, 0.0])[1] == 0.0


@given(AZIMUTHS, DECLINATIONS, AZIMUTHS, DECLINATIONS)
def test_distance_is_that_of_the_vectors(ra1, dec1, ra2, dec2):
    first = coordinates.direction_vector(math.pi / 2 - dec1, ra1)
    second = coordinates.direction_vector(math.pi / 2 - dec2, ra2)
    expected = math.atan2(float(np.linalg.norm(np.cross(first, second))), float(first @ second))
    assert coordinates.angular_distance(ra1, dec1, ra2, dec2) == pytest.approx(expected, abs=1e-12)


@given(AZIMUTHS, st.floats(-1.5, 1.5), st.floats(1e-12, 1e-6))
def test_tiny_distances_keep_their_digits(ra, dec, step):
    assert coordinates.angular_distance(ra, 0.0, ra, step) == pytest.approx(step, rel=1e-9)
    assert coordinates.angular_distance(ra, dec, ra + math.pi, -dec) == pytest.approx(math.pi, abs=1e-7)


def test_the_table_is_named():
    assert "astropy-iers-data" in coordinates.earth_orientation_table()
