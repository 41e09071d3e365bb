"""A shower along its length, and the photoelectrons it leaves in the DOMs.

Each point of it shines with one angular profile. Photons that turn, to reach DOMs behind the shower, arrive later in
truth than Pandel's law says for their distance; that is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from skydriver.simulation.scene import point_hits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.simulation.readout import Hits
    from skydriver.simulation.scene import Scene

    Floats = NDArray[np.float64]

HADRONIC_LIGHT: Final = 0.8
"""Light of a hadronic shower over that of an electromagnetic one of the same energy."""
RADIATION_LENGTH_M: Final = 0.393
"""Of ice (Particle Data Group, atomic and nuclear properties of materials)."""
CRITICAL_ENERGY_GEV: Final = 0.0786
"""Of electrons in ice (the same)."""
_DECAY: Final = 0.5
_STEP_M: Final = 1.0
_LONGEST_M: Final = 25.0


def shower_profile(energy_gev: float) -> tuple[Floats, Floats]:
    """Where along an electromagnetic shower its energy is lost.

    A gamma law in radiation lengths t, t^(bm) exp(-bt) with b = 0.5 and its greatest value at m = ln(E / E_c) - 0.5
    (Particle Data Group, passage of particles through matter, electromagnetic cascades).

    Returns
    -------
    tuple
        Places from the shower's beginning on (m) and the energy lost around each (GeV), both of shape (25,).
    """
    places_m = np.arange(_STEP_M / 2, _LONGEST_M, _STEP_M)
    lengths = places_m / RADIATION_LENGTH_M
    greatest = max(0.0, math.log(energy_gev / CRITICAL_ENERGY_GEV) - 0.5)
    density = lengths ** (_DECAY * greatest) * np.exp(-_DECAY * lengths)
    return places_m, energy_gev * density / density.sum()


def shower_hits(scene: Scene, energy_gev: float, rng: np.random.Generator) -> Hits:
    """Photoelectrons of an electromagnetic shower that begins at the vertex."""
    return point_hits(scene, *shower_profile(energy_gev), rng)


def hadronic_hits(scene: Scene, energy_gev: float, rng: np.random.Generator) -> Hits:
    """Photoelectrons of a hadronic shower that begins at the vertex; it is as long as an electromagnetic one."""
    places_m, energies_gev = shower_profile(energy_gev)
    return point_hits(scene, places_m, HADRONIC_LIGHT * energies_gev, rng)
