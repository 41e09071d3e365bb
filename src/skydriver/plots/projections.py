"""Map projections, and the galactic plane. All angles in degrees; right ascension grows to the left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

CENTRE_RA_DEG: Final = 180.0
"""Right ascension in the middle of the all-sky map."""
MAP_HEIGHT: Final = np.sqrt(2.0)
"""Half the height of the all-sky map; its half width is twice that."""
NORTH_GALACTIC_POLE_DEG: Final = (192.85948, 27.12825)
"""ICRS right ascension and declination (Hipparcos catalogue, ESA SP-1200, volume 1, section 1.5.3)."""
GALACTIC_CENTRE_DEG: Final = (266.40499, -28.93617)
"""ICRS right ascension and declination of galactic longitude and latitude 0."""
_AUXILIARY: Final = np.linspace(-np.pi / 2, np.pi / 2, 20001)
_SIN_DEC: Final = (2.0 * _AUXILIARY + np.sin(2.0 * _AUXILIARY)) / np.pi


def mollweide(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[Floats, Floats]:
    """Where places lie on the all-sky map; the right ascension opposite its centre lies on the left edge."""
    auxiliary = _auxiliary_rad(dec_deg)
    west = -2.0 * MAP_HEIGHT / 180.0 * meridian_angle(ra_deg)
    return west * np.cos(auxiliary), MAP_HEIGHT * np.sin(auxiliary)


def meridian_angle(ra_deg: ArrayLike) -> Floats:
    """Degrees of right ascension from the middle of the all-sky map, in (-180, 180]."""
    angle = (np.asarray(ra_deg, np.float64) - CENTRE_RA_DEG + 180.0) % 360.0 - 180.0
    return np.where(angle == -180.0, 180.0, angle)


def parallel_width(dec_deg: ArrayLike) -> Floats:
    """How wide the all-sky map is at declinations, as a share of its width at the equator."""
    return np.asarray(np.cos(_auxiliary_rad(dec_deg)), np.float64)


def _auxiliary_rad(dec_deg: ArrayLike) -> Floats:
    """The angle a of 2 a + sin 2a = pi sin(dec) (Snyder, USGS Professional Paper 1395, equation 31-3)."""
    return np.interp(np.sin(np.radians(dec_deg)), _SIN_DEC, _AUXILIARY)


def inverse_mollweide(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Right ascension in [0, 360) and declination of places on the all-sky map; NaN outside of it."""
    inside = (x / 2.0) ** 2 + y**2 < MAP_HEIGHT**2
    sine = np.where(inside, y / MAP_HEIGHT, 0.0)
    auxiliary = np.arcsin(sine)
    dec = np.degrees(np.arcsin(np.clip((2.0 * auxiliary + np.sin(2.0 * auxiliary)) / np.pi, -1.0, 1.0)))
    ra = CENTRE_RA_DEG - 180.0 * x / (2.0 * MAP_HEIGHT * np.sqrt(1.0 - sine**2))
    return np.where(inside, ra % 360.0, np.nan), np.where(inside, dec, np.nan)


def offsets(ra_deg: ArrayLike, dec_deg: ArrayLike, centre_deg: tuple[float, float]) -> tuple[Floats, Floats]:
    """Degrees east and north of a centre: its distance and bearing are true (zenithal equidistant projection)."""
    dec, centre_dec = np.radians(dec_deg), np.radians(centre_deg[1])
    east = np.radians(np.subtract(ra_deg, centre_deg[0]))
    across = np.cos(dec) * np.sin(east)
    up = np.cos(centre_dec) * np.sin(dec) - np.sin(centre_dec) * np.cos(dec) * np.cos(east)
    along = np.sin(centre_dec) * np.sin(dec) + np.cos(centre_dec) * np.cos(dec) * np.cos(east)
    distance, bearing = np.degrees(np.arctan2(np.hypot(across, up), along)), np.arctan2(across, up)
    return distance * np.sin(bearing), distance * np.cos(bearing)


def inverse_offsets(east_deg: Floats, north_deg: Floats, centre_deg: tuple[float, float]) -> tuple[Floats, Floats]:
    """Right ascension in [0, 360) and declination of places `offsets` away from a centre."""
    distance, bearing = np.radians(np.hypot(east_deg, north_deg)), np.arctan2(east_deg, north_deg)
    centre_dec = np.radians(centre_deg[1])
    sine = np.sin(centre_dec) * np.cos(distance) + np.cos(centre_dec) * np.sin(distance) * np.cos(bearing)
    across = np.sin(distance) * np.sin(bearing)
    along = np.cos(centre_dec) * np.cos(distance) - np.sin(centre_dec) * np.sin(distance) * np.cos(bearing)
    ra = (centre_deg[0] + np.degrees(np.arctan2(across, along))) % 360.0
    return ra, np.degrees(np.arctan2(sine, np.hypot(across, along)))


def galactic_plane(n: int = 721) -> tuple[Floats, Floats]:
    """Right ascension and declination of `n` places on the galactic equator, once around."""
    pole_ra, pole_dec = NORTH_GALACTIC_POLE_DEG
    angle = np.radians(np.linspace(0.0, 360.0, n))
    ra = pole_ra + np.degrees(np.arctan2(np.sin(angle), -np.sin(np.radians(pole_dec)) * np.cos(angle)))
    dec = np.degrees(np.arcsin(np.cos(np.radians(pole_dec)) * np.cos(angle)))
    return ra % 360.0, dec
