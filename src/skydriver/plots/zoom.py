"""The panel around the best fit, in degrees east and north of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import hpgeom
import numpy as np

from skydriver.plots.graticule import View, draw_graticule, label_room_in
from skydriver.plots.lines import on_zoom, reach_deg
from skydriver.plots.names import Box, around, draw_names, frame_of, to_inches, write_on_map
from skydriver.plots.overlay import Overlay, distance_deg, draw_overlay, places, thinned
from skydriver.plots.page import Block
from skydriver.plots.projections import inverse_offsets, offsets
from skydriver.plots.raster import values_at
from skydriver.plots.style import ROUND_A_LINE, coloured
from skydriver.plots.text import width_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm
    from numpy.typing import NDArray

    from skydriver.plots.overlay import Marker
    from skydriver.plots.page import Page
    from skydriver.plots.raster import Floats, Layer

    Indices = NDArray[np.int64]

LARGEST_DEG: Final = 60.0
"""Parts of a region that reach farther from the best fit are not what the panel's width is chosen by."""
_RISE: Final = 30.0
"""Without a region, the panel shows the pixels up to this 2 delta-llh, of every stage,"""
_NEAR_DEG: Final = 8.0
"""as far as this."""
_ROOM: Final = 1.15
_MARKERS_WITHIN: Final = 4.0
"""First looks are in view if they are no farther than so many times what is shown anyway."""
_PIXELS_AROUND: Final = 5.0


def view_of(sky: list[Layer], overlay: Overlay) -> View:
    """What the zoom shows: all of the quoted region, without one of the statistical ones, else the good pixels.

    Where that leaves room, the first looks too; and never less than some pixels: the finest around a region, else those
    of the stage that the best fit is of.
    """
    best, region = overlay.best, _region_reach(overlay)
    smallest = _PIXELS_AROUND * float(hpgeom.nside_to_resolution((sky[0] if region else _layer_at(sky, best)).nside))
    reach = max(smallest, _ROOM * (region or max(_good_reach(layer, best) for layer in sky)))
    away = [_ROOM * distance_deg((marker.ra_deg, marker.dec_deg), best) for marker in overlay.shown]
    return View(best, min(LARGEST_DEG, max([reach, *(far for far in away if far <= _MARKERS_WITHIN * reach)])))


def zoom_block(page: Page, sky: list[Layer], norm: LogNorm, overlay: Overlay, place: tuple[float, float]) -> Block:
    """A square panel with its labels; `place`: from the page's left edge, and the width, inches."""
    font, view = page.font(8), view_of(sky, overlay)
    (left_in, wide), beside = place, label_room_in(view, font)
    side = wide - beside - font.line_in - (beside if view.polar else 0.15)
    above = font.line_in + 0.05 if view.polar else 0.0

    def draw(top: float) -> None:
        axes = page.axes(left_in + beside + font.line_in, top + above, side, side)
        draw_zoom(page, axes, sky, norm, overlay)
        axes.set_xlabel("right ascension (ICRS)", size=font.size, labelpad=2.0 + 72.0 * (font.line_in + 0.02))
        axes.set_ylabel("declination (ICRS)", size=font.size, labelpad=3.0 + 72.0 * (beside - 0.04))

    return Block(above + side + 2.0 * font.line_in + 0.16, draw)


def draw_zoom(page: Page, axes: Axes, sky: list[Layer], norm: LogNorm, overlay: Overlay) -> None:
    """Fill a square panel: east to the left, north up, distances from the centre true."""
    view = view_of(sky, overlay)
    left, right, bottom, top = view.extent
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    _draw_pixels(axes, (sky, norm), view, round(axes.get_window_extent().width / page.figure.dpi * page.image_dpi))
    place, near = partial(_offsets_from, view.centre), in_view(overlay.sources, view)
    seen = overlay._replace(sources=thinned(near, to_inches(axes, place(*places(near)))))
    draw_overlay(axes, seen, place, partial(on_zoom, centre_deg=view.centre))
    scale = _draw_scale(page, axes, view)
    inside = [scale, *draw_graticule(page, axes, view, scale)]
    points = to_inches(axes, place(*places([*overlay.shown])))
    inside += [around(x, y, 0.09) for x, y in [*points, *to_inches(axes, (np.zeros(1), np.zeros(1)))]]
    draw_names(page, axes, [source.name for source in near], place(*places(near)), inside)


