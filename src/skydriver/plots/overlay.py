"""What is drawn over a map: the best fit, regions, directions that came with the event, sources of a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.coordinates import angular_distance
from skydriver.plots.legend import Entry
from skydriver.plots.lines import reach_deg
from skydriver.plots.style import (
    BEST,
    FAILED,
    GALACTIC_CENTRE,
    GALACTIC_PLANE,
    SOURCE,
    SYMBOLS,
    UNSCANNED,
    region_styles,
    symbol,
)
from skydriver.plots.text import Font, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from skydriver.plots.lines import ContourLine, Floats, RegionLine


_NAME_IN: Final = 1.9
"""Room for a name in the legend, on a page of the usual width."""
MOST_NAMES: Final = 12
"""Of sources in view that are named; where there are more, none is."""
MOST_SOURCES: Final = 5000
"""Of sources in view that are all drawn; of more, those whose symbols do not cover each other."""


class Marker(NamedTuple):
    """A named direction, such as a first look that came with the event."""

    name: str
    ra_deg: float
    dec_deg: float


class Overlay(NamedTuple):
    """What is drawn over the map; places are ICRS right ascension and declination, degrees."""

    best: tuple[float, float]
    """The best fit."""
    regions: Sequence[RegionLine] = ()
    """Those whose edges are drawn."""
    markers: Sequence[Marker] = ()
    """First looks, each with its own symbol and a line in the legend; past the twelfth they are only counted."""
    sources: Sequence[Marker] = ()
    """Of a catalogue."""

    @property
    def shown(self) -> Sequence[Marker]:
        """The markers that there are symbols for."""
        return self.markers[: len(SYMBOLS)]


def draw_overlay(
    axes: Axes,
    overlay: Overlay,
    place: Callable[[Floats, Floats], tuple[Floats, Floats]],
    line: Callable[[ContourLine], tuple[Floats, Floats]],
) -> None:
    """Draw everything but names.

    Parameters
    ----------
    axes
        A map.
    overlay
        What to draw: a line for each line given, one symbol for each marker, one artist for all sources.
    place
        From right ascension and declination, degrees, to where that is on the map.
    line
        From a polygon to where its edges are.
    """
    for region, style in zip(overlay.regions, region_styles(overlay.regions), strict=True):
        for contour in region.lines:
            axes.plot(*line(contour), gid=region.label, **style)
    for index, marker in enumerate(overlay.shown):
        axes.plot(*place(*_place(marker)), **symbol(index))
    if overlay.sources:
        axes.plot(*place(*places(overlay.sources)), **SOURCE)
    axes.plot(*place(*(np.array([value]) for value in overlay.best)), **BEST)


def places(markers: Sequence[Marker]) -> tuple[Floats, Floats]:
    """Right ascensions and declinations."""
    return np.array([marker.ra_deg for marker in markers]), np.array([marker.dec_deg for marker in markers])


def thinned(sources: Sequence[Marker], inches: Floats) -> Sequence[Marker]:
    """Of more than `MOST_SOURCES` those whose symbols do not cover each other, so that drawing them takes no minutes.

    Parameters
    ----------
    sources
        The sources.
    inches
        Where they are on the page, (n, 2).

    Returns
    -------
    Sequence
        All, or the first in each square of the page that is half as wide as a symbol.
    """
    if len(sources) <= MOST_SOURCES:
        return sources
    squares = np.floor(inches * (2.0 * 72.0 / SOURCE["markersize"])).astype(np.int64)
    _, first = np.unique(squares, axis=0, return_index=True)
    return [sources[index] for index in np.sort(first).tolist()]


def entries(overlay: Overlay, *, farthest_deg: float = 180.0) -> list[Entry]:
    """What the overlay's symbols and lines mean.

    Parameters
    ----------
    overlay
        What is drawn.
    farthest_deg
        How far from the best fit the picture reaches; a region's parts beyond are told.
    """
    best = overlay.best
    found = [Entry(f"best fit: RA {best[0]:.3f}°, Dec {best[1]:+.3f}°", "symbol", BEST)]
    for region, style in zip(overlay.regions, region_styles(overlay.regions), strict=True):
        found.append(Entry(region.label + _beyond(region, best, farthest_deg), "line", style))
    found += [Entry(_describe(marker, best), "symbol", symbol(k)) for k, marker in enumerate(overlay.shown)]
    if more := len(overlay.markers) - len(overlay.shown):
        found.append(Entry(f"and {more} more, not drawn", "symbol", {"marker": ""}))
    if n_sources := len(overlay.sources):
        unnamed = ", too many to name" if n_sources > MOST_NAMES else ""
        found.append(Entry(f"source of the catalogue ({n_sources}{unnamed})", "symbol", SOURCE))
    return found


def galactic_entries() -> list[Entry]:
    """What the galaxy's lines mean."""
    return [
        Entry("galactic plane", "line", GALACTIC_PLANE),
        Entry("galactic centre", "symbol", GALACTIC_CENTRE),
    ]


def colour_entries() -> list[Entry]:
    """What the greys mean."""
    return [
        Entry("fit failed", "patch", {"color": FAILED}),
        Entry("not scanned", "patch", {"facecolor": UNSCANNED, "edgecolor": "0.6"}),
    ]


def distance_deg(place: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two directions, degrees."""
    return float(np.degrees(angular_distance(*np.radians([*place, *other]))))


def _place(marker: Marker) -> tuple[Floats, Floats]:
    return np.array([marker.ra_deg]), np.array([marker.dec_deg])


def _describe(marker: Marker, best: tuple[float, float]) -> str:
    """Name, place and distance from the best fit."""
    away = distance_deg((marker.ra_deg, marker.dec_deg), best)
    name = shortened(marker.name, _NAME_IN, Font(8.5))
    place = f"RA {marker.ra_deg % 360.0:.3f}°, Dec {marker.dec_deg:+.3f}° ({away:.2f}° off)"
    return f"{name[0]}: {place}" if name else place


def _beyond(region: RegionLine, best: tuple[float, float], farthest_deg: float) -> str:
    """How many of a region's parts the picture does not hold."""
    n_beyond = sum(reach_deg(line, best) > farthest_deg for line in region.lines)
    return f" ({n_beyond} of its {len(region.lines)} lines beyond this picture)" if n_beyond else ""
