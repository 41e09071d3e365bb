"""From one stage to the next: the children of its pixels, where a scan is of a part of the sky those inside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from skydriver.scan import pixels as healpix

if TYPE_CHECKING:
    from numpy.typing import NDArray

Inside = Callable[[int, Sequence[int]], "NDArray[np.bool_]"]
"""From nside and RING pixels (n,) to whether each belongs to the scan (n,): a pure function of both."""


class Descent:
    """The children, at `child_nside`, of pixels of `nside`; each pixel's are looked up once.

    Parameters
    ----------
    nside, child_nside
        Of the stage and of the next.
    inside
        Which pixels belong to the scan; None: all.
    """

    def __init__(self, nside: int, child_nside: int, inside: Inside | None) -> None:
        self.nside = nside
        self.child_nside = child_nside
        self._inside = inside
        self._children: dict[int, list[int]] = {}

    def children(self, pixels: Sequence[int]) -> list[list[int]]:
        """For each of `pixels` its children inside, sorted."""
        new = [pixel for pixel in pixels if pixel not in self._children]
        if new:
            self._children.update(zip(new, self._look_up(new), strict=True))
        return [self._children[pixel] for pixel in pixels]

    def parents(self, ranked: Sequence[int], count: int) -> list[int]:
        """The first `count` of `ranked` that have a child inside; fewer where there are no more."""
        if self._inside is None:
            return list(ranked[:count])
        found: list[int] = []
        for start in range(0, len(ranked), count):  # as many at a time as a stage may refine: no more memory than that
            some = ranked[start : start + count]
            found += [pixel for pixel, row in zip(some, self.children(some), strict=True) if row]
            if len(found) >= count:
                break
        return found[:count]

    def _look_up(self, pixels: list[int]) -> list[list[int]]:
        table = healpix.children(self.nside, pixels, self.child_nside)
        if self._inside is None:
            rows: list[list[int]] = table.tolist()
            return rows
        kept = self._inside(self.child_nside, table.ravel().tolist()).reshape(table.shape)
        return [row[keep].tolist() for row, keep in zip(table, kept, strict=True)]


def sky(nside: int, inside: Inside | None) -> list[int]:
    """All pixels of the sky, or those of them inside, sorted."""
    everything = range(12 * nside**2)
    return list(everything) if inside is None else np.flatnonzero(inside(nside, everything)).tolist()
