"""The whole sphere in pixels of several sizes, for multi-order maps: no place is missing or there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import hpgeom
import numpy as np

from skydriver.skymap.posterior import probabilities
from skydriver.skymap.sphere import pixel_area_sr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.skymap.cells import Cells
    from skydriver.skymap.posterior import Posterior
    from skydriver.skymap.publication import Publication

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]


class MultiOrder(NamedTuple):
    """A probability density on the sphere, arrays of shape (n,) sorted by UNIQ; it integrates to 1."""

    nside: Indices
    pixel: Indices
    """NESTED, ICRS."""
    density_per_sr: Floats

    @property
    def uniq(self) -> Indices:
        """Pixel and nside in one number, pixel + 4 nside² (the HEALPix Primer, "The Unique Identifier scheme")."""
        return self.pixel + 4 * self.nside**2

    @property
    def probability(self) -> Floats:
        """Of each cell; they sum to 1."""
        return self.density_per_sr * pixel_area_sr(self.nside)

    def select(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> MultiOrder:
        """Those cells that `which` (a flag for each, or indices) picks; they need not cover the sphere."""
        return MultiOrder(self.nside[which], self.pixel[which], self.density_per_sr[which])

    def flat(self, nside: int, *, nested: bool = False) -> Floats:
        """Probability of each pixel of one nside, shape (12 nside²,), RING or NESTED; they sum to 1."""
        flat = np.zeros(12 * nside**2)
        for size in np.unique(self.nside).tolist():
            here = self.nside == size
            pixel, density = self.pixel[here], self.density_per_sr[here]
            if size <= nside:
                flat.reshape(12 * size**2, -1)[pixel] = density[:, np.newaxis] * pixel_area_sr(nside)
            else:
                np.add.at(flat, pixel // (size // nside) ** 2, density * pixel_area_sr(size))
        return flat if nested else ring_ordered(flat, nside)


def of_cells(cells: Cells) -> MultiOrder:
    """The statistical posterior: that of each cell, and nothing where none was scanned.

    Parameters
    ----------
    cells
        The scanned sky (`skydriver.skymap.cells.cells_of`), at least one.
    """
    return _whole_sphere(cells.nside, cells.pixel, probabilities(cells))


def of_posterior(found: Posterior) -> MultiOrder:
    """A posterior in pixels of one size, and nothing outside of them."""
    return _whole_sphere(np.full(len(found.pixel), found.nside), found.pixel, found.probability)


def published(publication: Publication) -> MultiOrder:
    """What files hold: the posterior with the systematic error in it, or the statistical one where there is none."""
    found = None if publication.quote is None else publication.quote.posterior
    return of_cells(publication.cells) if found is None else of_posterior(found)


def ring_ordered(values: NDArray[Any], nside: int) -> NDArray[Any]:
    """Values of all pixels (12 nside²,) in RING order, from NESTED."""
    ordered: NDArray[Any] = values[hpgeom.ring_to_nest(nside, np.arange(12 * nside**2))]
    return ordered


def nested_pixels(nside: int | Indices, ring: Indices) -> Indices:
    """NESTED numbers of RING pixels (n,), whose nside may be one for all."""
    return np.asarray(hpgeom.ring_to_nest(nside, ring), np.int64)


def _whole_sphere(nside: Indices, ring: Indices, probability: Floats) -> MultiOrder:
    """Cells that do not overlap, with empty ones around them."""
    pixel = nested_pixels(nside, ring)
    total = probability.sum()
    known = MultiOrder(nside, pixel, probability / total / pixel_area_sr(nside))
    return _merged(_joined(known, _holes(nside, pixel)))


def _holes(nside: Indices, pixel: Indices) -> MultiOrder:
    """The fewest pixels, of density 0, that cover the rest: those that hold no cell, the largest first."""
    found = []
    candidates, size = np.arange(12), 1
    while len(candidates):
        finer = nside > size
        split = np.unique(pixel[finer] // (nside[finer] // size) ** 2)
        taken = np.isin(candidates, np.concatenate([split, pixel[nside == size]]))
        hole = candidates[~taken]
        found.append(MultiOrder(np.full(len(hole), size), hole, np.zeros(len(hole))))
        candidates = (4 * split[:, np.newaxis] + np.arange(4)).ravel()
        size *= 2
    return _joined(*found)


def _merged(sky: MultiOrder) -> MultiOrder:
    """The same density in fewer cells: four siblings of equal density are their parent."""
    nside = int(sky.nside.max())
    while nside > 1:
        here = np.flatnonzero(sky.nside == nside)
        parent, first, count = np.unique(sky.pixel[here] // 4, return_index=True, return_counts=True)
        siblings = here[first[count == 4], np.newaxis] + np.arange(4)
        density = sky.density_per_sr[siblings]
        equal = (density == density[:, :1]).all(axis=1)
        kept = np.ones(len(sky.nside), bool)
        kept[siblings[equal]] = False
        nside //= 2
        parents = MultiOrder(np.full(int(equal.sum()), nside), parent[count == 4][equal], density[equal, 0])
        sky = _joined(sky.select(kept), parents)
    return sky


def _joined(*parts: MultiOrder) -> MultiOrder:
    """All cells of `parts`, sorted by UNIQ."""
    nside = np.concatenate([part.nside for part in parts])
    pixel = np.concatenate([part.pixel for part in parts])
    sky = MultiOrder(nside, pixel, np.concatenate([part.density_per_sr for part in parts]))
    return sky.select(np.argsort(sky.uniq))
