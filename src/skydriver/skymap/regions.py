"""What is said of a region of the sky: how large it is, how far it reaches, and whether the fine map encloses it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import hpgeom
import numpy as np

from skydriver.scan.pixels import MISSING, children, neighbours, parents
from skydriver.skymap.cells import coarsened, llh_at, pixels_in
from skydriver.skymap.contours import SQUARE_DEG, area_deg2, contours_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from skydriver.skymap.cells import Cells
    from skydriver.skymap.outline import Contour
    from skydriver.skymap.posterior import Posterior, Region
    from skydriver.skymap.skymap import SkyMap

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

WILKS: Final[Mapping[float, float]] = {0.5: 1.39, 0.9: 4.61}
"""Rise of 2 delta-llh at the edge of a region of this level by Wilks' theorem, two degrees of freedom."""
MAX_PIXELS: Final = 300_000
"""A region by a rise of 2 delta-llh is drawn on coarser pixels where it would have more than so many."""
_TINY: Final = 1e-7


class Errors(NamedTuple):
    """How far a region reaches from a place, degrees; those of right ascension are of the coordinate (no cos dec)."""

    ra_plus_deg: float
    ra_minus_deg: float
    dec_plus_deg: float
    dec_minus_deg: float


class WilksRegion(NamedTuple):
    """Where 2 delta-llh rises no more than to a level, that of Wilks' theorem or another."""

    level: float
    """The share of the truths that it is said to hold."""
    area_deg2: float
    truncated: bool
    """Whether the finest stage does not enclose it."""
    nside: int
    pixel: Indices
    """Sorted."""
    contours: tuple[Contour, ...]


def contains(region: Region, ra_deg: float, dec_deg: float) -> bool:
    """Whether a place lies in a region."""
    pixel = hpgeom.angle_to_pixel(region.nside, ra_deg, dec_deg, nest=False)
    return bool(np.isin(pixel, region.pixel))


def share_outside(skymap: SkyMap, region: Region) -> float:
    """The share of a region that lies outside the finest stage's pixels."""
    finest = max(skymap.stages)
    fine = skymap.stages[finest]["index"].astype(np.int64)
    pixel = region.pixel
    if region.nside < finest:
        covered = np.isin(children(region.nside, pixel, finest), fine)
    else:
        covered = np.isin(parents(region.nside, pixel, finest), fine)
    return float(1.0 - covered.mean())


def density_contours(found: Posterior, region: Region) -> tuple[Contour, ...]:
    """The lines around a posterior's region, at the density at its edge.

    In the order of density pixels come in shells around their centre, so that where one number of them ends tells the
    density there no better than to a part of a pixel. The logarithm of the density, for a Gaussian proportional to the
    area inside, is the mean of that of the pixels of two rims, the last inside and the first outside, each about one
    pixel wide. A pixel that is as dense as that is inside if the region counts it.

    Parameters
    ----------
    found
        The posterior.
    region
        One of its regions (`skydriver.skymap.posterior.region`).
    """
    with np.errstate(divide="ignore"):
        rise = np.log(found.probability.max()) - np.log(found.probability)
    count, n = len(region.pixel), int(np.isfinite(rise).sum())
    rim = min(math.ceil(math.sqrt(4.0 * math.pi * count)), count, n - count)
    ranked = np.sort(rise)
    edge = ranked[count - rim : count + rim].mean() if rim > 0 else ranked[count - 1] + 1.0
    return _contours(found.nside, found.pixel, math.sqrt(edge) - np.sqrt(rise), np.isin(found.pixel, region.pixel))


def wilks_region(skymap: SkyMap, cells: Cells, level: float) -> WilksRegion:
    """The region of 2 delta-llh up to Wilks' value.

    Parameters
    ----------
    skymap
        The map.
    cells
        Its cells (`skydriver.skymap.cells.cells_of`).
    level
        0.5 or 0.9.
    """
    return rise_region(skymap, cells, level, WILKS[level])


def rise_region(skymap: SkyMap, cells: Cells, level: float, rise: float) -> WilksRegion:
    """The region of 2 delta-llh up to a value.

    Its area is that inside its lines, too small by 0.7 pixels for a disc of any size, for the lines are chords:
    0.5 % where its radius is seven pixels, 0.15 % where it is twelve. The pixels' own area scatters by 0.9 and 0.6 %.
    Pixels are those of the finest cells, or coarser ones, of the mean llh, where these would be more than `MAX_PIXELS`.

    Parameters
    ----------
    skymap
        The map.
    cells
        Its cells (`skydriver.skymap.cells.cells_of`).
    level
        The share of the truths that it is said to hold.
    rise
        Of 2 delta-llh at its edge.
    """
    inside = cells.select(2.0 * (cells.llh - cells.llh.min()) <= rise)
    about = float(inside.area_sr.sum()) * SQUARE_DEG
    nside = int(cells.nside.max())
    while about / float(hpgeom.nside_to_pixel_area(nside, degrees=True)) > MAX_PIXELS:
        nside //= 2
    smooth = coarsened(cells, nside)
    smooth = smooth._replace(llh=smooth.llh - smooth.llh.min())
    own = pixels_in(smooth.select(2.0 * smooth.llh <= rise), nside)
    pixel = np.setdiff1d(np.union1d(own, neighbours(nside, own)), [MISSING])
    held = np.isin(pixel, own)
    height = math.sqrt(rise) - np.sqrt(2.0 * llh_at(smooth, nside, pixel))
    # A value that is a coarser pixel's is not that of this place: the line follows the coarser one's sides.
    height = np.where(np.isin(pixel, _scanned(skymap, nside)), height, np.where(held, np.inf, -np.inf))
    contours = _contours(nside, pixel, height, held)
    return WilksRegion(level, area_deg2(contours, about), _truncated(skymap, inside), nside, own, contours)


def _scanned(skymap: SkyMap, nside: int) -> Indices:
    """The pixels of `nside` that have a value of their own, or of a part of them."""
    stages = [(size, rows["index"][np.isfinite(rows["llh"])]) for size, rows in skymap.stages.items() if size >= nside]
    return np.concatenate([parents(size, pixel, nside) for size, pixel in stages])


def _truncated(skymap: SkyMap, inside: Cells) -> bool:
    """Whether cells are coarser than the finest stage, or beside its end."""
    finest = max(skymap.stages)
    if np.any(inside.nside < finest):
        return True
    around = np.unique(neighbours(finest, inside.pixel))
    return not bool(np.isin(around[around != MISSING], skymap.stages[finest]["index"]).all())


def _contours(nside: int, pixel: Indices, height: Floats, inside: NDArray[np.bool_]) -> tuple[Contour, ...]:
    """The lines at height 0; pixels of that height are inside or not as they are said to be.

    The height is the square root of the rise of 2 delta-llh at the edge, less that of the rise at the pixel: where the
    llh is a parabola, and so where a density is a Gaussian, the root is what is linear.
    """
    held = np.where(np.abs(height) < _TINY, np.where(inside, _TINY, -_TINY), height)
    return contours_of(nside, pixel, held, 0.0)
