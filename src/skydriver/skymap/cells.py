"""The sky in pixels of several sizes: each place belongs to the finest pixel that was scanned over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import hpgeom
import numpy as np

from skydriver.errors import ResultError
from skydriver.scan.pixels import children, parents
from skydriver.skymap.sphere import pixel_area_sr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.skymap.skymap import SkyMap

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]


MAX_CELLS = 1 << 24
"""Most pixels that those of one stage are cut into for a finer one; no scan of ours has a quarter of that."""


class Cells(NamedTuple):
    """Pixels that do not overlap, arrays of shape (n,) sorted by nside and pixel."""

    nside: Indices
    pixel: Indices
    """RING, ICRS."""
    llh: Floats
    """Negative log-likelihood; finite."""

    @property
    def area_sr(self) -> Floats:
        """Solid angle of each."""
        return pixel_area_sr(self.nside)

    def select(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Cells:
        """Those that `which` (a flag for each, or indices) picks."""
        return Cells(self.nside[which], self.pixel[which], self.llh[which])


def cells_of(skymap: SkyMap) -> Cells:
    """The scanned sky, each part as fine as it was scanned.

    A refined pixel is replaced by all of its children; a child that has no value takes its parent's. Stages need not
    nest: those of maps from elsewhere do not always.

    Raises
    ------
    ResultError
        Where two stages of the map are so far apart that there would be too many cells.
    """
    cells = Cells(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    for nside, rows in skymap.stages.items():
        own = _finite(nside, rows["index"].astype(np.int64), rows["llh"].astype(np.float64))
        coarser = np.unique(cells.nside).tolist()
        cells = _joined(
            *(_made_room(cells.select(cells.nside == coarse), coarse, own, nside) for coarse in coarser), own
        )
    return cells


def coarsened(cells: Cells, nside: int) -> Cells:
    """The same cells, but those finer than `nside` joined to one for each of its pixels, of their mean llh."""
    finer = cells.nside > nside
    pixels = [parents(size, cells.pixel[cells.nside == size], nside) for size in np.unique(cells.nside[finer]).tolist()]
    pixel, inverse = np.unique(np.concatenate([np.empty(0, np.int64), *pixels]), return_inverse=True)
    area = cells.area_sr[finer]
    llh = np.bincount(inverse, area * cells.llh[finer]) / np.bincount(inverse, area)
    return _joined(cells.select(~finer), Cells(np.full(len(pixel), nside, np.int64), pixel, llh))


def pixels_in(cells: Cells, nside: int) -> Indices:
    """The pixels of `nside`, at least as fine as the cells, that make up all cells; sorted."""
    sizes = np.unique(cells.nside).tolist()
    parts = [children(size, cells.pixel[cells.nside == size], nside).ravel() for size in sizes]
    return np.sort(np.concatenate([np.empty(0, np.int64), *parts]))


def llh_at(cells: Cells, nside: int, pixel: Indices) -> Floats:
    """The llh of the cell around each pixel, which is at least as fine; NaN where there is none."""
    llh = np.full(len(pixel), np.nan)
    for size in np.unique(cells.nside).tolist():
        own = cells.select(cells.nside == size)
        holder = parents(nside, pixel, size)
        at = np.minimum(np.searchsorted(own.pixel, holder), len(own.pixel) - 1)
        found = own.pixel[at] == holder
        llh[found] = own.llh[at[found]]
    return llh


def centres_deg(nside: int | Indices, pixel: Indices) -> tuple[Floats, Floats]:
    """Right ascension and declination of pixels' centres, degrees."""
    ra, dec = hpgeom.pixel_to_angle(nside, pixel, nest=False, lonlat=True, degrees=True)
    return np.asarray(ra, np.float64), np.asarray(dec, np.float64)


def centre_vectors(nside: int, pixel: Indices) -> Floats:
    """Unit vectors (n, 3) to pixels' centres."""
    return np.stack(hpgeom.pixel_to_vector(nside, pixel, nest=False), axis=1).astype(np.float64)


def _finite(nside: int, pixel: Indices, llh: Floats) -> Cells:
    kept = np.isfinite(llh)
    return Cells(np.full(int(kept.sum()), nside, np.int64), pixel[kept], llh[kept])


def _made_room(cells: Cells, coarse: int, own: Cells, nside: int) -> Cells:
    """Cells of the nside `coarse`; those around any of `own` are replaced by their children that are not in `own`."""
    replaced = np.isin(cells.pixel, parents(nside, own.pixel, coarse))
    if int(replaced.sum()) * (nside // coarse) ** 2 > MAX_CELLS:
        raise ResultError(
            f"nside-{nside} is too fine beside nside-{coarse}: there would be more than {MAX_CELLS} cells"
        )
    inside = children(coarse, cells.pixel[replaced], nside)
    values = np.repeat(cells.llh[replaced], inside.shape[1])
    inherited = _finite(nside, inside.ravel(), values)
    rest = np.isin(inherited.pixel, own.pixel, invert=True)
    return _joined(cells.select(~replaced), inherited.select(rest))


def _joined(*parts: Cells) -> Cells:
    """All cells of `parts`, sorted."""
    nside = np.concatenate([part.nside for part in parts])
    pixel = np.concatenate([part.pixel for part in parts])
    order = np.lexsort((pixel, nside))
    return Cells(nside, pixel, np.concatenate([part.llh for part in parts])).select(order)
