"""Where the source is: the posterior of a map under a uniform prior, with the ice's own uncertainty folded in.

The statistical posterior of a pixel is exp(-llh) times its solid angle. The systematic uncertainty does not shrink with
light, so it is no factor on 2 delta-llh but a floor in degrees: the posterior is convolved on the sphere with a
Gaussian of standard deviation sigma per axis (the von Mises-Fisher law of concentration 1 / sigma², R. Fisher, Proc. R.
Soc. A 217 (1953) 295).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import hpgeom
import numpy as np

from skydriver.scan.pixels import children, parents
from skydriver.skymap.cells import Cells, centre_vectors
from skydriver.skymap.sphere import pixel_area_sr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

COARSEST_NSIDE: Final = 8
FINEST_NSIDE: Final = 32768
PIXELS_PER_SIGMA: Final = 6.0
"""A posterior's pixels are at most sigma over this wide: regions of a Gaussian then err by 0.1 % in area, and the lines
around them by 0.5 % of their distance from its centre, 1 % at most."""
NEGLIGIBLE: Final = 1e-6
"""The least likely cells that together hold no more than this are left out before the convolution."""
REACH_SIGMAS: Final = 5.0
MAX_PRODUCTS: Final = 2e7
"""Pairs of cells that a convolution looks at; pixels are coarser where there would be more."""
_PRODUCTS_AT_ONCE: Final = 2_000_000


class Posterior(NamedTuple):
    """Probability in pixels of one size, arrays of shape (n,) sorted by pixel; they sum to 1."""

    nside: int
    pixel: Indices
    """RING, ICRS."""
    probability: Floats

    @property
    def pixel_area_deg2(self) -> float:
        """Solid angle of one pixel."""
        return float(hpgeom.nside_to_pixel_area(self.nside, degrees=True))


class _Source(NamedTuple):
    """The statistical posterior in pixels of one size, arrays of n."""

    nside: int
    pixel: Indices
    mass: Floats
    place: Floats
    """Unit vectors (n, 3)."""


class Region(NamedTuple):
    """The smallest set of pixels that holds a probability."""

    level: float
    nside: int
    pixel: Indices
    """Sorted."""
    area_deg2: float
    """Of these pixels, the last one counted by the share of it that the probability needs."""


def probabilities(cells: Cells) -> Floats:
    """The statistical posterior of each cell, summing to 1."""
    weight = np.exp(cells.llh.min() - cells.llh) * cells.area_sr
    return np.asarray(weight / weight.sum(), np.float64)


def posterior(cells: Cells, sigma_deg: float) -> Posterior:
    """The posterior convolved with a Gaussian on the sphere.

    Parameters
    ----------
    cells
        The scanned sky, at least one.
    sigma_deg
        Systematic uncertainty per axis, degrees; positive.
    """
    weight = probabilities(cells)
    nside = _working_nside(cells, weight, sigma_deg)
    while True:
        source = _resampled(cells, weight, nside)
        target = _around(nside, source, sigma_deg)
        if len(source.pixel) * len(target) <= MAX_PRODUCTS or nside == 1:
            return Posterior(nside, target, _spread(source, centre_vectors(nside, target), sigma_deg))
        nside //= 2


def region(found: Posterior, level: float) -> Region:
    """The most probable pixels that together hold `level` (0 to 1); ties by pixel."""
    order = np.argsort(-found.probability, kind="stable")
    held = np.cumsum(found.probability[order])
    last = int(np.searchsorted(held, level * (1.0 - 1e-12)))
    share = 1.0 - max(0.0, held[last] - level) / found.probability[order[last]]
    pixel = np.sort(found.pixel[order[: last + 1]])
    return Region(level, found.nside, pixel, (last + share) * found.pixel_area_deg2)


def level_at(found: Posterior, ra_deg: float, dec_deg: float) -> float:
    """The level of the smallest region that holds a place: what is at least as probable as its pixel; 1 outside."""
    pixel = int(hpgeom.angle_to_pixel(found.nside, ra_deg, dec_deg, nest=False))
    at = int(np.searchsorted(found.pixel, pixel))
    if at == len(found.pixel) or found.pixel[at] != pixel:
        return 1.0
    return float(min(1.0, found.probability[found.probability >= found.probability[at]].sum()))


def _working_nside(cells: Cells, weight: Floats, sigma_deg: float) -> int:
    """Fine enough for sigma, but no finer than the whole of a wide posterior needs."""
    nside = COARSEST_NSIDE
    while nside < FINEST_NSIDE and hpgeom.nside_to_resolution(nside) > sigma_deg / PIXELS_PER_SIGMA:
        nside *= 2
    area_sr = cells.area_sr[_significant(weight)].sum()
    while nside > 1 and (area_sr / pixel_area_sr(nside)) ** 2 > MAX_PRODUCTS:
        nside //= 2
    return nside


def _significant(weight: Floats) -> NDArray[np.bool_]:
    """All cells but the least likely ones that together hold at most `NEGLIGIBLE`."""
    order = np.argsort(weight, kind="stable")
    kept = np.ones(len(weight), bool)
    kept[order[np.cumsum(weight[order]) <= NEGLIGIBLE]] = False
    return kept


def _resampled(cells: Cells, weight: Floats, nside: int) -> _Source:
    """The significant cells' probability in pixels of one size, in each at the mean of its cells' places."""
    kept = _significant(weight)
    pixels, masses, places = [], [], []
    for size in np.unique(cells.nside[kept]).tolist():
        here = kept & (cells.nside == size)
        pixel, mass = cells.pixel[here], weight[here]
        if size < nside:
            inside = children(size, pixel, nside)
            pixel, mass = inside.ravel(), np.repeat(mass / inside.shape[1], inside.shape[1])
        places.append(centre_vectors(max(size, nside), pixel) * mass[:, np.newaxis])
        pixels.append(parents(size, pixel, nside) if size > nside else pixel)
        masses.append(mass)
    unique, inverse = np.unique(np.concatenate(pixels), return_inverse=True)
    total = np.bincount(inverse, weights=np.concatenate(masses))
    place = np.stack([np.bincount(inverse, weights=axis) for axis in np.concatenate(places).T], axis=1)
    return _Source(nside, unique, total / total.sum(), place / np.linalg.norm(place, axis=1, keepdims=True))


def _around(nside: int, source: _Source, sigma_deg: float) -> Indices:
    """All pixels of `nside` within reach of any of the source's: the discs around their common ancestors, joined."""
    coarse = source.nside
    while coarse > 1 and hpgeom.nside_to_resolution(coarse) < sigma_deg:
        coarse //= 2
    holders = np.unique(parents(source.nside, source.pixel, coarse))
    radius = REACH_SIGMAS * sigma_deg + float(hpgeom.max_pixel_radius(coarse))
    if radius >= 180.0 or len(holders) * radius**2 > 4.0 * 41253.0:
        return np.arange(12 * nside**2, dtype=np.int64)
    vectors = np.stack(hpgeom.pixel_to_angle(coarse, holders, nest=False), axis=1)
    discs = [hpgeom.query_circle(nside, ra, dec, radius, nest=False) for ra, dec in vectors.tolist()]
    return np.unique(np.concatenate([np.asarray(disc, np.int64) for disc in discs]))


def _spread(source: _Source, to: Floats, sigma_deg: float) -> Floats:
    """The probability at each target (n, 3) when that of each source spreads as a Gaussian; nothing is lost."""
    concentration = 1.0 / np.radians(sigma_deg) ** 2
    total = np.zeros(len(to))
    step = max(1, _PRODUCTS_AT_ONCE // len(to))
    for begin in range(0, len(source.mass), step):
        part = slice(begin, begin + step)
        # The cosine errs by 2e-16, which even with 0.01 degrees changes the kernel by 1e-8 of itself at most.
        cosine = source.place[part] @ to.T
        kernel = np.exp(concentration * (cosine - cosine.max(axis=1, keepdims=True)))
        total += (source.mass[part] / kernel.sum(axis=1)) @ kernel
    spread: Floats = total / total.sum()
    return spread
