"""Places on the sky as unit vectors and as angles, and the solid angle of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]


def unit_vectors(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Unit vectors (n, 3) to places (n,)."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def sky_deg(vectors: Floats) -> tuple[Floats, Floats]:
    """Right ascension in [0, 360) and declination of vectors (n, 3) of any length but zero."""
    ra = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360.0
    dec = np.degrees(np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1])))
    return np.where(ra < 360.0, ra, 0.0), dec


@overload
def pixel_area_sr(nside: int) -> float: ...
@overload
def pixel_area_sr(nside: Indices) -> Floats: ...
def pixel_area_sr(nside: int | Indices) -> float | Floats:
    """Solid angle of a HEALPix pixel."""
    return np.pi / (3.0 * np.multiply(nside, 1.0) ** 2)
