"""Direct Cherenkov light of a straight track.

Distances in m along and across the track; times as lengths in m of light in vacuum (c t), so that a fit's parameters
share one unit. Source: Ahrens et al. 2004, NIM A524, section 3, with separate phase and group indices as in
P. B. Price and K. Woschnagg, Astropart. Phys. 15 (2001) 97.
"""

import math

from skydriver.detector.constants import N_GROUP, N_PHASE
from skydriver.recos._kernels.jit import kernel

DELAY_PER_DISTANCE = (N_PHASE * N_GROUP - 1.0) / math.sqrt(N_PHASE * N_PHASE - 1.0)
"""Light delay (m of c t) per m of distance to the track, from the Cherenkov angle's geometry."""
SOFTENING_M2 = 1.0
"""Added to the squared distance: no DOM is nearer than about its own size, and the gradient stays finite at 0."""


@kernel
def across(a: float, b: float) -> float:
    """Distance (m) to the track of a DOM at (a, b) in the plane across it, softened near 0."""
    return math.sqrt(a * a + b * b + SOFTENING_M2)
