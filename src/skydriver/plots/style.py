"""Colours and symbols that the panels share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke

from skydriver.skymap.regions import WILKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.plots.raster import Floats, Layer

COLOURS: Final = colormaps["viridis_r"]
"""Even in lightness and safe for the colour-blind: the best places are bright."""
FAILED: Final = (0.55, 0.55, 0.55, 1.0)
UNSCANNED: Final = (0.93, 0.93, 0.93, 1.0)
BEST: Final[dict[str, Any]] = {
    "marker": "*", "color": "#d62728", "markeredgecolor": "white", "markersize": 14, "linestyle": "none"
}  # fmt: skip
SYMBOLS: Final = "osD^vPX<>ph8"
"""One for each marker that a picture can hold."""
GALACTIC_PLANE: Final[dict[str, Any]] = {
    "color": "white", "linewidth": 1.1, "path_effects": [withStroke(linewidth=2.2, foreground="black", alpha=0.5)]
}  # fmt: skip
WILKS_LEVELS: Final[dict[str, tuple[float, Literal["solid", "dashed"]]]] = {
    "50 %": (WILKS[0.5], "solid"),
    "90 %": (WILKS[0.9], "dashed"),
}
"""Rise of 2 delta-llh at a region's edge by Wilks' theorem, two degrees of freedom, and its line."""
OUTLINE: Final[dict[str, Any]] = {"color": "#d62728", "linewidth": 1.6, "linestyle": "solid"}
"""The edge of the region that is quoted."""
_CEILINGS: Final = (100.0, 10000.0)


class Marker(NamedTuple):
    """A named direction, such as a first look that came with the event."""

    name: str
    ra_deg: float
    dec_deg: float


class Outline(NamedTuple):
    """A region to draw the edge of."""

    nside: int
    pixels: NDArray[np.int64]
    """RING, ICRS, sorted."""
    label: str


def symbol(index: int) -> dict[str, Any]:
    """How the marker `index` looks."""
    return {
        "marker": SYMBOLS[index], "color": "white", "markeredgecolor": "black", "markersize": 6.5, "linestyle": "none"
    }  # fmt: skip


def colour_norm(sky: list[Layer]) -> LogNorm:
    """Logarithmic from 1 to the power of ten above the largest 2 delta-llh, within 100 and 10,000."""
    largest = max((np.max(layer.rise, initial=1.0, where=np.isfinite(layer.rise)) for layer in sky), default=1.0)
    return LogNorm(1.0, float(np.clip(10.0 ** np.ceil(np.log10(largest)), *_CEILINGS)))


def coloured(rise: Floats, covered: NDArray[np.bool_], norm: LogNorm) -> NDArray[np.float64]:
    """RGBA of 2 delta-llh, clipped: grey where a fit failed, light where nothing was scanned."""
    low, high = float(norm.vmin or 1.0), float(norm.vmax or 1.0)
    shade = np.log(np.clip(rise, low, high) / low) / np.log(high / low)
    image = np.asarray(COLOURS(shade), dtype=np.float64)
    image[np.isnan(rise)] = FAILED
    image[~covered] = UNSCANNED
    return image
