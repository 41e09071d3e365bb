"""The pictures of maps: what is on them, and that it can be read."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys

import hpgeom
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from skydriver.plots import style
from skydriver.plots.all_sky_picture import all_sky_page, draw_all_sky_picture
from skydriver.plots.overlay import MOST_NAMES, Marker, Overlay
from skydriver.plots.page import Page, Texts, settings
from skydriver.plots.raster import layers
from skydriver.plots.skymap import ANSWER_COLOURS, Summary, draw_skymap, overview
from skydriver.plots.zoom_picture import draw_zoom_picture, zoom_page

DRAW = {"overview": draw_skymap, "all sky": draw_all_sky_picture, "zoom": draw_zoom_picture}
COMPOSE = {
    "overview": lambda stages, overlay, texts, page: overview(stages, overlay, texts, SUMMARY, page),
    "all sky": all_sky_page,
    "zoom": zoom_page,
}
N_MAPS = {"overview": 2, "all sky": 1, "zoom": 1}
SUMMARY = Summary("caution", "through-going", "90% 9 deg2 " * 20, tuple(f"reason {k} " * 30 for k in range(5)))
ODD_NAMES = [
    "$x^2$",
    r"$\frac{$",
    "a_b_c",
    "_hidden",
    "two\nlines",
    "n" * 200,
    "word " * 40,
    "",
    "\t",
    "星 ñ \x07",
    "{",
]


def page_of(picture, stages, overlay, texts, width_in=5.0):
    """A picture's page; it must be looked at under the same settings."""
    return COMPOSE[picture](stages, overlay, texts, Page(width_in))


def written(page):
    """The texts of a page and where they are, pixels."""
    texts = [text for text in page.figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    renderer = page.figure.canvas.get_renderer()
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in texts]


