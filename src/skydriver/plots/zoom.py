"""The panel around the best fit, in degrees east and north of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import hpgeom
import numpy as np

from skydriver.plots.projections import inverse_offsets, offsets
from skydriver.plots.raster import smooth_values_at, values_at
from skydriver.plots.style import BEST, OUTLINE, WILKS_LEVELS, coloured, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm

    from skydriver.plots.raster import Layer
    from skydriver.plots.style import Marker, Outline

_PIXELS: Final = 420
_RISE: Final = 30.0
"""The panel shows the finest stage's pixels up to this 2 delta-llh,"""
_LARGEST_DEG: Final = 8.0
"""and the markers, if they are not farther than this."""
_PIXELS_AROUND: Final = 5.0


def draw_zoom(
    axes: Axes,
    sky: list[Layer],
    norm: LogNorm,
    best: tuple[float, float],
    markers: Sequence[Marker],
    outline: Outline | None = None,
) -> None:
    """Fill `axes` with the sky around the best fit: east to the left, north up, distances from the centre true."""
    half = zoom_radius_deg(sky[0], best, markers, outline)
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
    if outline is not None:
        pixel = hpgeom.angle_to_pixel(outline.nside, *(place.ravel() for place in places), nest=False)
        inside = np.isin(pixel, outline.pixels).reshape(east.shape).astype(np.float64)
        colour, width = OUTLINE["color"], OUTLINE["linewidth"]
        if inside.any() and not inside.all():
            axes.contour(east, north, inside, levels=[0.5], colors=[colour], linewidths=width)
    for index, marker in enumerate(markers):
        axes.plot(*offsets(marker.ra_deg, marker.dec_deg, best), **symbol(index))
    axes.plot(0.0, 0.0, **BEST)
    axes.set(xlim=(half, -half), ylim=(-half, half), xlabel="ΔRA · cos(Dec) (deg)", ylabel="ΔDec (deg)")
    axes.tick_params(labelsize=8, direction="in", top=True, right=True)


def zoom_radius_deg(
    finest: Layer, best: tuple[float, float], markers: Sequence[Marker], outline: Outline | None = None
) -> float:
    """Half the panel's width: it holds the good pixels of the finest stage, the markers near and the region."""
    good = finest.pixels[finest.rise < _RISE]
    parts = [np.stack(hpgeom.pixel_to_angle(finest.nside, good, nest=False), axis=1)]
    if outline is not None:
        parts.append(np.stack(hpgeom.pixel_to_angle(outline.nside, outline.pixels, nest=False), axis=1))
    points = np.concatenate([*parts, np.array([marker[1:] for marker in markers], np.float64).reshape(-1, 2)])
    away = np.hypot(*offsets(points[:, 0], points[:, 1], best))
    smallest = _PIXELS_AROUND * float(hpgeom.nside_to_resolution(finest.nside))
    return max(smallest, 1.15 * float(np.max(away, initial=0.0, where=away < _LARGEST_DEG)))
