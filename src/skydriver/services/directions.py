"""Where the pixels of a scan are in the detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skydriver.detector.coordinates import direction_vector, icrs_to_local
from skydriver.scan.pixels import centres

if TYPE_CHECKING:
    from collections.abc import Sequence

DECIMALS = 9
"""Directions are rounded to this: finer than any fit can see, coarser than how the sines of two machines differ."""


def pixel_directions(nside: int, pixels: Sequence[int], mjd: float) -> list[tuple[float, float, float]]:
    """Unit vectors, detector coordinates, to the centres of `pixels` at the time `mjd` (UTC)."""
    ra, dec = centres(nside, pixels)
    vectors = np.round(direction_vector(*icrs_to_local(ra, dec, mjd)), DECIMALS)
    return [(x, y, z) for x, y, z in vectors.tolist()]
