"""One stage of a running scan: its pixels, the best value of each so far, and the fits that its rounds want."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from skydriver.scan import pixels as healpix
from skydriver.scan.fits import Finished, FitKey, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from skydriver.scan.descent import Descent

MINIMAL_IMPROVEMENT = 1e-3
"""A pixel's vertex is passed on to its neighbours again only if its llh fell by more than this."""


class StageFits:
    """What a stage has so far. Rounds after the first are Jacobi sweeps: each looks only at whole earlier rounds."""

    def __init__(self, nside: int, pixels: list[int]) -> None:
        self.nside = nside
        self.pixels = pixels
        """Sorted."""
        self.best: dict[int, Finished] = {}
        """Each pixel's fit of lowest llh, or its first failed one while it has no better."""
        self.top: Finished | None = None
        """The fit of lowest llh of all, ties to the lower pixel; None while no fit has a finite one."""
        self.first_done = 0
        """Number of results of round 0."""
        self._new: set[int] = set()
        """Pixels whose best fit improved in the round that runs."""
        self._beside: dict[int, list[int]] | None = None

    def absorb(self, fit: Finished) -> None:
        """Take in a fit that the plan wanted. A tie is the earlier round's, NaN and ±inf never win."""
        pixel = fit.wanted.pixel
        if fit.wanted.round == 0:
            self.first_done += 1
        before = self._value(pixel)
        value = _value(fit)
        if pixel not in self.best or value < before:
            self.best[pixel] = fit
            if math.isfinite(value) and (self.top is None or (value, pixel) < (self.top.llh, self.top.wanted.pixel)):
                self.top = fit
        if value < before - MINIMAL_IMPROVEMENT:
            self._new.add(pixel)

    def sweep(self, number: int) -> list[Wanted]:
        """Round `number` >= 1: every pixel beside one that improved in the round before, seeded from those only."""
        new = {pixel: self.best[pixel].wanted.key for pixel in self._new}
        self._new = set()
        if not new:
            return []
        beside = self._neighbours()
        seeds = ((pixel, tuple([new[other] for other in beside[pixel] if other in new])) for pixel in self.pixels)
        return [Wanted(self.nside, number, pixel, keys) for pixel, keys in seeds if keys]

    def lowest(self, count: int) -> list[int]:
        """The `count` pixels of lowest llh, best first; ties by index, pixels without a finite llh last."""
        values = np.array([self._value(pixel) for pixel in self.pixels])
        order = np.argsort(values, kind="stable")[:count]
        return [self.pixels[i] for i in order]

    def seeds_from(self, pixel: int) -> tuple[FitKey, ...]:
        """What the children of `pixel` start from: its best fit, or the algorithm's own seeds if it has none."""
        return (self.best[pixel].wanted.key,) if self.has_value(pixel) else ()

    def has_value(self, pixel: int) -> bool:
        """Whether any fit of `pixel` came to a finite llh."""
        return self._value(pixel) < math.inf

    def _value(self, pixel: int) -> float:
        return _value(self.best[pixel]) if pixel in self.best else math.inf

    def _neighbours(self) -> dict[int, list[int]]:
        """Each pixel's neighbours within the stage, sorted; looked up once."""
        if self._beside is None:
            inside = set(self.pixels)
            table = np.sort(healpix.neighbours(self.nside, self.pixels), axis=1).tolist()
            rows = ([other for other in row if other in inside] for row in table)
            self._beside = dict(zip(self.pixels, rows, strict=True))
        return self._beside


def begin(nside: int, pixels: Iterable[int]) -> list[Wanted]:
    """Round 0 of the first stage: `pixels`, from the algorithm's own seeds."""
    return [Wanted(nside, 0, pixel, ()) for pixel in pixels]


def refine(coarse: StageFits, parents: Sequence[int], descent: Descent) -> list[Wanted]:
    """Round 0 of a later stage: the children inside of each of `parents`, in that order, from the parent's best fit."""
    return [
        Wanted(descent.child_nside, 0, pixel, seeds)
        for seeds, row in zip(map(coarse.seeds_from, parents), descent.children(parents), strict=True)
        for pixel in row
    ]


def _value(fit: Finished) -> float:
    """The llh to compare by: what is not finite counts as infinitely bad."""
    return fit.llh if math.isfinite(fit.llh) else math.inf
