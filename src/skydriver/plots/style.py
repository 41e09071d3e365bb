"""Colours, symbols and lines that the panels share: told apart by shape as well as by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from skydriver.plots.lines import RegionLine
    from skydriver.plots.raster import Floats, Layer

COLOURS: Final = colormaps["viridis_r"]
"""Even in lightness and safe for the colour-blind: the best places are bright."""
FAILED: Final = (0.55, 0.55, 0.55, 1.0)
UNSCANNED: Final = (0.93, 0.93, 0.93, 1.0)
HEADLINE_COLOUR: Final = "#d62728"
"""Of the region that is quoted."""
BEST: Final[dict[str, Any]] = {
    "marker": "*", "color": "#d62728", "markeredgecolor": "white", "markersize": 11.5, "linestyle": "none", "zorder": 7
}  # fmt: skip
SYMBOLS: Final = "osD^vPX<>ph8"
"""One for each marker that a picture can hold."""
SOURCE: Final[dict[str, Any]] = {
    "marker": "o", "markersize": 7.0, "markerfacecolor": "none", "markeredgecolor": "white", "markeredgewidth": 1.1,
    "linestyle": "none", "zorder": 5, "path_effects": [withStroke(linewidth=2.3, foreground="black")],
}  # fmt: skip
"""Sources of a catalogue: open and small."""
GALACTIC_PLANE: Final[dict[str, Any]] = {
    "color": "white", "linewidth": 1.1, "path_effects": [withStroke(linewidth=2.2, foreground="black", alpha=0.5)]
}  # fmt: skip
GALACTIC_CENTRE: Final[dict[str, Any]] = {
    "marker": "x", "markersize": 6.0, "color": "white", "markeredgewidth": 1.5, "linestyle": "none",
    "path_effects": [withStroke(linewidth=3.0, foreground="black", alpha=0.7)],
}  # fmt: skip
GRATICULE: Final[dict[str, Any]] = {
    "color": "white", "linewidth": 0.5, "alpha": 0.7, "zorder": 2,
    "path_effects": [withStroke(linewidth=1.1, foreground="black", alpha=0.3)],
}  # fmt: skip
ON_MAP: Final = [withStroke(linewidth=1.8, foreground="black", alpha=0.75)]
"""Around white letters, so that they can be read on every colour."""
ROUND_A_LINE: Final = [withStroke(linewidth=3.2, foreground="black", alpha=0.75)]
"""The same around a white line of 1.8."""
_WIDTHS: Final = (1.9, 1.2, 0.8)
_DASHES: Final = ((0, (4.5, 2.0)), (0, (1.6, 1.4)), (0, (7.0, 1.6, 1.6, 1.6)))
_CEILINGS: Final = (100.0, 10000.0)


def symbol(index: int) -> dict[str, Any]:
    """How the marker `index` looks."""
    return {
        "marker": SYMBOLS[index], "color": "white", "markeredgecolor": "black", "markersize": 7.5, "linestyle": "none",
        "zorder": 6,
    }  # fmt: skip


def region_styles(regions: Sequence[RegionLine]) -> list[dict[str, Any]]:
    """How each region's lines look: solid if quoted, dashed if statistical; the larger level the more boldly."""
    return [_region_style(region, _rank(region, regions)) for region in regions]


def _rank(region: RegionLine, regions: Sequence[RegionLine]) -> int:
    levels = sorted({other.level for other in regions if other.style == region.style}, reverse=True)
    return min(levels.index(region.level), len(_WIDTHS) - 1)


def _region_style(region: RegionLine, rank: int) -> dict[str, Any]:
    width = _WIDTHS[rank]
    quoted = region.style == "headline"
    look: dict[str, Any] = {"color": HEADLINE_COLOUR} if quoted else {"color": "black", "linestyle": _DASHES[rank]}
    casing = withStroke(linewidth=width + 1.6, foreground="white", alpha=0.8)
    return look | {"linewidth": width, "zorder": 4 if quoted else 3, "path_effects": [casing]}


def colour_norm(sky: list[Layer]) -> LogNorm:
    """Logarithmic from 1 to the power of ten above the largest 2 delta-llh, within 100 and 10,000."""
    largest = max((np.max(layer.rise, initial=1.0, where=np.isfinite(layer.rise)) for layer in sky), default=1.0)
    return LogNorm(1.0, float(np.clip(10.0 ** np.ceil(np.log10(largest)), *_CEILINGS)))


def coloured(rise: Floats, covered: NDArray[np.bool_], norm: LogNorm) -> NDArray[np.uint8]:
    """RGBA of 2 delta-llh, clipped: grey where a fit failed, light where nothing was scanned."""
    low, high = float(norm.vmin or 1.0), float(norm.vmax or 1.0)
    shade = np.log(np.clip(rise, low, high) / low) / np.log(high / low)
    image = np.asarray(COLOURS(shade, bytes=True), dtype=np.uint8)
    image[np.isnan(rise)] = _bytes(FAILED)
    image[~covered] = _bytes(UNSCANNED)
    return image


def _bytes(colour: tuple[float, ...]) -> NDArray[np.uint8]:
    return np.round(np.multiply(colour, 255.0)).astype(np.uint8)
