"""The panel around the best fit, in degrees east and north of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import hpgeom
import numpy as np

from skydriver.plots.projections import inverse_offsets, offsets
from skydriver.plots.raster import smooth_values_at, values_at
from skydriver.plots.style import BEST, WILKS_LEVELS, coloured, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm

    from skydriver.plots.raster import Layer
    from skydriver.plots.style import Marker

_PIXELS: Final = 420
_RISE: Final = 30.0
"""The panel shows the finest stage's pixels up to this 2 delta-llh,"""
_LARGEST_DEG: Final = 8.0
"""and the markers, if they are not farther than this."""
_PIXELS_AROUND: Final = 5.0


def draw_zoom(
    axes: Axes, sky: list[Layer], norm: LogNorm, best: tuple[float, float], markers: Sequence[Marker]
) -> None:
    """Fill `axes` with the sky around the best fit: east to the left, north up, distances from the centre true."""
    half = zoom_radius_deg(sky[0], best, markers)
    grid = ((np.arange(_PIXELS) + 0.5) / _PIXELS * 2.0 - 1.0) * half
    east, north = np.meshgrid(-grid, grid)
    places = inverse_offsets(east, north, best)
    rise, covered = values_at(sky, *places)
    image = coloured(rise, covered, norm)
    axes.imshow(image, origin="lower", extent=(half, -half, -half, half), interpolation="nearest")
    smooth = smooth_values_at(sky[0], *places)
    smooth = np.where(np.isnan(smooth), rise, smooth)
    for level, line in WILKS_LEVELS.values():
        if np.nanmin(smooth, initial=np.inf) < level < np.nanmax(smooth, initial=-np.inf):
            axes.contour(east, north, smooth, levels=[level], colors="black", linewidths=1.1, linestyles=line)
    for index, marker in enumerate(markers):
        axes.plot(*offsets(marker.ra_deg, marker.dec_deg, best), **symbol(index))
    axes.plot(0.0, 0.0, **BEST)
    axes.set(xlim=(half, -half), ylim=(-half, half), xlabel="ΔRA · cos(Dec) (deg)", ylabel="ΔDec (deg)")
    axes.tick_params(labelsize=8, direction="in", top=True, right=True)


def zoom_radius_deg(finest: Layer, best: tuple[float, float], markers: Sequence[Marker]) -> float:
    """Half the panel's width: it holds the good pixels of the finest stage and the markers near the best fit."""
    good = finest.pixels[finest.rise < _RISE]
    places = np.stack(hpgeom.pixel_to_angle(finest.nside, good, nest=False), axis=1)
    points = np.concatenate([places, [[marker.ra_deg, marker.dec_deg] for marker in markers]]) if markers else places
    away = np.hypot(*offsets(points[:, 0], points[:, 1], best))
    smallest = _PIXELS_AROUND * float(hpgeom.nside_to_resolution(finest.nside))
    return max(smallest, 1.15 * float(np.max(away, initial=0.0, where=away < _LARGEST_DEG)))
