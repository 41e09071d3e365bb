"""Great-circle offsets."""

import math

import numpy as np
import pytest
from astropy.coordinates import angular_separation
from hypothesis import example, given
from hypothesis import strategies as st

from skydriver.skymap.offsets import offsets, separation_deg, separations_deg
from skydriver.skymap.skymap import BestFit

RA, DEC = st.floats(-360, 720), st.floats(-90, 90)


@given(RA, DEC, RA, DEC)
@example(0.0, 0.0, 180.0, 0.0)
@example(10.0, 90.0, 200.0, 90.0)
@example(10.0, -90.0, 10.0, 90.0)
def test_it_is_astropys(ra1, dec1, ra2, dec2):
    oracle = math.degrees(angular_separation(*map(math.radians, (ra1, dec1, ra2, dec2))))
    assert separation_deg(ra1, dec1, ra2, dec2) == pytest.approx(oracle, abs=1e-12)


@given(RA, DEC, st.lists(st.tuples(RA, DEC), min_size=1))
def test_many_at_once_are_the_same(ra, dec, places):
    each = [separation_deg(ra, dec, *place) for place in places]
    assert separations_deg(ra, dec, *np.array(places).T) == pytest.approx(np.array(each), abs=1e-12)


@given(RA, DEC, RA, DEC)
def test_it_is_symmetric_and_bounded(ra1, dec1, ra2, dec2):
    there, back = separation_deg(ra1, dec1, ra2, dec2), separation_deg(ra2, dec2, ra1, dec1)
    assert there == pytest.approx(back, abs=1e-12)
    assert 0 <= there <= 180


@pytest.mark.parametrize(
    ("one", "other", "deg"),
    [
        ((359.9, 0.0), (0.1, 0.0), 0.2),  # across the RA wrap
        ((0.0, 89.0), (180.0, 89.0), 2.0),  # across a pole
        ((0.0, 60.0), (10.0, 60.0), math.degrees(2 * math.asin(0.5 * math.sin(math.radians(5))))),  # the chord's half
        ((5.0, 20.0), (185.0, -20.0), 180.0),
        ((5.0, 20.0), (5.0, 20.0 + 1e-9), 1e-9),  # where an arc cosine has lost everything
    ],
)
def test_known_angles(one, other, deg):
    assert separation_deg(*one, *other) == pytest.approx(deg, rel=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_direction_that_is_none_has_no_offset(bad):
    assert math.isnan(separation_deg(bad, 0, 1, 1))
    assert math.isnan(separation_deg(0, 0, 1, bad))


def test_offsets_keep_names_and_order():
    best = BestFit(359.5, 0.0, 1.0, 8, 0)
    result = offsets(best, [("first look", 0.5, 0.0), ("SplineMPE", 359.5, 2.0)])
    assert [(o.name, pytest.approx(o.deg)) for o in result] == [("first look", 1.0), ("SplineMPE", 2.0)]
