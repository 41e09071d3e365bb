"""Directions of pixels: unit vectors, rounded to what every machine agrees on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.coordinates import direction_vector, icrs_to_local
from skydriver.scan.pixels import centres
from skydriver.services.directions import DECIMALS, pixel_directions

MJD = 60280.71416774572
PIXELS = st.sampled_from([1, 8, 512]).flatmap(
    lambda nside: st.tuples(st.just(nside), st.lists(st.integers(0, 12 * nside**2 - 1), min_size=1, max_size=5))
)


@given(PIXELS)
def test_they_point_to_the_centres(where):
    nside, pixels = where
    exact = direction_vector(*icrs_to_local(*centres(nside, pixels), MJD))
    found = np.array(pixel_directions(nside, pixels, MJD))
    assert found.shape == (len(pixels), 3)
    assert np.max(np.abs(found - exact)) <= 0.5 * 10.0**-DECIMALS + 1e-15
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=10.0**-DECIMALS)


@given(PIXELS)
def test_a_pixel_has_one_direction_whatever_it_is_asked_with(where):
    nside, pixels = where
    alone = [pixel_directions(nside, [pixel], MJD)[0] for pixel in pixels]
    assert pixel_directions(nside, pixels, MJD) == alone
    assert [tuple(round(part, DECIMALS) for part in vector) for vector in alone] == alone


def test_they_turn_with_the_earth():
    now, later = (np.array(pixel_directions(8, [300], mjd)) for mjd in (MJD, MJD + 0.25))
    assert np.degrees(np.arccos(np.sum(now * later))) > 60.0
