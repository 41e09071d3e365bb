"""What a map says of where the source is: the regions of its posterior, and Wilks' beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skydriver.skymap.cells import cells_of
from skydriver.skymap.posterior import posterior, region
from skydriver.skymap.regions import errors_of, share_outside, wilks_region

if TYPE_CHECKING:
    from skydriver.skymap.calibration import Calibration
    from skydriver.skymap.posterior import Region
    from skydriver.skymap.regions import Errors, WilksRegion
    from skydriver.skymap.skymap import SkyMap


@dataclass(frozen=True, slots=True)
class MapRegions:
    """The posterior with the systematic floor folded in, and the statistical regions."""

    calibration: str
    """Name of what the floor comes from."""
    tests_only: bool
    """Whether a notice made with it is a test."""
    sigma_sys_deg: float
    region50: Region
    region90: Region
    errors90: Errors
    """How far the 90 % region reaches from the best fit."""
    share_outside: float
    """The share of the 90 % region that the fine map does not cover."""
    wilks50: WilksRegion
    wilks90: WilksRegion

    @property
    def truncated(self) -> bool:
        """Whether the fine map does not enclose the 90 % region."""
        return self.share_outside > 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "calibration": self.calibration,
            "tests_only": self.tests_only,
            "sigma_sys_deg": self.sigma_sys_deg,
            "area50_deg2": self.region50.area_deg2,
            "area90_deg2": self.region90.area_deg2,
            **self.errors90._asdict(),
            "share_outside": self.share_outside,
            "contour_truncated": self.truncated,
        }

    def wilks_as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "area50_deg2": self.wilks50.area_deg2,
            "area90_deg2": self.wilks90.area_deg2,
            "contour_truncated": self.wilks90.truncated,
            "meaning": "statistical only",
        }


def map_regions(skymap: SkyMap, calibration: Calibration, topology: str, charge_pe: float) -> MapRegions | None:
    """The regions of a map, or None where it has no best fit or the calibration does not speak of such events.

    Parameters
    ----------
    skymap
        The map.
    calibration
        Of its algorithm.
    topology
        The event's label.
    charge_pe
        Charge of its cleaned pulses.
    """
    best, band = skymap.best_fit(), calibration.band(topology, charge_pe)
    if best is None or band is None:
        return None
    cells = cells_of(skymap)
    found = posterior(cells, band.sigma_sys_deg)
    half, most = region(found, 0.5), region(found, 0.9)
    return MapRegions(
        calibration=calibration.name,
        tests_only=calibration.tests_only,
        sigma_sys_deg=band.sigma_sys_deg,
        region50=half,
        region90=most,
        errors90=errors_of(most, best.ra_deg, best.dec_deg),
        share_outside=share_outside(skymap, most),
        wilks50=wilks_region(skymap, cells, 0.5),
        wilks90=wilks_region(skymap, cells, 0.9),
    )
