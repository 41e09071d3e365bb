"""The picture of an event: its light in the detector, and the track that was fitted to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.cm import ScalarMappable

from skydriver.plots.event_view import (
    HIT_COLOURS,
    Hits,
    Scene,
    Track,
    areas,
    colour_times,
    draw_view,
    line_style,
    mark_times,
    round_charges,
    side_view,
    top_view,
)
from skydriver.plots.legend import Entry, legend
from skydriver.plots.page import MARGIN_IN, Block, Format, Page, beside, footing, gap, heading, settings

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from skydriver.plots.event_view import Floats, View
    from skydriver.plots.page import Texts

__all__ = ["Hits", "Track", "draw_event_picture"]

_DOM: Final[dict[str, Any]] = {"marker": ".", "markersize": 3.0, "color": "0.75", "linestyle": "none"}


def draw_event_picture(  # noqa: PLR0913 - the plain parts of one picture
    file: Path | BinaryIO,
    dom_positions_m: Floats,
    hits: Hits,
    track: Track | None,
    texts: Texts,
    *,
    format: Format = "png",  # noqa: A002 - as matplotlib names it
    width_in: float = 10.0,
) -> None:
    """Write the view of an event from above and from the side, the track lying in the side view's plane.

    Parameters
    ----------
    file
        Where to write.
    dom_positions_m
        Of all DOMs (n, 3), m, drawn faintly (`skydriver.detector.geometry.dom_positions`).
    hits
        The hit DOMs: coloured by the time of their first pulse, sized by their charge.
    track
        What was fitted; None: nothing.
    texts
        What is written above and below.
    format
        ``png`` or ``pdf``.
    width_in
        Width, inches.
    """
    with settings():
        event_page(Scene(dom_positions_m, hits, track), texts, Page(width_in, format)).save(file, format)


def event_page(scene: Scene, texts: Texts, page: Page) -> Page:
    """The page of `draw_event_picture`, drawn."""
    wide = page.inner_in if page.narrow else 0.5 * page.inner_in
    second = MARGIN_IN + (0.0 if page.narrow else wide)
    above = _panel(page, scene, top_view(scene), (MARGIN_IN, wide))
    side = _panel(page, scene, side_view(scene), (second, wide))
    bar_in = min(page.inner_in, 6.0)
    page.lay_out(
        [
            heading(page, texts),
            *([above, gap(0.08), side] if page.narrow else [beside([above], [side])]),
            gap(0.12),
            _colour_bar(page, scene, ((page.width_in - bar_in) / 2.0, bar_in)),
            gap(0.1),
            legend(page, _entries(scene, page.scale), MARGIN_IN, page.inner_in),
            gap(0.1),
            footing(page, texts),
        ]
    )
    return page


def _panel(page: Page, scene: Scene, view: View, place: tuple[float, float]) -> Block:
    """One view; `place`: from the page's left edge, and the width, inches."""
    font, (left, wide) = page.font(8), place
    beside_in = 0.52 * page.scale + font.line_in
    side = wide - beside_in - 0.1

    def draw(top: float) -> None:
        axes = page.axes(left + beside_in, top + font.line_in + 0.04, side, side)
        draw_view(axes, scene, view, page.scale)
        axes.set_title(view.title, size=font.size, pad=3.0)
        axes.set_xlabel(view.across_label, size=font.size, labelpad=2.0)
        axes.set_ylabel(view.up_label, size=font.size, labelpad=1.0)
        axes.tick_params(labelsize=font.size)

    return Block(2.0 * font.line_in + side + 0.3 * page.scale + 0.14, draw)


def _colour_bar(page: Page, scene: Scene, place: tuple[float, float]) -> Block:
    font, thick = page.font(8), 0.15 * page.scale
    norm, later = colour_times(scene.hits)
    left, wide = place[0] + 0.05 * place[1], 0.9 * place[1]

    def draw(top: float) -> None:
        axes = page.axes(left, top, wide, thick)
        extend = "max" if later else "neither"
        bar = page.figure.colorbar(ScalarMappable(norm, HIT_COLOURS), cax=axes, orientation="horizontal", extend=extend)
        bar.ax.tick_params(labelsize=font.size)
        bar.set_label("time of a DOM's first pulse after the first of all (ns)", size=font.size, labelpad=1.5)

    return Block(thick + 2.0 * font.line_in + 0.14, draw)


def _entries(scene: Scene, scale: float) -> list[Entry]:
    """What symbols mean; the sizes are those of the panels."""
    found = [Entry("DOM without a hit", "symbol", _DOM)]
    for charge in round_charges(scene.hits):
        size = float(np.sqrt(areas(np.array([charge]), scale)[0]))
        circle = {"marker": "o", "markersize": size, "color": "0.85", "markeredgecolor": "0.2", "linestyle": "none"}
        found.append(Entry(f"hit DOM, {charge:g} PE", "symbol", circle))
    if scene.track is not None:
        found.append(Entry("fitted track, the arrow where it goes", "line", line_style()))
        step = f"the track's place every {mark_times(scene).step_ns:g} ns, coloured by that time"
        found.append(Entry(step, "symbol", {"marker": "D", "color": "white", "markeredgecolor": "black"}))
    return found
