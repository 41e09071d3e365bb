"""Physical constants of light and of the detector's site (values of IceCube's public software)."""

from __future__ import annotations

import math
from typing import Final

C_VACUUM_M_PER_NS: Final = 0.299792458
"""Speed of light in vacuum, m/ns."""
N_PHASE: Final = 1.32
"""Phase refractive index of the ice at 400 nm: sets the Cherenkov angle."""
N_GROUP: Final = 1.356
"""Group refractive index of the ice at 400 nm: sets how fast photons travel."""
C_ICE_M_PER_NS: Final = C_VACUUM_M_PER_NS / N_GROUP
"""Speed of photons in ice, m/ns."""
COS_CHERENKOV: Final = 1.0 / N_PHASE
SIN_CHERENKOV: Final = math.sqrt(1.0 - COS_CHERENKOV**2)
TAN_CHERENKOV: Final = SIN_CHERENKOV / COS_CHERENKOV
"""Tangent of the Cherenkov angle (about 41 degrees)."""

LATITUDE_DEG: Final = -89.9944
"""Geodetic latitude of IceCube."""
LONGITUDE_DEG: Final = -62.6081
"""East longitude of IceCube; detector azimuth is counted from this meridian's grid, see `coordinates`."""
HEIGHT_M: Final = 883.9
"""Height of IceCube's centre above the ellipsoid, m."""
