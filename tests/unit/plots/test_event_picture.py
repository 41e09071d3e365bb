"""The view of an event."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.detector.coordinates import direction_vector
from skydriver.detector.geometry import dom_positions
from skydriver.plots import event_view
from skydriver.plots.event_picture import draw_event_picture, event_page
from skydriver.plots.event_view import Hits, Scene, Track
from skydriver.plots.page import Page, settings

DIRECTIONS = [(0.0, 0.0), (0.3, 2.0), (np.pi / 2, 4.0), (np.pi / 2, 2.0), (2.5, 0.0), (2.5, 4.0), (np.pi, 2.0)]
"""Zenith and azimuth, rad."""


def hits_of(track, n=200, seed=5):
    """DOMs near nothing in particular, hit as the track passes."""
    rng = np.random.default_rng(seed)
    places = dom_positions()[rng.choice(5160, n, replace=False)]
    along = (places - [track.x_m, track.y_m, track.z_m]) @ track.travel
    time = track.t_ns + along / C_VACUUM_M_PER_NS + rng.exponential(200.0, n)
    return Hits(*places.T, time, rng.lognormal(0.0, 2.0, n))


def scene_of(zenith=1.2, azimuth=0.7):
    track = Track(10.0, -30.0, 100.0, 9800.0, zenith, azimuth)
    return Scene(dom_positions(), hits_of(track), track)


def panels(scene, texts):
    """The two views, drawn."""
    with settings():
        page = event_page(scene, texts, Page(5.0))
        page.figure.canvas.draw()
    return page.figure.axes[:2]


def hit_points(axes):
    return next(points for points in axes.collections if points.get_gid() is None)


def test_png_and_pdf_are_what_they_say_and_the_same_each_time(by_hand):
    scene = scene_of()
    for kind, magic in (("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-1")):
        files = [io.BytesIO() for _ in range(2)]
        for file in files:
            draw_event_picture(file, *scene, by_hand.texts, format=kind, width_in=5.0)
        first, second = (file.getvalue() for file in files)
        assert first.startswith(magic)
        assert first == second
    assert b"CreationDate" not in first
    assert b"/Type3" not in first


def test_later_hits_have_brighter_colours_and_larger_charges_larger_symbols(by_hand):
    scene = scene_of()
    order = np.argsort(-scene.hits.charge_pe, kind="stable")
    for axes in panels(scene, by_hand.texts):
        points = hit_points(axes)
        assert np.all(np.diff(points.get_sizes()) <= 0.0)
        assert len(points.get_offsets()) == len(scene.hits.x_m)
        by_time = np.argsort(scene.hits.time_ns[order], kind="stable")
        lightness = points.get_facecolors()[by_time, :3] @ [0.2126, 0.7152, 0.0722]
        assert np.all(np.diff(lightness) >= -0.002)
        assert lightness[-1] > lightness[0] + 0.5


@given(st.lists(st.floats(0.0, 1e5), min_size=2, max_size=20))
def test_symbols_never_shrink_with_the_charge(charges):
    assert np.all(np.diff(event_view.areas(np.sort(charges), 1.0)) >= 0.0)


@pytest.mark.parametrize(("zenith", "azimuth"), DIRECTIONS)
def test_the_arrow_points_where_the_track_goes(by_hand, zenith, azimuth):
    """Away from where it came from, in both views."""
    scene = scene_of(zenith, azimuth)
    travel = -direction_vector(zenith, azimuth)
    views = (event_view.top_view(scene), event_view.side_view(scene))
    n_arrows = 0
    for axes, view in zip(panels(scene, by_hand.texts), views, strict=True):
        for arrow in axes.texts:
            shaft = np.subtract(arrow.xy, arrow.get_position())
            expected = np.concatenate(view.project(travel[None]))
            assert shaft @ expected == pytest.approx(np.linalg.norm(shaft) * np.linalg.norm(expected))
            n_arrows += 1
    assert n_arrows == (2 if 0.01 < zenith < 3.14 else 1)  # from above a vertical one is a point


def test_the_side_view_has_the_track_in_its_plane():
    scene = scene_of(1.1, 2.2)
    view = event_view.side_view(scene)
    across, up = np.concatenate(view.project(scene.track.travel[None]))
    assert np.hypot(across, up) == pytest.approx(1.0)
    assert across > 0.0
    assert up == pytest.approx(-np.cos(1.1))


def test_the_track_passes_its_vertex_at_its_time_and_moves_with_light():
    track = Track(10.0, -30.0, 100.0, 9800.0, 1.2, 0.7)
    places = track.at(np.array([9800.0, 10800.0]))
    assert places[0] == pytest.approx([10.0, -30.0, 100.0])
    assert places[1] - places[0] == pytest.approx(-direction_vector(1.2, 0.7) * 1000.0 * C_VACUUM_M_PER_NS)


def test_its_marks_have_the_colours_of_hits_at_the_same_time(by_hand):
    scene = scene_of()
    marks = event_view.mark_times(scene)
    first = scene.hits.time_ns.min()
    norm, _ = event_view.colour_times(scene.hits)
    for axes, view in zip(panels(scene, by_hand.texts), (event_view.top_view, event_view.side_view), strict=True):
        drawn = next(points for points in axes.collections if points.get_gid() == "marks")
        expected = np.stack(view(scene).project(scene.track.at(first + marks.time_ns)), axis=1)
        assert np.asarray(drawn.get_offsets()) == pytest.approx(expected)
        assert drawn.get_facecolors() == pytest.approx(event_view.HIT_COLOURS(norm(marks.time_ns)))
    assert 2 <= len(marks.time_ns) <= 8


def test_the_line_through_the_panel_ends_at_its_sides():
    low, high = event_view.inside((np.array([10.0, 0.0]), np.array([0.6, 0.8])), 100.0)
    for end in (low, high):
        assert np.abs(np.array([10.0, 0.0]) + end * np.array([0.6, 0.8])).max() == pytest.approx(100.0)
    assert event_view.inside((np.array([200.0, 0.0]), np.array([0.0, 1.0])), 100.0) is None
    assert event_view.inside((np.array([250.0, 0.0]), np.array([1.0, 1.0])), 100.0) is None


def test_it_is_drawn_without_a_track_or_hits(by_hand):
    scene = scene_of()
    nothing = Hits(*(np.zeros(0) for _ in range(5)))
    one = Hits(*(np.ones(1) for _ in range(5)))
    for hits, track in ((scene.hits, None), (nothing, scene.track), (nothing, None), (one, scene.track)):
        draw_event_picture(io.BytesIO(), scene.doms_m, hits, track, by_hand.texts, width_in=5.0)


def test_all_doms_are_in_view(by_hand):
    for axes in panels(scene_of(), by_hand.texts):
        low, high = axes.get_xlim()
        x, y = axes.lines[0].get_data()
        assert len(x) == 5160
        assert low < min(x.min(), y.min())
        assert max(x.max(), y.max()) < high
        assert axes.get_ylim() == (low, high)
