"""The panel around the best fit: what it holds, and its lines of right ascension and declination."""

from __future__ import annotations

import hpgeom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from skydriver.plots import graticule, lines
from skydriver.plots.graticule import View
from skydriver.plots.lines import RegionLine
from skydriver.plots.names import Box
from skydriver.plots.overlay import Marker, Overlay
from skydriver.plots.page import Page, settings
from skydriver.plots.projections import inverse_offsets, offsets
from skydriver.plots.raster import layers
from skydriver.plots.zoom import LARGEST_DEG, in_view, scale_deg, view_of
from skydriver.plots.zoom_picture import zoom_page

BESTS = [(138.6, 0.1), (359.9, -35.0), (40.0, 89.5), (120.0, -86.0), (20.0, -90.0)]


def region(*parts: lines.ContourLine, style="headline"):
    return RegionLine("region", style, 0.9, parts)


@pytest.mark.parametrize("best", BESTS)
@pytest.mark.parametrize("radius", [0.3, 3.0, 40.0])
def test_it_holds_the_whole_region_and_not_much_more(by_hand, best, radius):
    """Also the island that is farthest away."""
    sky = layers(by_hand.bowl(*best))
    parts = [by_hand.disc(*best, radius), by_hand.disc(best[0] + 10.0, 0.97 * best[1], radius / 10)]
    view = view_of(sky, Overlay(best, [region(*parts)]))
    reach = max(lines.reach_deg(part, best) for part in parts)
    for part in parts:
        assert np.abs(lines.on_zoom(part, best)).max() < view.half_deg
    assert view.half_deg < max(1.5 * reach, 6.0 * hpgeom.nside_to_resolution(128))


def test_a_tiny_region_is_shown_with_some_pixels_around(by_hand):
    best = (50.0, 20.0)
    view = view_of(layers(by_hand.bowl(*best)), Overlay(best, [region(by_hand.disc(*best, 1e-3))]))
    assert view.half_deg > 3 * hpgeom.nside_to_resolution(128)


def test_it_is_never_larger_than_its_projection_is_good_for(by_hand):
    best = (50.0, 20.0)
    sky = layers(by_hand.bowl(*best))
    far = [region(by_hand.disc(*best, 2.0), by_hand.disc(230.0, -20.0, 2.0))]
    near = view_of(sky, Overlay(best, far[:1]))
    assert near.half_deg < 3.0
    assert view_of(sky, Overlay(best, [region(by_hand.disc(*best, 51.0))])).half_deg <= LARGEST_DEG


def test_a_region_that_is_larger_than_it_can_be_fills_it(by_hand):
    best = (50.0, 20.0)
    for radius in (55.0, 75.0):
        view = view_of(layers(by_hand.bowl(*best)), Overlay(best, [region(by_hand.disc(*best, radius))]))
        assert view.half_deg == LARGEST_DEG


def test_the_statistical_regions_count_only_without_a_quoted_one(by_hand):
    best = (50.0, 20.0)
    sky = layers(by_hand.bowl(*best))
    wide = region(by_hand.disc(*best, 20.0), style="statistical")
    assert view_of(sky, Overlay(best, [region(by_hand.disc(*best, 2.0)), wide])).half_deg < 3.0
    assert view_of(sky, Overlay(best, [wide])).half_deg > 20.0


def test_without_a_region_it_holds_the_good_pixels(by_hand):
    sky = layers(by_hand.bowl(50.0, 20.0))
    assert view_of(sky, Overlay((50.0, 20.0))).half_deg > np.sqrt(30.0 / 4.0)  # where the bowl rises by 30


def two_stages():
    """A bowl that rises by 1 a degree squared, one pixel of it scanned finely."""
    best = hpgeom.pixel_to_angle(64, hpgeom.angle_to_pixel(64, 50.0, 20.0, nest=False), nest=False)
    stages, fine = {}, hpgeom.angle_to_pixel(64, *best, nest=True) * 64 + np.arange(64)
    for nside, pixel in ((64, np.arange(12 * 64**2)), (512, hpgeom.nest_to_ring(512, fine))):
        east, north = offsets(*hpgeom.pixel_to_angle(nside, pixel, nest=False), best)
        stages[nside] = pixel, (east**2 + north**2) / 2.0
    return layers(stages), (float(best[0]), float(best[1]))


def test_without_a_region_it_holds_the_good_pixels_of_coarser_stages_too():
    sky, best = two_stages()
    assert view_of(sky, Overlay(best)).half_deg > np.sqrt(30.0) - 1.0


def test_around_a_best_fit_of_a_coarse_stage_it_shows_some_of_its_pixels(by_hand):
    """As of a scan of a part of the sky that an event came from the edge of."""
    sky = layers({8: (np.array([300]), np.array([5.0])), 512: (np.array([0, 1]), np.array([90.0, 91.0]))})
    best = hpgeom.pixel_to_angle(8, 300, nest=False)
    assert view_of(sky, Overlay(best)).half_deg > 3 * hpgeom.nside_to_resolution(8)
    quoted = Overlay(best, [region(by_hand.disc(*best, 2.0))])
    assert view_of(sky, quoted).half_deg < 3.0