def check_legible(page):
    """No text is cut off by the page, and no two overlap."""
    page.figure.canvas.draw()
    width, height = page.figure.canvas.get_width_height()
    shown = written(page)
    assert len(shown) > 8
    for text, box in shown:
        assert min(box.x0, box.y0) >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (first, one), (second, other) in itertools.combinations(shown, 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        up = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert across <= 1.0 or up <= 1.0, (first, second)


@pytest.mark.parametrize("width_in", [5.0, 10.0])
@pytest.mark.parametrize(
    ("picture", "best"),
    [("overview", (295.0, -12.0)), ("all sky", (359.99, 45.0)), ("zoom", (120.0, -86.0)), ("zoom", (0.0, 89.5))],
)  # fmt: skip
def test_no_text_is_cut_or_overlaps_another(by_hand, best, picture, width_in):
    rng = np.random.default_rng(7)
    around = by_hand.disc(*best, 1.5, 8)
    looks = [Marker(f"l2_online_look_{k} " * k, rng.uniform(0, 360), 10.0 * k) for k in range(4)]
    sources = [Marker(f"4FGL J{k}", *place) for k, place in enumerate(zip(*around, strict=True))]
    overlay = Overlay(best, by_hand.regions(*best, 2.0), looks, sources)
    with settings():
        check_legible(page_of(picture, by_hand.bowl(*best), overlay, by_hand.texts, width_in))


@pytest.mark.parametrize("picture", COMPOSE)
def test_any_name_is_harmless(by_hand, picture):
    """Neither a formula nor a second line nor a letter that the font lacks; and long ones are shortened."""
    markers = [Marker(name, 10.0 + k / 9, 10.0) for k, name in enumerate(ODD_NAMES)]
    sources = [Marker(name, 10.0 + k / 9, 10.5) for k, name in enumerate(ODD_NAMES)]
    odd = Texts(*(" ".join(ODD_NAMES) for _ in range(3)))
    overlay = Overlay((10.0, 10.0), by_hand.regions(10.0, 10.0, 1.0), markers, sources)
    with settings():
        page = page_of(picture, by_hand.bowl(10.0, 10.0), overlay, odd, 5.0)
        check_legible(page)
        texts = " ".join(text for text, _ in written(page))
    assert "$x^2$: RA" in texts
    assert "_hidden: RA" in texts


@pytest.mark.parametrize("picture", COMPOSE)
@pytest.mark.parametrize("width_in", [4.0, 10.0])
def test_the_statement_is_there_to_the_last_word(by_hand, picture, width_in):
    with settings():
        page = page_of(picture, by_hand.bowl(1.0, 2.0), Overlay((1.0, 2.0)), by_hand.texts, width_in)
        assert " ".join(by_hand.texts.footer.split()) in " ".join(text for text, _ in written(page))


@pytest.mark.parametrize("picture", DRAW)
def test_png_and_pdf_are_what_they_say(by_hand, picture):
    """That they are the same each time is seen where the installed command makes them."""
    overlay = Overlay(
        (1.0, 2.0), by_hand.regions(1.0, 2.0, 1.0), [Marker("a look", 1.5, 2.0)], [Marker("M 87", 0.5, 2)]
    )
    for kind, magic in (("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-1")):
        file = io.BytesIO()
        DRAW[picture](file, by_hand.bowl(1.0, 2.0), overlay, by_hand.texts, format=kind, width_in=5.0)
        content = file.getvalue()
        assert content.startswith(magic)
    assert b"CreationDate" not in content
    assert b"/FontFile2" in content  # TrueType
    assert b"/Type3" not in content


def test_the_width_is_what_was_asked_for(by_hand):
    for width_in in (5.0, 10.0):
        file = io.BytesIO()
        draw_all_sky_picture(file, by_hand.bowl(1.0, 2.0), Overlay((1.0, 2.0)), by_hand.texts, width_in=width_in)
        assert Image.open(file).width == 120 * width_in


def region_lines(page):
    """How many of each region's lines each map holds."""
    found = []
    for axes in page.figure.axes:
        names = [line.get_gid() for line in axes.lines if line.get_gid()]
        if names:
            found.append({name: names.count(name) for name in names})
    return found


@pytest.mark.parametrize("picture", COMPOSE)
def test_as_many_lines_are_drawn_as_there_are(by_hand, picture):
    """With two islands and a hole: solid if quoted, dashed if statistical."""
    more = [by_hand.disc(104.0, 22.0, 1.0), by_hand.disc(102.5, 18.0, 0.8), by_hand.disc(100.0, 20.0, 0.35)]
    overlay = Overlay((100.0, 20.0), by_hand.regions(100.0, 20.0, 2.0, *more))
    with settings():
        page = page_of(picture, by_hand.bowl(100.0, 20.0), overlay, by_hand.texts)
    expected = {region.label: len(region.lines) for region in overlay.regions}
    assert list(expected.values()) == [4, 1, 1]
    assert region_lines(page) == [expected] * N_MAPS[picture]
    drawn = [line for axes in page.figure.axes for line in axes.lines if line.get_gid()]
    assert all((line.get_linestyle() == "-") == ("statistical" not in line.get_gid()) for line in drawn)
    assert len({str(line._dash_pattern) for line in drawn if "statistical" in line.get_gid()}) == 2


@pytest.mark.parametrize("picture", COMPOSE)
def test_every_line_is_named(by_hand, picture):
    overlay = Overlay((100.0, 20.0), by_hand.regions(100.0, 20.0, 2.0))
    with settings():
        texts = [text for text, _ in written(page_of(picture, by_hand.bowl(1.0, 2.0), overlay, by_hand.texts))]
    assert {region.label for region in overlay.regions} <= set(texts)


def test_the_levels_of_the_regions_are_marked_on_the_colour_bar(by_hand):
    overlay = Overlay((100.0, 20.0), by_hand.regions(100.0, 20.0, 2.0))
    with settings():
        page = page_of("zoom", by_hand.bowl(100.0, 20.0), overlay, by_hand.texts)
    marked = [line.get_xdata()[0] for line in page.figure.axes[1].lines]
    assert marked == [1.39, 4.61]


def test_parts_beyond_the_zoom_are_told(by_hand):
    overlay = Overlay((100.0, 20.0), by_hand.regions(100.0, 20.0, 2.0, by_hand.disc(280.0, -20.0, 1.0)))
    with settings():
        texts = [text for text, _ in written(page_of("zoom", by_hand.bowl(1.0, 2.0), overlay, by_hand.texts))]
    assert any("1 of its 2 lines beyond" in text for text in texts)


@pytest.mark.parametrize(("n", "named"), [(MOST_NAMES, True), (MOST_NAMES + 1, False)])
@pytest.mark.parametrize("picture", ["all sky", "zoom"])
def test_sources_have_names_unless_they_are_many(by_hand, n, named, picture):
    apart = {"all sky": 10.0, "zoom": 0.5}[picture]
    sources = [Marker(f"source {k}", 101.0, 20.0 + apart * (k - n / 2)) for k in range(n)]
    overlay = Overlay((100.0, 20.0), by_hand.regions(100.0, 20.0, 4.0), sources=sources)
    with settings():
        texts = [text for text, _ in written(page_of(picture, by_hand.bowl(100.0, 20.0), overlay, by_hand.texts))]
    assert any(text.startswith("source ") and text[7:].isdigit() for text in texts) == named


def test_no_name_stands_where_it_could_be_anothers(by_hand):
    """Of two sources that are too close to each other for that, neither is named."""
    sources = [Marker("alone", 101.0, 21.0), Marker("one", 99.0, 19.0), Marker("other", 99.01, 19.01)]
    overlay = Overlay((100.0, 20.0), by_hand.regions(100.0, 20.0, 2.0), sources=sources)
    with settings():
        texts = {text for text, _ in written(page_of("zoom", by_hand.bowl(100.0, 20.0), overlay, by_hand.texts))}
    assert {"alone", "one", "other"} & texts == {"alone"}


def test_past_the_twelfth_marker_they_are_counted(by_hand):
    overlay = Overlay((10.0, 10.0), markers=[Marker(f"look {k}", 20.0 * k, k) for k in range(18)])
    with settings():
        texts = [text for text, _ in written(page_of("overview", by_hand.bowl(10, 10), overlay, by_hand.texts))]
    assert "and 6 more, not drawn" in texts
    assert sum(text.startswith("look ") for text in texts) == 12


def picture_of(stages, best, texts, summary=None):
    """RGB of the overview."""
    file = io.BytesIO()
    draw_skymap(file, stages, Overlay(best), texts, summary=summary, width_in=5.0)
    return np.asarray(Image.open(file).convert("RGB"))


def count(picture, colour):
    """Pixels of nearly this colour."""
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return np.sum(np.all(np.abs(picture.astype(int) - wanted) < 20, axis=-1))


def grey(picture, colour):
    """Pixels of exactly one of the style's greys."""
    return np.sum(np.all(picture == np.round(np.array(colour[:3]) * 255), axis=-1))


def test_partial_maps_and_failed_fits_are_drawn(by_hand):
    stages = by_hand.bowl(75.0, 5.0)
    stages[8][1][::5] = np.nan
    stages = {8: (stages[8][0][:400], stages[8][1][:400]), 128: (stages[128][0][:50], stages[128][1][:50])}
    picture = picture_of(stages, (75.0, 5.0), by_hand.texts)
    assert min(grey(picture, colour) for colour in (style.FAILED, style.UNSCANNED)) > 800


@pytest.mark.parametrize("best", [(75.0, 5.0), (76.5, 5.0), (0.0, 90.0)])
def test_a_disc_is_drawn_and_the_rest_is_not_scanned(by_hand, best):
    center = (75.0, 5.0) if best[1] < 90 else best
    kept = {nside: hpgeom.query_circle(nside, *center, 1.5, nest=False, inclusive=True) for nside in (8, 64)}
    stages = {nside: (pixels, np.arange(len(pixels), dtype=float)) for nside, pixels in kept.items()}
    part, whole = (picture_of(sky, best, by_hand.texts) for sky in (stages, by_hand.bowl(*best)))
    assert grey(part, style.UNSCANNED) > 50 * grey(whole, style.UNSCANNED)  # where only the legend shows it


def test_one_coarse_stage_and_no_success_at_all_are_drawn(by_hand):
    picture_of(by_hand.bowl(10.0, 10.0, refined=False), (10.0, 10.0), by_hand.texts)
    picture_of({8: (np.arange(768), np.full(768, np.nan))}, (10.0, 10.0), by_hand.texts)


@pytest.mark.parametrize("answer", ANSWER_COLOURS)
def test_the_answer_is_a_badge_of_its_colour_above_the_map(by_hand, answer):
    summary = SUMMARY._replace(answer=answer)
    above = picture_of(by_hand.bowl(50.0, 20.0), (50.0, 20.0), by_hand.texts, summary=summary)[:130]
    assert {name for name, colour in ANSWER_COLOURS.items() if count(above, colour) > 300} == {answer}


def test_colours_are_clipped_at_both_ends():
    norm = style.colour_norm(layers({1: (np.arange(3), np.array([0.0, 1.0, 1e6]))}))
    assert (norm.vmin, norm.vmax) == (1.0, 10_000.0)
    shades = style.coloured(np.array([0.0, 1.0, 1e4, 1e9]), np.ones(4, bool), norm)
    assert np.array_equal(shades[0], shades[1])
    assert np.array_equal(shades[2], shades[3])


def test_pyplot_is_never_loaded():
    modules = ", ".join(
        f"skydriver.plots.{name}" for name in ("skymap", "all_sky_picture", "zoom_picture", "event_picture")
    )
    program = f"import sys, {modules}; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
