"""What is drawn of a large catalogue."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from skydriver.plots.all_sky_picture import all_sky_page
from skydriver.plots.overlay import MOST_SOURCES, Marker, Overlay, thinned
from skydriver.plots.page import Page, settings
from skydriver.plots.style import SOURCE
from skydriver.plots.zoom_picture import zoom_page

SYMBOL_IN = SOURCE["markersize"] / 72.0


def scattered(n):
    """Sources and where they are on a page of 9 by 4 inches."""
    inches = np.random.default_rng(1).uniform((0.0, 0.0), (9.0, 4.0), (n, 2))
    return [Marker(f"source {k}", 0.0, 0.0) for k in range(n)], inches


def test_of_few_sources_each_is_drawn_even_on_top_of_another():
    sources = scattered(MOST_SOURCES)[0]
    assert thinned(sources, np.ones((MOST_SOURCES, 2))) == sources


def test_of_many_each_is_drawn_or_covered_by_one_that_is():
    """In the order of the catalogue."""
    sources, inches = scattered(100_000)
    drawn = np.array([int(source.name.split()[1]) for source in thinned(sources, inches)])
    away, _ = cKDTree(inches[drawn]).query(inches)
    assert away.max() < SYMBOL_IN
    assert len(drawn) <= (9.0 / SYMBOL_IN * 2.0 + 1.0) * (4.0 / SYMBOL_IN * 2.0 + 1.0)
    assert np.all(np.diff(drawn) > 0)


@pytest.mark.parametrize("page_of", [all_sky_page, zoom_page])
def test_pictures_draw_the_fewer_and_tell_of_all(by_hand, page_of):
    n = MOST_SOURCES + 1
    sources = [Marker(f"source {k}", 100.0 + 1e-4 * (k % 100), 20.0) for k in range(n)]
    with settings():
        page = page_of(by_hand.bowl(100.0, 20.0), Overlay((100.0, 20.0), sources=sources), by_hand.texts, Page(5.0))
    drawn = [len(line.get_xdata()) for axes in page.figure.axes for line in axes.lines]
    assert max(drawn) < MOST_SOURCES
    assert any(
        f"({n}, too many to name)" in text.get_text() for text in page.figure.findobj(lambda a: hasattr(a, "get_text"))
    )
