"""The part of the sky that a scan is to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import hpgeom
import numpy as np

from skydriver.detector.coordinates import angular_distance, icrs_to_local
from skydriver.errors import SettingError
from skydriver.scan.pixels import MISSING, centres, neighbours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from skydriver.scan.descent import Inside
    from skydriver.skymap.skymap import SkyMap

RADIUS_RANGE_DEG = (0.1, 180.0)
NARROWEST_BAND_DEG = 1.0
POLAR_MARGIN_DEG = 1.0
"""At the South Pole a zenith is 90 deg + declination, but for precession, aberration and the like: less than this."""
DECIMALS = 9
"""Angles in degrees are rounded to this before they are compared: finer than any pixel, coarser than how machines
differ."""
_BENDING = 1.001
"""Aberration makes distances on the local sky differ from those in ICRS by a ten thousandth."""


@dataclass(frozen=True, slots=True)
class SkyRegion:
    """A disc, a band of zenith angles, what both have in common, or the whole sky.

    A pixel belongs to it if its centre is no farther from it than any pixel's corner is from its own centre: so the
    pixels that hold a place of the region are among them at every nside.

    Raises
    ------
    SettingError
        Naming ``center``, ``radius`` or ``zenith_band``.
    """

    center_deg: tuple[float, float] | None = None
    """Right ascension, kept in [0, 360), and declination, ICRS; None: no disc."""
    radius_deg: float | None = None
    """Of the disc, 0.1 to 180."""
    zenith_band_deg: tuple[float, float] | None = None
    """Least and largest zenith angle, detector coordinates, where a particle came from; None: any."""

    def __post_init__(self) -> None:
        """Check everything that can be checked without a time."""
        if (self.center_deg is None) != (self.radius_deg is None):
            missing, given = ("radius", "center") if self.radius_deg is None else ("center", "radius")
            raise SettingError(missing, f"is missing: a {given} needs one")
        if self.center_deg is not None:
            object.__setattr__(self, "center_deg", _checked_center(*self.center_deg))
        if self.radius_deg is not None:
            object.__setattr__(self, "radius_deg", _checked_radius(self.radius_deg))
        if self.zenith_band_deg is not None:
            object.__setattr__(self, "zenith_band_deg", _checked_band(*self.zenith_band_deg))

    @classmethod
    def from_text(
        cls, center: str | None = None, radius_deg: float | None = None, zenith_band: str | None = None
    ) -> SkyRegion:
        """A region as users write it: center ``RA,DEC`` and zenith band ``MIN,MAX``, in degrees."""
        return cls(
            None if center is None else _pair("center", "RA,DEC", center),
            radius_deg,
            None if zenith_band is None else _pair("zenith_band", "MIN,MAX", zenith_band),
        )

    def described(self) -> dict[str, str]:
        """What was asked for, by the names that users know; empty for the whole sky."""
        asked = {
            "center": None if self.center_deg is None else ",".join(map(str, self.center_deg)),
            "radius": None if self.radius_deg is None else str(self.radius_deg),
            "zenith_band": None if self.zenith_band_deg is None else ",".join(map(str, self.zenith_band_deg)),
        }
        return {name: text for name, text in asked.items() if text is not None}

    def inside(self, mjd: float) -> Inside | None:
        """Which pixels of an nside belong to the region at the time `mjd` (UTC); None for the whole sky.

        Raises
        ------
        SettingError
            Naming ``zenith_band``, if no place of the disc is ever in the band.
        """
        if self.center_deg is None and self.zenith_band_deg is None:
            return None
        self._check_meeting(mjd)
        return partial(_inside, self, mjd)

    def _check_meeting(self, mjd: float) -> None:
        """Refuse a disc and a band without a place in common."""
        if self.center_deg is None or self.radius_deg is None or self.zenith_band_deg is None:
            return
        ra, dec = map(math.radians, self.center_deg)
        zenith = math.degrees(float(icrs_to_local(ra, dec, mjd)[0]))
        low, high = self.zenith_band_deg
        if zenith - self.radius_deg > high or zenith + self.radius_deg < low:
            asked = self.described()
            where = f"the disc of {asked['radius']} degrees around {asked['center']}, which is at zenith {zenith:.2f}"
            raise SettingError("zenith_band", f"{asked['zenith_band']} has no place in common with {where}")


WHOLE_SKY = SkyRegion()


def best_at_edge(skymap: SkyMap, inside: Inside | None) -> bool:
    """Whether the best fit of a scan of a part of the sky may lie outside of it.

    It may if a neighbour of its pixel does not belong to the scan, and if it is no pixel of the finest stage: then a
    coarse pixel that reaches out of the region is better than all fine ones in it.

    Parameters
    ----------
    skymap
        The map.
    inside
        What belonged to the scan; None: the whole sky.
    """
    best = skymap.best_fit()
    if inside is None or best is None:
        return False
    beside = neighbours(best.nside, best.pixel)
    return best.nside < max(skymap.stages) or not inside(best.nside, beside[beside != MISSING].tolist()).all()


def _inside(region: SkyRegion, mjd: float, nside: int, pixels: Sequence[int]) -> NDArray[np.bool_]:
    """Whether each of `pixels` (n,) belongs to the region; its band is looked at only where its disc is."""
    ra, dec = centres(nside, pixels)
    reach_deg = _BENDING * float(hpgeom.max_pixel_radius(nside))
    belongs = np.ones(ra.shape, dtype=bool)
    if region.center_deg is not None and region.radius_deg is not None:
        belongs = _in_disc(ra, dec, region.center_deg, region.radius_deg + reach_deg)
    if region.zenith_band_deg is not None:
        low, high = region.zenith_band_deg
        belongs[belongs] = _in_band(ra[belongs], dec[belongs], mjd, (low - reach_deg, high + reach_deg))
    return belongs


def _in_disc(
    ra_rad: NDArray[np.float64], dec_rad: NDArray[np.float64], center_deg: tuple[float, float], radius_deg: float
) -> NDArray[np.bool_]:
    away = np.degrees(angular_distance(ra_rad, dec_rad, *np.radians(center_deg)))
    return np.asarray(np.round(away, DECIMALS) <= radius_deg, dtype=bool)


def _in_band(
    ra_rad: NDArray[np.float64], dec_rad: NDArray[np.float64], mjd: float, band_deg: tuple[float, float]
) -> NDArray[np.bool_]:
    """Whether the zenith is in the band: by declination where that is clear, exactly where it is not."""
    low, high = band_deg
    roughly = 90.0 + np.degrees(dec_rad)
    belongs = np.asarray((roughly > low) & (roughly < high), dtype=bool)
    near = np.minimum(np.abs(roughly - low), np.abs(roughly - high)) <= POLAR_MARGIN_DEG
    if near.any():
        zenith = np.round(np.degrees(icrs_to_local(ra_rad[near], dec_rad[near], mjd)[0]), DECIMALS)
        belongs[near] = (zenith >= low) & (zenith <= high)
    return belongs


def _pair(argument: str, form: str, text: str) -> tuple[float, float]:
    """Two numbers from ``A,B``."""
    try:
        first, second = map(float, text.split(","))
    except ValueError as error:
        shown = repr(text) if len(text) <= 40 else f"{text[:37]!r}..."
        raise SettingError(argument, f"{shown} is not of the form {form}, two numbers in degrees") from error
    return first, second


def _checked_center(ra_deg: float, dec_deg: float) -> tuple[float, float]:
    """A direction with its right ascension in [0, 360)."""
    if not -360.0 <= ra_deg <= 360.0:
        raise SettingError("center", f"the right ascension {ra_deg} is not between -360 and 360 degrees")
    if not -90.0 <= dec_deg <= 90.0:
        raise SettingError("center", f"the declination {dec_deg} is not between -90 and 90 degrees")
    turned = float(ra_deg) % 360.0
    return (turned if turned < 360.0 else 0.0), float(dec_deg)  # a tiny negative one rounds up to 360


def _checked_radius(radius_deg: float) -> float:
    low, high = RADIUS_RANGE_DEG
    if not low <= radius_deg <= high:
        raise SettingError("radius", f"{radius_deg} is not between {low} and {high} degrees")
    return float(radius_deg)


def _checked_band(low: float, high: float) -> tuple[float, float]:
    """A band of zenith angles that is wide enough to be meant."""
    if not (0.0 <= low <= 180.0 and 0.0 <= high <= 180.0):
        raise SettingError("zenith_band", f"{low},{high} is not between 0 and 180 degrees")
    if round(high - low, DECIMALS) < NARROWEST_BAND_DEG:
        raise SettingError("zenith_band", f"{low},{high} is not at least {NARROWEST_BAND_DEG:g} degree wide")
    return float(low), float(high)
