"""How much of a track's light reaches a DOM through the layers of the ice.

Yields interpolate between straight and diffusive light, with the layers' own coefficients averaged along the straight
path. Lengths in m, coefficients in 1/m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.constants import SIN_CHERENKOV

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from skydriver.detector.ice import IceModel

    Floats = NDArray[np.float64]

PE_M_PER_M: Final = 2450.0 * np.pi * 0.1651**2
"""Detectable photons that a metre of bare muon emits, times a DOM's cross section (m^2): photoelectrons x m / m."""
ACCEPTANCE_MEAN: Final = 0.28
"""Acceptance of a DOM averaged over directions, relative to light straight into the photocathode."""
ACCEPTANCE_SLOPE: Final = 0.8
"""Its relative slope in the cosine of the photon's direction with the vertical: DOMs look down."""
_LEVEL_M: Final = 0.1


class PathIce(NamedTuple):
    """Mean coefficients along straight paths, 1/m, arrays of one shape."""

    scattering: Floats
    """Effective scattering."""
    absorption: Floats


class LayerMeans:
    """Averages an ice model's coefficients between heights.

    Parameters
    ----------
    ice
        The layers; paths beyond it are taken to end at its edges.
    """

    def __init__(self, ice: IceModel) -> None:
        self._ice = ice
        self._edges = np.append(ice.z_low_m, ice.z_high_m[-1])
        self._columns = (ice.effective_scattering_per_m, ice.absorption_per_m)
        thickness = np.diff(self._edges)
        self._sums = tuple(np.append(0.0, np.cumsum(column * thickness)) for column in self._columns)

    def between(self, z1_m: ArrayLike, z2_m: ArrayLike) -> PathIce:
        """Mean coefficients on straight paths between heights of shapes that broadcast."""
        z1, z2 = (np.clip(z, self._edges[0], self._edges[-1]) for z in (z1_m, z2_m))
        level = np.abs(z2 - z1) < _LEVEL_M
        gap = np.where(level, 1.0, z2 - z1)
        here = self._ice.layer(z1)
        return PathIce(
            *(
                np.where(
                    level, column[here], (np.interp(z2, self._edges, sums) - np.interp(z1, self._edges, sums)) / gap
                )
                for column, sums in zip(self._columns, self._sums, strict=True)
            )
        )


def line_yield(perpendicular_m: Floats, ice: PathIce) -> Floats:
    """Photoelectrons per emitted metre-equivalent in a DOM beside an infinite bare muon, isotropic acceptance 1.

    Between light on the Cherenkov cone, 1 / (2 pi rho sin(theta)), and diffusion (arXiv:1311.4767 and its references).
    """
    reach, diffusive = scales(ice)
    scale = (diffusive / SIN_CHERENKOV) ** 2 * 2.0 / (np.pi * reach)
    spread = np.sqrt(scale * perpendicular_m) * np.tanh(np.sqrt(perpendicular_m / scale))
    light: Floats = PE_M_PER_M / (2.0 * np.pi * SIN_CHERENKOV) * np.exp(-perpendicular_m / reach) / spread
    return light


def straightness(distance_m: Floats, ice: PathIce) -> Floats:
    """How much photons still remember where they headed, from 1 at the source to 0 after some scatterings."""
    return np.exp(-distance_m * ice.scattering)


def acceptance(cos_up: Floats, straight: Floats) -> Floats:
    """Relative acceptance of a DOM for photons that headed upwards with the cosine `cos_up`."""
    return ACCEPTANCE_MEAN * (1.0 + ACCEPTANCE_SLOPE * cos_up * straight)


def scales(ice: PathIce) -> tuple[Floats, Floats]:
    """Propagation length, and the distance at which light turns diffusive, m."""
    scattering_m, absorption_m = 1.0 / ice.scattering, 1.0 / ice.absorption
    return np.sqrt(scattering_m * absorption_m / 3.0), scattering_m / 3.0 * np.exp(scattering_m / absorption_m)
