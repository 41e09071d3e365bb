"""Text that fits its room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from skydriver.plots.page import Page, settings
from skydriver.plots.text import Font, plain, shortened, width_in, wrapped

FONT = Font(8.5)
SENTENCES = st.text(st.characters(codec="utf-8"), max_size=120)


@given(SENTENCES, st.floats(0.3, 8.0))
def test_no_line_is_wider_than_its_room_and_nothing_is_lost(text, room):
    lines = wrapped(text, room, FONT)
    assert all(width_in(line, FONT) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == plain(text).replace(" ", "")


@given(SENTENCES, st.floats(0.3, 8.0), st.integers(1, 3))
def test_a_shortened_text_has_so_many_lines_and_says_that_it_was_cut(text, room, n_lines):
    lines = shortened(text, room, FONT, n_lines)
    whole = wrapped(text, room, FONT)
    assert len(lines) <= n_lines
    assert all(width_in(line, FONT) <= room for line in lines)
    assert (lines == whole) or lines[-1].endswith("…")


@given(SENTENCES)
def test_plain_text_is_one_line_that_the_font_can_draw(text):
    line = plain(text)
    assert line == plain(line)
    assert not set(line) & set("\n\r\t\x00\x07")
    assert len(line) <= len(text)


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("size", [6.0, 8.5, 14.0])
@pytest.mark.parametrize(
    "text", ["Made by SkyDriver, independent of IceCube.", "+60°", "iiillll", "RA 295.549° (0.5°)"]
)
def test_text_is_as_wide_as_it_is_drawn(text, size, weight):
    with settings():
        figure = Page(10.0).figure
        drawn = figure.text(0.1, 0.5, text, size=size, weight=weight)
        wide = Text.get_window_extent(drawn, figure.canvas.get_renderer()).width / figure.dpi
    room = width_in(text, Font(size, weight))
    assert wide <= room + 1.0 / figure.dpi
    assert wide > 0.9 * room
