"""The detector's edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from skydriver.detector.coordinates import direction_vector
from skydriver.detector.edge import EDGE_STRINGS, deepest_m, depth_m
from skydriver.detector.geometry import dom_positions

PLACES = st.tuples(*[st.floats(-700.0, 700.0)] * 3)
ANGLES = st.tuples(st.floats(0.01, 3.13), st.floats(0.0, 6.28))


def test_the_outline_is_the_convex_hull_of_the_main_strings():
    strings = dom_positions()[: 78 * 60].reshape(78, 60, 3).mean(axis=1)[:, :2]
    hull = [int(vertex) + 1 for vertex in ConvexHull(strings).vertices]
    start = hull.index(EDGE_STRINGS[0])
    assert tuple(hull[start:] + hull[:start]) == EDGE_STRINGS


def test_the_doms_lie_inside_and_far_places_outside():
    assert np.mean(depth_m(dom_positions()[: 78 * 60]) > -5.0) > 0.95  # strings and surfaces are not quite straight
    assert depth_m(dom_positions()).min() > -40.0
    assert np.all(depth_m([[700.0, 0, 0], [0, 700.0, 0], [0, 0, 600.0], [0, 0, -600.0]]) < 0)
    assert depth_m([0.0, 0.0, 0.0]) > 400.0
    assert depth_m([0.0, 0.0, 480.0]) == pytest.approx(21.6, abs=0.1)


@given(PLACES, ANGLES)
def test_the_deepest_place_of_a_line_is_the_deepest_of_all_its_places(place, angles):
    travel = direction_vector(*angles)
    depths = depth_m(np.array(place) + np.linspace(-1500.0, 1500.0, 15_001)[:, None] * travel)
    assert deepest_m(place, travel) == pytest.approx(depths.max(), abs=0.6)


def test_a_line_that_misses_the_detector_is_outside_at_its_deepest():
    assert deepest_m([0.0, 0.0, 700.0], [1.0, 0.0, 0.0]) == pytest.approx(-198.4, abs=0.1)
    assert deepest_m([0.0, 0.0, 700.0], [0.0, 0.0, 1.0]) > 400.0
