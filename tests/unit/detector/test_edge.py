"""The detector's edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from skydriver.detector.coordinates import direction_vector
from skydriver.detector.edge import EDGE_STRINGS, crossing_m, deepest_m, depth_m
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
def test_a_line_is_inside_between_entry_and_exit_only(place, angles):
    travel = direction_vector(*angles)
    steps = np.linspace(-2000.0, 2000.0, 2001)
    inside = depth_m(np.array(place) + steps[:, None] * travel) > 0.0
    found = crossing_m(place, travel)
    if found is None:
        assert not inside.any()
    else:
        assert np.array_equal(
            inside[np.abs(steps - found[0]) > 1e-3],
            ((steps > found[0]) & (steps < found[1]))[np.abs(steps - found[0]) > 1e-3],
        )


@given(PLACES, ANGLES)
def test_the_deepest_place_of_a_line_is_inside_where_it_crosses(place, angles):
    travel = direction_vector(*angles)
    found = crossing_m(place, travel)
    deepest = deepest_m(place, travel)
    if found is None:
        assert deepest <= 0.0
    elif found[1] - found[0] > 10.0:
        assert deepest >= 0.0
        middle = np.array(place) + 0.5 * sum(found) * travel
        assert deepest >= depth_m(middle) - 1.0
