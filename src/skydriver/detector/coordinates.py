"""Detector angles, unit vectors and ICRS right ascension and declination.

Local zenith and azimuth point to where a particle came FROM. The detector's azimuth runs against the compass, and its
x axis is set by the site's longitude: ``compass azimuth = 90 deg - azimuth - longitude``.

The transformation between the observed sky and ICRS is the IAU's (SOFA's, through ERFA), with aberration, light
deflection, nutation, polar motion and UT1, and without refraction: the functions that `astropy.coordinates` calls,
without the time that loading it takes. Earth's orientation comes from the table in the package astropy-iers-data;
nothing is downloaded.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from warnings import catch_warnings, simplefilter

import astropy_iers_data  # type: ignore[import-untyped] # has no types
import erfa  # type: ignore[import-untyped] # has no types
import numpy as np

from skydriver.detector.constants import HEIGHT_M, LATITUDE_DEG, LONGITUDE_DEG
from skydriver.errors import SettingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_MJD_ZERO: Final = 2400000.5
_MJD_RANGE: Final = (41684.0, 88069.0)
_ARCSEC_RAD: Final = math.pi / 648000.0
_TURN: Final = 2.0 * math.pi


def direction_vector(zenith_rad: ArrayLike, azimuth_rad: ArrayLike) -> NDArray[np.float64]:
    """Unit vectors, shape (..., 3), in detector coordinates, pointing to where the particle came FROM."""
    zenith, azimuth = np.broadcast_arrays(np.asarray(zenith_rad, np.float64), np.asarray(azimuth_rad, np.float64))
    sin_zenith = np.sin(zenith)
    return np.stack([sin_zenith * np.cos(azimuth), sin_zenith * np.sin(azimuth), np.cos(zenith)], axis=-1)


def vector_to_angles(vector: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Zenith in [0, pi] and azimuth in [0, 2 pi), rad, of vectors (..., 3) of any length but zero."""
    x, y, z = np.moveaxis(np.asarray(vector, np.float64), -1, 0)
    return np.arctan2(np.hypot(x, y), z), _wrapped(np.arctan2(y, x))


def local_to_icrs(
    zenith_rad: ArrayLike, azimuth_rad: ArrayLike, mjd: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Right ascension and declination of detector directions.

    Parameters
    ----------
    zenith_rad, azimuth_rad
        Where the particle came FROM, detector coordinates, rad, any shapes that broadcast.
    mjd
        Modified Julian Date, UTC. On a day that ends with a leap second it is up to a second ambiguous: 0.004 degrees.

    Returns
    -------
    tuple
        Right ascension in [0, 2 pi) and declination, ICRS, rad.

    Raises
    ------
    SettingError
        The date is not one between 1973 and 2100.
    """
    sky = _sky(mjd)
    compass = math.radians(90.0 - LONGITUDE_DEG) - np.asarray(azimuth_rad, np.float64)
    cirs = erfa.atoiq("A", compass, np.asarray(zenith_rad, np.float64), sky)
    ra, dec = erfa.aticq(*cirs, sky)
    return _wrapped(ra), dec


def icrs_to_local(ra_rad: ArrayLike, dec_rad: ArrayLike, mjd: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Zenith and azimuth of ICRS directions: the inverse of `local_to_icrs`, with the same arguments and errors."""
    sky = _sky(mjd)
    cirs = erfa.atciqz(np.asarray(ra_rad, np.float64), np.asarray(dec_rad, np.float64), sky)
    compass, zenith, *_ = erfa.atioq(*cirs, sky)
    return zenith, _wrapped(math.radians(90.0 - LONGITUDE_DEG) - compass)


def angular_distance(
    ra1_rad: ArrayLike, dec1_rad: ArrayLike, ra2_rad: ArrayLike, dec2_rad: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance in rad, exact for tiny and for antipodal distances (Vincenty's form)."""
    difference = np.subtract(ra2_rad, ra1_rad)
    sin1, cos1, sin2, cos2 = np.sin(dec1_rad), np.cos(dec1_rad), np.sin(dec2_rad), np.cos(dec2_rad)
    across = np.hypot(cos2 * np.sin(difference), cos1 * sin2 - sin1 * cos2 * np.cos(difference))
    distance: NDArray[np.float64] = np.arctan2(across, sin1 * sin2 + cos1 * cos2 * np.cos(difference))
    return distance


def earth_orientation_table() -> str:
    """Name and version of the Earth-orientation table and of the library, for provenance."""
    name = Path(astropy_iers_data.IERS_A_FILE).name
    return f"{name} of astropy-iers-data {astropy_iers_data.__version__}, pyerfa {erfa.__version__}"


class _Orientation(NamedTuple):
    """Earth's orientation at one time."""

    ut1_minus_utc_s: float
    polar_x_rad: float
    polar_y_rad: float


def _wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles in [0, 2 pi); a tiny negative one rounds up to 2 pi, hence the second step."""
    turned = np.mod(angle, _TURN)
    return np.where(turned < _TURN, turned, 0.0)


@cache
def _bulletin() -> tuple[int, tuple[str, ...]]:
    """IERS Bulletin A, a line a day: the first day's MJD, and all lines that state UT1."""
    text = Path(astropy_iers_data.IERS_A_FILE).read_text(encoding="ascii")
    lines = tuple(line for line in text.splitlines() if line[58:68].strip())
    return int(float(lines[0][7:15])), lines


def _orientation(mjd: float) -> _Orientation:
    """Interpolated between days; past the table its last values stay (|UT1-UTC| < 0.9 s: at most 0.008 deg wrong).

    Columns as in the IERS's description of finals2000A: 19-27 and 38-46 polar motion (arcsec), 59-68 UT1-UTC (s).
    """
    first, lines = _bulletin()
    day, fraction = divmod(mjd, 1.0)
    rows = [lines[min(int(day) - first + step, len(lines) - 1)] for step in (0, 1)]
    ut1 = [float(row[58:68]) for row in rows]
    ut1[1] -= round(ut1[1] - ut1[0])  # a leap second between the days
    polar = [[float(row[begin:end]) * _ARCSEC_RAD for row in rows] for begin, end in ((18, 27), (37, 46))]
    return _Orientation(*(before + fraction * (after - before) for before, after in (ut1, *polar)))


@lru_cache(maxsize=64)
def _sky(mjd: float) -> NDArray[np.void]:
    """ERFA's star-independent parameters for an observer at IceCube, without refraction."""
    if not _MJD_RANGE[0] <= mjd < _MJD_RANGE[1]:
        raise SettingError("mjd", f"{mjd} is not a date between 1973 and 2100")
    site = (math.radians(LONGITUDE_DEG), math.radians(LATITUDE_DEG), HEIGHT_M)
    ut1, polar_x, polar_y = _orientation(mjd)
    with catch_warnings():
        simplefilter("ignore", erfa.ErfaWarning)  # "dubious year": leap seconds to come are not known
        parameters, _ = erfa.apco13(_MJD_ZERO, mjd, ut1, *site, polar_x, polar_y, 0.0, 0.0, 0.0, 1.0)
    sky: NDArray[np.void] = parameters
    return sky
