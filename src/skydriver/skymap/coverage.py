"""How the stages of a map cover the sky, and one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skydriver.scan.pixels import parents

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]


def covers_sky(nside: int, pixel: Indices) -> bool:
    """Whether different pixels `pixel` (n,) of an nside are all that there are."""
    return len(pixel) == 12 * nside**2


def refines_whole_pixels(nside: int, pixel: Indices, coarse: int) -> bool:
    """Whether pixels are all the children of each pixel of the nside `coarse` that any of them is in."""
    _, n_children = np.unique(parents(nside, pixel, coarse), return_counts=True)
    return bool(np.all(n_children == (nside // coarse) ** 2))


def without_ancestor(nside: int, pixel: Indices, coarse: int, coarse_pixel: Indices) -> Indices:
    """Those of `pixel` that lie in none of the pixels `coarse_pixel` of the nside `coarse`."""
    return pixel[np.isin(parents(nside, pixel, coarse), coarse_pixel, invert=True)]
