"""Which of a catalogue's sources lie in a region, and which is nearest to the best fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import hpgeom
import numpy as np

from skydriver.skymap.offsets import separations_deg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from skydriver.skymap.outline import Outline
    from skydriver.skymap.publication import Direction
    from skydriver.skymap.skymap import BestFit

    Floats = NDArray[np.float64]

_DECIMALS = 9
"""Distances that are equal to so many decimals of a degree are equal: less is the noise of the arithmetic."""


class Source(NamedTuple):
    """A source and how far it is from the best fit."""

    direction: Direction
    away_deg: float


def sources_inside(outline: Outline, sources: Sequence[Direction], best: BestFit) -> list[Source]:
    """The sources in a region's pixels, by their distance from the best fit; equal distances by name."""
    ra, dec = _places_deg(sources)
    pixel = hpgeom.angle_to_pixel(outline.nside, ra, dec, nest=False)
    inside = np.flatnonzero(np.isin(pixel, outline.pixel))
    return _sorted(inside, sources, separations_deg(best.ra_deg, best.dec_deg, ra, dec))


def nearest_source(sources: Sequence[Direction], best: BestFit) -> Source | None:
    """The source nearest to the best fit, of equally near ones the first by name; None where there is none."""
    if not sources:
        return None
    away = separations_deg(best.ra_deg, best.dec_deg, *_places_deg(sources))
    close = np.flatnonzero(away <= away.min() + 10.0**-_DECIMALS)
    return _sorted(close, sources, away)[0]


def _places_deg(sources: Sequence[Direction]) -> tuple[Floats, Floats]:
    """Right ascension in [0, 360) and declination of each, arrays (n,)."""
    ra = np.array([source.ra_deg for source in sources], np.float64) % 360.0
    return np.where(ra < 360.0, ra, 0.0), np.array([source.dec_deg for source in sources], np.float64)


def _sorted(which: NDArray[np.intp], sources: Sequence[Direction], away_deg: Floats) -> list[Source]:
    found = [Source(sources[k], float(away_deg[k])) for k in which.tolist()]
    return sorted(found, key=lambda source: (round(source.away_deg, _DECIMALS), source.direction))
