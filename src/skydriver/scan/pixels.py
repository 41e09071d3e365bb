"""HEALPix pixels: RING numbering in equatorial coordinates (longitude = right ascension). Nothing but pixels here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hpgeom
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MISSING = -1
"""Stands for a neighbour that does not exist: some pixels have seven, and at nside 1 six."""


def centres(nside: int, pixels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Right ascension in [0, 2π) and declination, in rad, of the centres of `pixels` (n,)."""
    ra, dec = hpgeom.pixel_to_angle(nside, _indices(pixels), nest=False, lonlat=True, degrees=False)
    return np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64)


def children(nside: int, pixels: ArrayLike, child_nside: int) -> NDArray[np.int64]:
    """The pixels of `child_nside` within each of `pixels` (n,).

    Returns
    -------
    NDArray
        Shape (n, (child_nside / nside)²), each row sorted by pixel number.
    """
    nested = hpgeom.ring_to_nest(nside, _indices(pixels))
    ratio = (child_nside // nside) ** 2
    inside = nested[:, np.newaxis] * ratio + np.arange(ratio)
    ring = hpgeom.nest_to_ring(child_nside, inside.ravel()).reshape(inside.shape)
    return np.asarray(np.sort(ring, axis=1), dtype=np.int64)


def parents(nside: int, pixels: ArrayLike, parent_nside: int) -> NDArray[np.int64]:
    """The pixel of the coarser `parent_nside` around each of `pixels` (n,)."""
    nested = hpgeom.ring_to_nest(nside, _indices(pixels))
    return np.asarray(hpgeom.nest_to_ring(parent_nside, nested // (nside // parent_nside) ** 2), dtype=np.int64)


def neighbours(nside: int, pixels: ArrayLike) -> NDArray[np.int64]:
    """The pixels that touch each of `pixels` (n,), shape (n, 8), with `MISSING` where there is none."""
    return np.asarray(hpgeom.neighbors(nside, _indices(pixels), nest=False), dtype=np.int64)


def _indices(pixels: ArrayLike) -> NDArray[np.int64]:
    return np.atleast_1d(np.asarray(pixels, dtype=np.int64))
