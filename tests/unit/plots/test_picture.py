"""The picture itself."""

from __future__ import annotations

import subprocess
import sys

import hpgeom
import numpy as np
import pytest
from PIL import Image

from skydriver.detector.coordinates import angular_distance
from skydriver.plots import style
from skydriver.plots.raster import layers
from skydriver.plots.skymap import ANSWER_COLOURS, Marker, Outline, Summary, draw_skymap
from skydriver.plots.zoom import Overlay, zoom_radius_deg

TEXTS = {"title": "Run 1, event 2", "subtitle": "dummy", "footer": "Made by SkyDriver, not endorsed by IceCube"}


def bowl(ra, dec, *, refined=True):
    """llh of a bowl of half a degree around a place, all over the sky, with finer pixels around it."""

    def llh(nside, pixels):
        places = np.radians(hpgeom.pixel_to_angle(nside, pixels, nest=False))
        return np.minimum(2 * np.degrees(angular_distance(*places, *np.radians([ra, dec]))) ** 2, 2000.0)

    stages = {8: (np.arange(768), llh(8, np.arange(768)))}
    if refined:
        near = hpgeom.query_circle(128, ra, dec, 4.0, nest=False)
        stages[128] = (near, llh(128, near))
    return stages


def draw(tmp_path, stages, best, markers=(), **more: object) -> np.ndarray:
    draw_skymap(tmp_path / "map.png", stages, best, markers=markers, **TEXTS, **more)
    return np.asarray(Image.open(tmp_path / "map.png").convert("RGB"))


@pytest.mark.parametrize("best", [(138.6, 0.1), (0.01, -30.0), (359.99, 45.0), (200.0, 89.9), (20.0, -90.0)])
def test_a_map_is_drawn_wherever_the_best_fit_lies(tmp_path, best):
    picture = draw(tmp_path, bowl(*best), best, [Marker("a first look", best[0], best[1] * 0.99)])
    assert picture.shape == (1236, 1200, 3)
    centre = picture[917:947, 294:324].reshape(-1, 3)  # the star in the middle of the zoom
    assert np.sum(np.all(np.abs(centre - np.array([214, 39, 40])) < 20, axis=1)) > 50


def test_partial_maps_and_failed_fits_are_drawn(tmp_path):
    stages = bowl(75.0, 5.0)
    stages[8][1][::5] = np.nan
    stages = {8: (stages[8][0][:400], stages[8][1][:400]), 128: (stages[128][0][:50], stages[128][1][:50])}
    picture = draw(tmp_path, stages, (75.0, 5.0)).reshape(-1, 3)
    for colour in (style.FAILED, style.UNSCANNED):
        assert np.sum(np.all(picture == np.round(np.array(colour[:3]) * 255), axis=1)) > 1000


@pytest.mark.parametrize("best", [(75.0, 5.0), (76.5, 5.0), (0.0, 90.0)])
def test_a_disc_is_drawn_and_the_rest_is_not_scanned(tmp_path, best):
    """Also with the best fit at the disc's edge, where no neighbour is left to draw contours with."""
    center = (75.0, 5.0) if best[1] < 90 else best
    kept = {nside: hpgeom.query_circle(nside, *center, 1.5, nest=False, inclusive=True) for nside in (8, 64)}
    stages = {nside: (pixels, np.arange(len(pixels), dtype=float)) for nside, pixels in kept.items()}
    picture = draw(tmp_path, stages, best).reshape(-1, 3)
    unscanned = np.all(picture == np.round(np.array(style.UNSCANNED[:3]) * 255), axis=1)
    assert np.sum(unscanned) > 300_000


def test_one_coarse_stage_and_no_success_at_all_are_drawn(tmp_path):
    draw(tmp_path, bowl(10.0, 10.0, refined=False), (10.0, 10.0))
    draw(tmp_path, {8: (np.arange(768), np.full(768, np.nan))}, (10.0, 10.0))


def test_any_number_of_markers_with_any_name_fits(tmp_path):
    markers = [Marker(f"{'long name ' * 9}{index}", 20.0 * index, index) for index in range(18)]
    draw(tmp_path, bowl(10.0, 10.0), (10.0, 10.0), markers)


def test_the_zoom_holds_the_good_region_and_the_near_markers():
    sky = layers(bowl(50.0, 20.0))
    alone = zoom_radius_deg(sky[0], Overlay((50.0, 20.0)))
    assert alone > np.sqrt(30.0 / 4.0)  # where the bowl rises by 30
    assert zoom_radius_deg(sky[0], Overlay((50.0, 20.0), [Marker("near", 50.0, 26.0)])) > 6.0
    assert zoom_radius_deg(sky[0], Overlay((50.0, 20.0), [Marker("far", 50.0, 40.0)])) == alone


def test_the_zoom_holds_the_region_as_far_as_it_is_near():
    sky = layers(bowl(50.0, 20.0))
    alone = zoom_radius_deg(sky[0], Overlay((50.0, 20.0)))
    near, far = (hpgeom.query_circle(64, 50.0, dec, 1.0, nest=False) for dec in (25.0, 50.0))
    assert 6.0 < zoom_radius_deg(sky[0], Overlay((50.0, 20.0), outline=Outline(64, near, "near"))) < 8.0
    assert zoom_radius_deg(sky[0], Overlay((50.0, 20.0), outline=Outline(64, far, "far"))) == alone


def count(picture, colour):
    """Pixels of nearly this colour."""
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return np.sum(np.all(np.abs(picture.astype(int) - wanted) < 20, axis=-1))


@pytest.mark.parametrize("answer", ANSWER_COLOURS)
def test_the_answer_is_a_badge_of_its_colour_above_the_map(tmp_path, answer):
    reasons = tuple(f"reason {k}, which is told at some length" * 9 for k in range(7))
    above = draw(
        tmp_path, bowl(50.0, 20.0), (50.0, 20.0), summary=Summary(answer, "through-going", "90% 9 deg2", reasons)
    )[:180]
    shown = {name for name, colour in ANSWER_COLOURS.items() if count(above, colour) > 500}
    assert shown == {answer}


@pytest.mark.parametrize("best", [(0.01, -30.0), (20.0, -90.0)])
def test_the_regions_edge_is_drawn_in_the_zoom_where_it_is_near(tmp_path, best):
    near, far = (
        count(draw(tmp_path, bowl(*best), best, outline=Outline(512, pixels, "a region"))[700:1200, 60:540], red)
        for red in [style.OUTLINE["color"]]
        for pixels in (hpgeom.query_circle(512, *place, 1.7, nest=False) for place in (best, (180.0, 5.0)))
    )
    assert near > far + 300


def test_colours_are_clipped_at_both_ends():
    norm = style.colour_norm(layers({1: (np.arange(3), np.array([0.0, 1.0, 1e6]))}))
    assert (norm.vmin, norm.vmax) == (1.0, 10_000.0)
    shades = style.coloured(np.array([0.0, 1.0, 1e4, 1e9]), np.ones(4, bool), norm)
    assert np.array_equal(shades[0], shades[1])
    assert np.array_equal(shades[2], shades[3])


def test_pyplot_is_never_loaded():
    program = "import sys, skydriver.plots.skymap; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
