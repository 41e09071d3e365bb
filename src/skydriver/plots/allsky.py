"""The panel with the whole sky, in Mollweide's equal-area projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke

from skydriver.plots.projections import CENTRE_RA_DEG, MAP_HEIGHT, galactic_plane, inverse_mollweide, mollweide
from skydriver.plots.raster import values_at
from skydriver.plots.style import BEST, GALACTIC_PLANE, coloured, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm

    from skydriver.plots.raster import Floats, Layer
    from skydriver.plots.style import Marker

_HEIGHT_PIXELS: Final = 560
_GRID: Final[dict[str, Any]] = {"color": "0.75", "linewidth": 0.5, "alpha": 0.5}
_OUTLINE: Final = [withStroke(linewidth=1.6, foreground="black", alpha=0.6)]


def draw_all_sky(
    axes: Axes, sky: list[Layer], norm: LogNorm, best: tuple[float, float], markers: Sequence[Marker]
) -> None:
    """Fill `axes` with the whole sky, right ascension growing to the left from 0 h at the right edge."""
    _draw_pixels(axes, sky, norm)
    _draw_grid(axes)
    axes.plot(*_unbroken(*mollweide(*galactic_plane())), **GALACTIC_PLANE)
    for index, marker in enumerate(markers):
        axes.plot(*mollweide(marker.ra_deg, marker.dec_deg), **symbol(index))
    axes.plot(*mollweide(*best), **BEST)
    axes.set(xlim=(-2.02 * MAP_HEIGHT, 2.02 * MAP_HEIGHT), ylim=(-1.03 * MAP_HEIGHT, 1.03 * MAP_HEIGHT), aspect="equal")
    axes.set_axis_off()


def _draw_pixels(axes: Axes, sky: list[Layer], norm: LogNorm) -> None:
    up = (np.arange(_HEIGHT_PIXELS) + 0.5) / _HEIGHT_PIXELS * 2.0 - 1.0
    right = (np.arange(2 * _HEIGHT_PIXELS) + 0.5) / _HEIGHT_PIXELS * 2.0 - 2.0
    image = coloured(*values_at(sky, *inverse_mollweide(*np.meshgrid(right * MAP_HEIGHT, up * MAP_HEIGHT))), norm)
    extent = (-2.0 * MAP_HEIGHT, 2.0 * MAP_HEIGHT, -MAP_HEIGHT, MAP_HEIGHT)
    edge = Ellipse((0.0, 0.0), 4.0 * MAP_HEIGHT, 2.0 * MAP_HEIGHT, facecolor="none", edgecolor="black", linewidth=0.8)
    picture = axes.imshow(image, origin="lower", extent=extent, interpolation="nearest")
    picture.set_clip_path(axes.add_patch(edge))


def _draw_grid(axes: Axes) -> None:
    dec, ra = np.linspace(-90.0, 90.0, 91), np.linspace(0.01, 359.99, 181)
    for hour in range(2, 24, 2):
        axes.plot(*mollweide(np.full_like(dec, hour * 15.0), dec), **_GRID)
    for hour in range(4, 24, 4):
        x, y = map(float, mollweide(hour * 15.0, 0.0))
        axes.text(x, y - 0.03, f"{hour}h", ha="center", va="top", size=8, color="white", path_effects=_OUTLINE)
    for level in range(-60, 90, 30):
        axes.plot(*mollweide(ra, np.full_like(ra, level)), **_GRID)
        x, y = map(float, mollweide(CENTRE_RA_DEG + 180.0, level))
        axes.text(x - 0.13, y, f"{level:+d}°" if level else "0°", ha="right", va="center", size=8)


def _unbroken(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """A line without the strokes across the map where it leaves at one edge and returns at the other."""
    jumps = np.flatnonzero(np.abs(np.diff(x)) > MAP_HEIGHT) + 1
    return np.insert(x, jumps, np.nan), np.insert(y, jumps, np.nan)
