"""How far variants are from the nominal result, and the region that they make together.

The spread is one between choices, not a confidence interval. Part of it is statistical: some variants fit fewer pulses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import hpgeom
import numpy as np

from skydriver.detector.coordinates import angular_distance
from skydriver.scan.pixels import children, parents
from skydriver.skymap.cells import cells_of, centres_deg
from skydriver.skymap.regions import WILKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from skydriver.services.variants import UnfitVariant
    from skydriver.skymap.skymap import BestFit, SkyMap

    Indices = NDArray[np.int64]

REGION_NSIDE = 512
"""Statistical regions are joined on pixels of this."""


class VariantResult(NamedTuple):
    """What a variant found."""

    name: str
    ra_deg: float | None
    """Of the best pixel; None, like its offset and area, where every pixel failed."""
    dec_deg: float | None
    offset_deg: float | None
    """From the nominal best fit."""
    area_deg2: float | None
    """Of its statistical 90 % region within the disc that was scanned."""
    n_dom: int
    at_edge: bool
    """Whether the best pixel of any stage touches the outside of the disc: the lowest llh may lie beyond."""
    error: str | None
    """Why every pixel failed, of the first; None where one did not."""
    region: tuple[int, ...]
    """Pixels of its statistical 90 % region at `REGION_NSIDE`, RING, sorted."""


class Spread(NamedTuple):
    """How far variants are from the nominal result; None where no variant found anything."""

    n_variants: int
    """Those that found something."""
    spread_deg: float | None
    """Standard deviation per axis: sqrt(sum(offset²) / (2 n)), about the nominal best fit, over the n variants."""
    largest_deg: float | None
    largest_name: str | None
    """The variant with the largest offset, the first of equals."""
    envelope_area_deg2: float
    """Of all statistical 90 % regions together, the nominal one too."""
    envelope_radius_deg: float
    """From the nominal best fit to the farthest centre of a pixel of these regions."""


class Systematics(NamedTuple):
    """What came of scanning the variants."""

    results: tuple[VariantResult, ...]
    spread: Spread | None
    """None where no variant was scanned."""
    left_out: tuple[UnfitVariant, ...]
    """Variants that were not scanned, and why."""
    complete: bool
    """Whether all the others were; not after an interrupt."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        shown = [field for field in VariantResult._fields if field != "region"]
        numbers = dict.fromkeys(Spread._fields) if self.spread is None else self.spread._asdict()
        return {
            "complete": self.complete,
            "variants": [{name: getattr(result, name) for name in shown} for result in self.results],
            "left_out": [item._asdict() for item in self.left_out],
            **numbers,
        }


def spread(results: Iterable[VariantResult], nominal: SkyMap) -> Spread:
    """Sum up what the variants found around the nominal result, a map with a best fit."""
    best = best_of(nominal)
    found = [result for result in results if result.offset_deg is not None]
    offsets = [result.offset_deg for result in found if result.offset_deg is not None]
    regions = [np.array(result.region, np.int64) for result in found]
    envelope = np.unique(np.concatenate([statistical_region(nominal), *regions]))
    return Spread(
        n_variants=len(offsets),
        spread_deg=math.hypot(*offsets) / math.sqrt(2 * len(offsets)) if offsets else None,
        largest_deg=max(offsets, default=None),
        largest_name=found[offsets.index(max(offsets))].name if offsets else None,
        envelope_area_deg2=area_deg2(envelope),
        envelope_radius_deg=reach_deg(envelope, best),
    )


def statistical_region(skymap: SkyMap) -> Indices:
    """Pixels of `REGION_NSIDE` (n,), sorted, of a map's 90 % region by Wilks' theorem.

    Of cells that are finer any one brings in the whole pixel.
    """
    cells = cells_of(skymap)
    cells = cells.select(2.0 * (cells.llh - cells.llh.min(initial=math.inf)) <= WILKS[0.9])
    pixels = [
        children(nside, cells.pixel[cells.nside == nside], REGION_NSIDE).ravel()
        if nside <= REGION_NSIDE
        else parents(nside, cells.pixel[cells.nside == nside], REGION_NSIDE)
        for nside in np.unique(cells.nside).tolist()
    ]
    return np.unique(np.concatenate([np.empty(0, np.int64), *pixels]))


def best_of(skymap: SkyMap) -> BestFit:
    """The best fit of a map that must have one."""
    best = skymap.best_fit()
    if best is None:
        raise ValueError("the map has no best fit to look around")
    return best


def contains_pixel_of(region: Sequence[int], best: BestFit) -> bool:
    """Whether a best fit lies in a region of pixels of `REGION_NSIDE`."""
    return int(hpgeom.angle_to_pixel(REGION_NSIDE, best.ra_deg, best.dec_deg, nest=False)) in region


def area_deg2(region: Indices) -> float:
    """Solid angle of pixels of `REGION_NSIDE`."""
    return len(region) * float(hpgeom.nside_to_pixel_area(REGION_NSIDE, degrees=True))


def reach_deg(region: Indices, best: BestFit) -> float:
    """Distance from the best fit to the farthest of the region's pixels, by their centres."""
    ra, dec = np.radians(centres_deg(REGION_NSIDE, region))
    away = angular_distance(ra, dec, math.radians(best.ra_deg), math.radians(best.dec_deg))
    return float(np.degrees(away.max(initial=0.0)))
