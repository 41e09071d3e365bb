"""From HEALPix stages to values at places of the sky."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import hpgeom
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Stages = Mapping[int, tuple[NDArray[np.int64], Floats]]


class Layer(NamedTuple):
    """One stage of a scan: its pixels in ascending order."""

    nside: int
    pixels: NDArray[np.int64]
    """RING, ICRS."""
    rise: Floats
    """2 (llh - lowest llh); NaN where a fit gave none."""


def layers(stages: Stages) -> list[Layer]:
    """All stages that hold a pixel, the finest first; 2 delta-llh counts from the lowest llh of them all, never NaN."""
    everything = np.concatenate([np.asarray(llh, dtype=np.float64) for _, llh in stages.values()])
    lowest = np.min(everything[np.isfinite(everything)], initial=np.inf)
    found = []
    for nside in sorted(stages, reverse=True):
        pixels, llh = np.asarray(stages[nside][0], np.int64), np.asarray(stages[nside][1], np.float64)
        order = np.argsort(pixels)
        rise = 2.0 * (np.where(np.isfinite(llh), llh, np.nan) - lowest)
        found.append(Layer(nside, pixels[order], rise[order]))
    return [layer for layer in found if len(layer.pixels)]


def values_at(sky: list[Layer], ra_deg: Floats, dec_deg: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """What the finest scanned pixel over each place says.

    Returns
    -------
    tuple
        2 delta-llh, NaN where that pixel has none or no pixel covers the place; and whether one covers it. Both have
        the shape of `ra_deg`; a place with a NaN coordinate is not covered.
    """
    rise, covered = np.full(ra_deg.shape, np.nan), np.zeros(ra_deg.shape, dtype=bool)
    for layer in sky:
        left = ~covered & np.isfinite(ra_deg)
        pixel = hpgeom.angle_to_pixel(layer.nside, ra_deg[left], dec_deg[left], nest=False)
        row, known = _find(layer, pixel)
        rise[left] = np.where(known, layer.rise[row], np.nan)
        covered[left] = known
    return rise, covered


def _find(layer: Layer, pixel: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Rows of `pixel` in a layer, and whether they are there."""
    row = np.minimum(np.searchsorted(layer.pixels, pixel), len(layer.pixels) - 1)
    return row, layer.pixels[row] == pixel
