"""The panel around the best fit, in degrees east and north of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import hpgeom
import numpy as np

from skydriver.plots.projections import inverse_offsets, offsets
from skydriver.plots.raster import smooth_values_at, values_at
from skydriver.plots.style import BEST, OUTLINE, WILKS_LEVELS, coloured, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm
    from numpy.typing import NDArray

    from skydriver.plots.raster import Floats, Layer
    from skydriver.plots.style import Marker, Outline

    Indices = NDArray[np.int64]

_PIXELS: Final = 420
_RISE: Final = 30.0
"""The panel shows the finest stage's pixels up to this 2 delta-llh,"""
_LARGEST_DEG: Final = 8.0
"""and the markers, if they are not farther than this."""
_PIXELS_AROUND: Final = 5.0


class Overlay(NamedTuple):
    """What is drawn over the map; places are right ascension and declination, degrees."""

    best: tuple[float, float]
    """The best fit, the panel's centre."""
    markers: Sequence[Marker] = ()
    outline: Outline | None = None


def draw_zoom(axes: Axes, sky: list[Layer], norm: LogNorm, overlay: Overlay) -> None:
    """Fill `axes` with the sky around the best fit: east to the left, north up, distances from the centre true."""
    best = overlay.best
    half = zoom_radius_deg(sky[0], overlay)
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
    _draw_outline(axes, east, north, places, overlay.outline)
    for index, marker in enumerate(overlay.markers):
        axes.plot(*offsets(marker.ra_deg, marker.dec_deg, best), **symbol(index))
    axes.plot(0.0, 0.0, **BEST)
    axes.set(xlim=(half, -half), ylim=(-half, half), xlabel="ΔRA · cos(Dec) (deg)", ylabel="ΔDec (deg)")
    axes.tick_params(labelsize=8, direction="in", top=True, right=True)


def _draw_outline(
    axes: Axes, east: Floats, north: Floats, places: tuple[Floats, Floats], region: Outline | None
) -> None:
    """The edge of a region's pixels."""
    if region is None:
        return
    pixel = hpgeom.angle_to_pixel(region.nside, *(place.ravel() for place in places), nest=False)
    inside = np.isin(pixel, region.pixels).reshape(east.shape).astype(np.float64)
    if inside.any() and not inside.all():
        axes.contour(east, north, inside, levels=[0.5], colors=[OUTLINE["color"]], linewidths=OUTLINE["linewidth"])


def zoom_radius_deg(finest: Layer, overlay: Overlay) -> float:
    """Half the panel's width: it holds the good pixels of the finest stage, the markers near and the region."""
    parts = [_centres(finest.nside, finest.pixels[finest.rise < _RISE])]
    if overlay.outline is not None:
        parts.append(_centres(overlay.outline.nside, overlay.outline.pixels))
    parts.append(np.array([marker[1:] for marker in overlay.markers], np.float64).reshape(-1, 2))
    points = np.concatenate(parts)
    away = np.hypot(*offsets(points[:, 0], points[:, 1], overlay.best))
    smallest = _PIXELS_AROUND * float(hpgeom.nside_to_resolution(finest.nside))
    return max(smallest, 1.15 * float(np.max(away, initial=0.0, where=away < _LARGEST_DEG)))


def _centres(nside: int, pixels: Indices) -> Floats:
    """Right ascension and declination (n, 2) of pixels."""
    return np.stack(hpgeom.pixel_to_angle(nside, pixels, nest=False), axis=1)