def test_it_holds_the_first_looks_that_are_near(by_hand):
    best = (50.0, 20.0)
    sky, regions = layers(by_hand.bowl(*best)), [region(by_hand.disc(*best, 2.0))]
    alone = view_of(sky, Overlay(best, regions))
    assert view_of(sky, Overlay(best, regions, [Marker("near", 50.0, 26.0)])).half_deg > 6.0
    assert view_of(sky, Overlay(best, regions, [Marker("far", 50.0, 40.0)])) == alone
    assert view_of(sky, Overlay(best, regions, sources=[Marker("near", 50.0, 26.0)])) == alone


def test_what_is_in_view_is_inside_the_square():
    view = View((0.1, 60.0), 2.0)
    markers = [Marker("in", 359.0, 61.0), Marker("corner", 3.6, 61.8), Marker("out", 0.1, 62.1), Marker("o", 180.0, 60)]
    assert [marker.name for marker in in_view(markers, view)] == ["in", "corner"]


@pytest.mark.parametrize("best", BESTS)
def test_right_ascension_grows_to_the_left_and_north_is_up(by_hand, best):
    with settings():
        axes = zoom_page(by_hand.bowl(*best), Overlay(best), by_hand.texts, Page(5.0)).figure.axes[0]
    (left, right), (below, above) = axes.get_xlim(), axes.get_ylim()
    east, north = offsets(best[0] + np.array([0.01, 0.0]), best[1] + np.array([0.0, 0.01 * (best[1] < 89)]), best)
    assert left > right
    assert east[0] >= 0.0
    assert above > below
    assert north[1] >= 0.0
    box = axes.get_window_extent()
    assert box.width == pytest.approx(box.height)
    assert left - right == pytest.approx(above - below)


@pytest.mark.parametrize(("best", "half"), [(best, half) for best in BESTS for half in (0.6, 3.0, 50.0)])
def test_every_label_stands_where_its_coordinate_is(best, half):
    """The text beside a side is the coordinate of the place on it, and there are some."""
    page = Page(10.0)
    axes = page.figure.add_axes((0.2, 0.2, 0.5, 0.5))
    view = View(best, half)
    left, right, bottom, top = view.extent
    axes.set(xlim=(left, right), ylim=(bottom, top))
    graticule.draw_graticule(page, axes, view, Box(0.0, 0.0, 0.0, 0.0))
    outside = [text for text in axes.findobj(Text) if text.get_transform() == axes.transAxes and text.get_text()]
    labels = [(np.clip(text.get_position(), 0.0, 1.0), text.get_text()) for text in outside]
    assert len(labels) >= 4
    for (x, y), text in labels:
        ra, dec = inverse_offsets((1.0 - 2.0 * x) * half, (2.0 * y - 1.0) * half, best)
        number = float(text.rstrip("°"))
        is_ra = view.polar or y == 0.0
        error = (number - ra + 180.0) % 360.0 - 180.0 if is_ra else number - dec
        assert abs(error) < 0.02 * half * (1.0 / np.cos(np.radians(dec)) if is_ra else 1.0)
        assert 0.0 <= number < 360.0 or not is_ra


@given(st.floats(0.0, 360.0), st.floats(-90.0, 90.0), st.floats(0.01, 60.0))
def test_there_are_lines_of_both_kinds_anywhere(ra, dec, half):
    view = View((ra, dec), half)
    steps = graticule.spacing(view)
    assert 2.0 * half / steps.dec_deg <= 7.5 or steps.dec_deg == 90.0
    assert (360.0 / steps.ra_deg) % 1.0 == pytest.approx(0.0, abs=1e-9)
    assert list(graticule.crossings(graticule._dec_along(view, "left"), steps.dec_deg)) or view.polar or half > 40


def test_a_side_meets_a_line_where_its_coordinate_is_a_multiple():
    found = list(graticule.crossings(np.linspace(9.0, 21.0, 13), 5.0))
    assert [value for _, value in found] == [10.0, 15.0, 20.0]
    assert [at for at, _ in found] == pytest.approx([1 / 12, 6 / 12, 11 / 12])


@given(st.floats(0.01, 60.0))
def test_the_scale_is_round_and_fits(half):
    length = scale_deg(half)
    assert 0.15 * half < length <= 0.4 * half * (1 + 1e-6)
    assert f"{length:e}"[:8] in {"1.000000", "2.000000", "5.000000"}


def test_the_scale_bar_has_an_edge_that_is_seen_on_white(by_hand):
    """As where nothing was scanned."""
    with settings():
        axes = zoom_page(by_hand.bowl(50.0, 20.0), Overlay((50.0, 20.0)), by_hand.texts, Page(5.0)).figure.axes[0]
    (bar,) = [line for line in axes.lines if line.get_transform() == axes.figure.dpi_scale_trans]
    (edge,) = bar.get_path_effects()
    assert edge._gc["linewidth"] > bar.get_linewidth() + 1.0