def in_view(markers: Sequence[Marker], view: View) -> list[Marker]:
    """Those inside of the panel."""
    away = np.max(np.abs(offsets(*places(markers), view.centre)), axis=0)
    return [marker for marker, far in zip(markers, away.tolist(), strict=True) if far < view.half_deg]


def _offsets_from(centre_deg: tuple[float, float], ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, Floats]:
    return offsets(ra_deg, dec_deg, centre_deg)


def _region_reach(overlay: Overlay) -> float:
    """How far the regions reach that the panel is chosen by: 0 if there are none, the most if all are larger."""
    quoted = [region for region in overlay.regions if region.style == "headline"] or overlay.regions
    reaches = [reach_deg(line, overlay.best) for region in quoted for line in region.lines]
    return max((reach for reach in reaches if reach <= LARGEST_DEG / _ROOM), default=LARGEST_DEG if reaches else 0.0)


def _layer_at(sky: list[Layer], place: tuple[float, float]) -> Layer:
    """The finest stage that has a value at a place; the finest of all where none has."""
    ra, dec = (np.array([coordinate]) for coordinate in place)
    return next((layer for layer in sky if np.isfinite(values_at([layer], ra, dec)[0]).all()), sky[0])


def _good_reach(layer: Layer, best: tuple[float, float]) -> float:
    good = layer.pixels[layer.rise < _RISE]
    ra, dec = hpgeom.pixel_to_angle(layer.nside, good, nest=False)
    away = np.hypot(*offsets(ra, dec, best))
    return float(np.max(away, initial=0.0, where=away < _NEAR_DEG))


def _draw_pixels(axes: Axes, colours: tuple[list[Layer], LogNorm], view: View, n: int) -> None:
    grid = ((np.arange(n) + 0.5) / n * 2.0 - 1.0) * view.half_deg
    places_deg = inverse_offsets(*np.meshgrid(-grid, grid), view.centre)
    image = coloured(*values_at(colours[0], *places_deg), colours[1])
    axes.imshow(image, origin="lower", extent=view.extent, interpolation="none", aspect="auto")


def _draw_scale(page: Page, axes: Axes, view: View) -> Box:
    """A bar of a round length in the lower left corner."""
    length = scale_deg(view.half_deg)
    font, frame = page.font(7.5), frame_of(axes)
    text = f"{length:g}°"
    long = length / (2.0 * view.half_deg) * (frame.right - frame.left)
    wide = max(long, width_in(text, font))
    box = Box(frame.left + 0.1, frame.bottom + 0.08, frame.left + 0.1 + wide, frame.bottom + 0.14 + font.line_in)
    middle = (box.left + box.right) / 2.0
    axes.plot(
        [middle - long / 2.0, middle + long / 2.0], [box.bottom + 0.02] * 2, transform=page.figure.dpi_scale_trans,
        color="white", linewidth=1.8, path_effects=ROUND_A_LINE, zorder=8,
    )  # fmt: skip
    write_on_map(page, axes, box._replace(bottom=box.bottom + 0.06), text, font.size)
    return box


def scale_deg(half_deg: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is no longer than 0.4 of this."""
    power = 10.0 ** np.floor(np.log10(0.4 * half_deg))
    return float(max(factor * power for factor in (1.0, 2.0, 5.0) if factor * power <= 0.4 * half_deg * (1.0 + 1e-9)))
