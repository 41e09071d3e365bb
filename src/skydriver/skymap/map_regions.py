"""What a map says of where the source is: the regions of its posterior, and Wilks' beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skydriver.errors import ResultError, SettingError
from skydriver.skymap.cells import cells_of
from skydriver.skymap.extent import errors_of, rectangle_of
from skydriver.skymap.outline import Outline
from skydriver.skymap.posterior import posterior, region
from skydriver.skymap.publication import Quote
from skydriver.skymap.regions import WILKS, density_contours, rise_region, share_outside, wilks_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.skymap.calibration import Calibration
    from skydriver.skymap.posterior import Posterior, Region
    from skydriver.skymap.regions import Errors, WilksRegion
    from skydriver.skymap.skymap import BestFit, SkyMap

PUBLISHED_LEVELS: Final[Mapping[str, tuple[str, Mapping[float, float]]]] = {
    "ic160427a": ("millipede_original", {0.5: 22.2, 0.9: 64.2}),
}
"""By name: the algorithm whose official maps they are for, and the rise of 2 delta-llh at the edge of each region."""


@dataclass(frozen=True, slots=True)
class MapRegions:
    """The posterior with the systematic floor folded in, and the statistical regions."""

    calibration: str
    """Name of what the floor comes from."""
    tests_only: bool
    """Whether a notice made with it is a test."""
    sigma_sys_deg: float
    posterior: Posterior
    region50: Region
    region90: Region
    share_outside: float
    """The share of the 90 % region that the fine map does not cover."""
    wilks50: WilksRegion
    wilks90: WilksRegion
    outlines: tuple[Outline, ...]
    """Of the headline regions of 50 and 90 %, and of the statistical ones."""

    @property
    def errors90(self) -> Errors:
        """How far the 90 % region reaches from the best fit."""
        return self.outlines[1].errors

    @property
    def truncated(self) -> bool:
        """Whether the fine map does not enclose the 90 % region."""
        return self.share_outside > 0.0

    def quote(self) -> Quote:
        """What may be quoted of the map."""
        return Quote(self.calibration, self.tests_only, self.sigma_sys_deg, self.outlines, self.posterior)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        half, most = self.outlines[:2]
        return {
            "calibration": self.calibration,
            "tests_only": self.tests_only,
            "sigma_sys_deg": self.sigma_sys_deg,
            "area50_deg2": self.region50.area_deg2,
            "area90_deg2": self.region90.area_deg2,
            **most.errors._asdict(),
            "errors50": half.errors._asdict(),
            "rectangle90": most.rectangle._asdict(),
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
    band = calibration.band(topology, charge_pe)
    if band is None or skymap.best_fit() is None:
        return None
    return regions_with(skymap, calibration.name, band.sigma_sys_deg, tests_only=calibration.tests_only)


def regions_with(skymap: SkyMap, calibration: str, sigma_sys_deg: float, *, tests_only: bool) -> MapRegions:
    """The regions of a map with a systematic error, degrees per axis, that a calibration says.

    Raises
    ------
    ResultError
        Where the map has no best fit.
    """
    best, cells = _best_of(skymap), cells_of(skymap)
    found = posterior(cells, sigma_sys_deg)
    half, most = region(found, 0.5), region(found, 0.9)
    wilks50, wilks90 = (wilks_region(skymap, cells, level) for level in (0.5, 0.9))
    floor = f"with {sigma_sys_deg:g} deg ({calibration})"
    quoted = [_headline(skymap, best, found, part, floor) for part in (half, most)]
    return MapRegions(
        calibration=calibration,
        tests_only=tests_only,
        sigma_sys_deg=sigma_sys_deg,
        posterior=found,
        region50=half,
        region90=most,
        share_outside=share_outside(skymap, most),
        wilks50=wilks50,
        wilks90=wilks90,
        outlines=(*quoted, _statistical(best, wilks50), _statistical(best, wilks90)),
    )


def level_quote(skymap: SkyMap, name: str, algorithm: str) -> Quote:
    """What may be quoted of an official map by levels that IceCube published for its algorithm.

    A notice made of it is a test: that of an official map is IceCube's to send.

    Parameters
    ----------
    skymap
        The map; nothing in it says that it is official.
    name
        Of the levels, for example ``ic160427a``.
    algorithm
        That the map was made with, as its file or its user says.

    Raises
    ------
    SettingError
        Naming ``levels``, where there are no such or the map is not of their algorithm or is ours.
    ResultError
        Where the map has no best fit.
    """
    if name not in PUBLISHED_LEVELS:
        raise SettingError("levels", f"{name[:40]!r} is none of the published levels: {', '.join(PUBLISHED_LEVELS)}")
    theirs, levels = PUBLISHED_LEVELS[name]
    if algorithm != theirs or skymap.provenance is not None:
        whose = f"of {algorithm[:40]}" if skymap.provenance is None else "made by SkyDriver"
        raise SettingError("levels", f"{name} is for official maps of {theirs} only, and this one is {whose}")
    best, cells = _best_of(skymap), cells_of(skymap)
    quoted = [
        _by_rise(f"by {name}", best, rise_region(skymap, cells, level, rise), rise, headline=True)
        for level, rise in levels.items()
    ]
    wilks = [_statistical(best, wilks_region(skymap, cells, level)) for level in (0.5, 0.9)]
    return Quote(name, tests_only=True, sigma_sys_deg=None, outlines=(*quoted, *wilks), posterior=None)


def _best_of(skymap: SkyMap) -> BestFit:
    best = skymap.best_fit()
    if best is None:
        raise ResultError("the map has no best fit: none of its pixels has a value")
    return best


def _headline(skymap: SkyMap, best: BestFit, found: Posterior, part: Region, floor: str) -> Outline:
    """The outline of a region of the posterior."""
    contours = density_contours(found, part)
    rectangle = rectangle_of(contours, part.area_deg2)
    return Outline(
        name=f"{100.0 * part.level:g} % {floor}",
        kind="headline",
        level=part.level,
        nside=part.nside,
        pixel=part.pixel,
        area_deg2=part.area_deg2,
        contours=contours,
        errors=errors_of(rectangle, best.ra_deg, best.dec_deg),
        rectangle=rectangle,
        truncated=share_outside(skymap, part) > 0.0,
    )


def _statistical(best: BestFit, part: WilksRegion) -> Outline:
    """The outline of a region by Wilks."""
    return _by_rise("by Wilks, statistical only", best, part, WILKS[part.level], headline=False)


def _by_rise(how: str, best: BestFit, part: WilksRegion, rise: float, *, headline: bool) -> Outline:
    """The outline of a region by the rise of 2 delta-llh at its edge."""
    rectangle = rectangle_of(part.contours, part.area_deg2)
    return Outline(
        name=f"{100.0 * part.level:g} % {how}",
        kind="headline" if headline else "statistical",
        level=part.level,
        nside=part.nside,
        pixel=part.pixel,
        area_deg2=part.area_deg2,
        contours=part.contours,
        errors=errors_of(rectangle, best.ra_deg, best.dec_deg),
        rectangle=rectangle,
        truncated=part.truncated,
        rise=rise,
    )
