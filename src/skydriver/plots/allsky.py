"""The panel with the whole sky, in Mollweide's equal-area projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.patches import Ellipse

from skydriver.plots.lines import broken_at_edge, on_all_sky
from skydriver.plots.names import Box, around, draw_names, to_inches, write_on_map
from skydriver.plots.overlay import draw_overlay, places, thinned
from skydriver.plots.page import MARGIN_IN, Block
from skydriver.plots.projections import (
    CENTRE_RA_DEG,
    GALACTIC_CENTRE_DEG,
    MAP_HEIGHT,
    galactic_plane,
    inverse_mollweide,
    mollweide,
)
from skydriver.plots.raster import values_at
from skydriver.plots.style import GALACTIC_CENTRE, GALACTIC_PLANE, GRATICULE, coloured
from skydriver.plots.text import width_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm

    from skydriver.plots.overlay import Overlay
    from skydriver.plots.page import Page
    from skydriver.plots.raster import Layer

_FRAME_IN: Final = 0.1
"""Around the map, for symbols at its edge."""


def all_sky_block(page: Page, sky: list[Layer], norm: LogNorm, overlay: Overlay) -> Block:
    """The whole sky over the page's width, right ascension growing to the left from 0 at the right edge."""
    room = width_in("+60°", page.font(8)) + 0.05
    width = page.inner_in - 2.0 * room
    height = width / 2.0
    edge = _FRAME_IN / height * 2.0 * MAP_HEIGHT

    def draw(top: float) -> None:
        axes = page.axes(MARGIN_IN + room - _FRAME_IN, top, width + 2.0 * _FRAME_IN, height + 2.0 * _FRAME_IN)
        axes.set(xlim=(-2.0 * MAP_HEIGHT - edge, 2.0 * MAP_HEIGHT + edge), ylim=(-MAP_HEIGHT - edge, MAP_HEIGHT + edge))
        axes.set_axis_off()
        draw_all_sky(page, axes, sky, norm, overlay)

    return Block(height + 2.0 * _FRAME_IN, draw)


def draw_all_sky(page: Page, axes: Axes, sky: list[Layer], norm: LogNorm, overlay: Overlay) -> None:
    """Fill a panel."""
    _draw_pixels(axes, sky, norm, round(axes.get_window_extent().height / page.figure.dpi * page.image_dpi))
    _draw_lines(axes)
    axes.plot(*broken_at_edge(*galactic_plane()), **GALACTIC_PLANE)
    axes.plot(*mollweide(*([angle] for angle in GALACTIC_CENTRE_DEG)), **GALACTIC_CENTRE)
    sources = mollweide(*places(overlay.sources))
    seen = thinned(overlay.sources, to_inches(axes, sources))
    draw_overlay(axes, overlay._replace(sources=seen), mollweide, on_all_sky)
    points = [overlay.best, *((marker.ra_deg, marker.dec_deg) for marker in overlay.shown)]
    taken = [around(x, y, 0.09) for x, y in to_inches(axes, mollweide(*np.array(points).T))]
    taken += [around(x, y) for x, y in to_inches(axes, mollweide(*places(seen)))]
    taken += [*_label_parallels(page, axes), *_label_meridians(page, axes, taken)]
    draw_names(page, axes, [source.name for source in overlay.sources], sources, taken)


def _draw_pixels(axes: Axes, sky: list[Layer], norm: LogNorm, n_up: int) -> None:
    up = (np.arange(n_up) + 0.5) / n_up * 2.0 - 1.0
    right = (np.arange(2 * n_up) + 0.5) / n_up * 2.0 - 2.0
    image = coloured(*values_at(sky, *inverse_mollweide(*np.meshgrid(right * MAP_HEIGHT, up * MAP_HEIGHT))), norm)
    extent = (-2.0 * MAP_HEIGHT, 2.0 * MAP_HEIGHT, -MAP_HEIGHT, MAP_HEIGHT)
    edge = Ellipse((0.0, 0.0), 4.0 * MAP_HEIGHT, 2.0 * MAP_HEIGHT, facecolor="none", edgecolor="black", linewidth=0.8)
    picture = axes.imshow(image, origin="lower", extent=extent, interpolation="none", aspect="auto")
    picture.set_clip_path(axes.add_patch(edge))


def _draw_lines(axes: Axes) -> None:
    dec, ra = np.linspace(-90.0, 90.0, 91), np.linspace(0.01, 359.99, 181)
    for meridian in range(30, 360, 30):
        axes.plot(*mollweide(np.full_like(dec, meridian), dec), **GRATICULE)
    for parallel in range(-60, 90, 30):
        axes.plot(*mollweide(ra, np.full_like(ra, parallel)), **GRATICULE)


def _label_parallels(page: Page, axes: Axes) -> list[Box]:
    """Declinations beside the map; their room is returned."""
    font, boxes = page.font(8), []
    for parallel in range(-60, 90, 30):
        ((x, y),) = to_inches(axes, mollweide([CENTRE_RA_DEG + 180.0], [parallel]))
        right, middle = x - 0.03, y + 0.5 * font.line_in * np.sign(parallel)
        text = f"{parallel:+d}°" if parallel else "0°"
        inches = page.figure.dpi_scale_trans
        axes.text(right, middle, text, transform=inches, ha="right", va="center", size=font.size)
        half = font.line_in / 2.0
        boxes.append(Box(right - width_in(text, font), middle - half, right, middle + half))
    return boxes


def _label_meridians(page: Page, axes: Axes, taken: list[Box]) -> list[Box]:
    """Right ascensions below the equator, but where something is marked; their room is returned."""
    font, drawn = page.font(8), []
    for meridian in range(60, 360, 60):
        text = f"{meridian}°"
        ((x, y),) = to_inches(axes, mollweide([meridian], [0.0]))
        half = width_in(text, font) / 2.0
        box = Box(x - half, y - 0.03 - font.line_in, x + half, y - 0.03)
        if not any(box.meets(other) for other in taken):
            drawn.append(box)
            write_on_map(page, axes, box, text, font.size)
    return drawn
