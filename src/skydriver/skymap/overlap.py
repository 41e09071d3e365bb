"""How much two regions of the sky have in common, whatever pixels they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skydriver.skymap.multiorder import nested_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.skymap.cells import Cells

    Indices = NDArray[np.int64]


def overlap(first: Cells, second: Cells) -> float:
    """Solid angle that two sets of cells have in common, as a fraction of that of both together.

    A cell of NESTED number p is the range of numbers [4^k p, 4^k (p + 1)) k levels down, so areas on the sphere are
    exact counts of the smallest pixels.

    Parameters
    ----------
    first, second
        Cells that do not overlap among themselves, one at least.

    Returns
    -------
    float
        0 where they have nothing in common to 1 where they are the same.
    """
    finest = int(max(first.nside.max(), second.nside.max()))
    ranges = [_ranges(cells, finest) for cells in (first, second)]
    edges = np.unique(np.concatenate([edge for pair in ranges for edge in pair]))
    inside = [_holds(start, end, edges[:-1]) for start, end in ranges]
    size = np.diff(edges)
    return int(size[inside[0] & inside[1]].sum()) / int(size[inside[0] | inside[1]].sum())


def _ranges(cells: Cells, finest: int) -> tuple[Indices, Indices]:
    """First number, and that after the last, of the pixels of nside `finest` within each cell, sorted."""
    nested = nested_pixels(cells.nside, cells.pixel)
    count = (finest // cells.nside) ** 2
    start = np.sort(nested * count)
    return start, np.sort((nested + 1) * count)


def _holds(start: Indices, end: Indices, number: Indices) -> NDArray[np.bool_]:
    """Whether each number lies in one of the ranges, which are sorted and do not overlap."""
    at = np.searchsorted(start, number, side="right") - 1
    return np.asarray((at >= 0) & (number < end[at]), np.bool_)
