"""The picture of a scan: the whole sky, and a zoom around the best fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from skydriver.detector.coordinates import angular_distance
from skydriver.plots.allsky import draw_all_sky
from skydriver.plots.raster import layers
from skydriver.plots.style import (
    BEST,
    COLOURS,
    FAILED,
    GALACTIC_PLANE,
    OUTLINE,
    SYMBOLS,
    UNSCANNED,
    WILKS_LEVELS,
    Marker,
    Outline,
    colour_norm,
    symbol,
)
from skydriver.plots.zoom import Overlay, draw_zoom

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.artist import Artist
    from matplotlib.colors import LogNorm

    from skydriver.plots.raster import Stages

__all__ = ["Marker", "Outline", "Summary", "draw_skymap"]

_DPI: Final = 120
_WIDTH_IN, _HEIGHT_IN = 10.0, 10.3
_NAME_LENGTH: Final = 26
_LINE_LENGTH: Final = 120
_MAX_REASONS: Final = 3
ANSWER_COLOURS: Final = {"yes": "#2ca02c", "caution": "#ff7f0e", "no": "#d62728"}


class Summary(NamedTuple):
    """Whether the map may be used."""

    answer: str
    """One of `ANSWER_COLOURS`."""
    topology: str
    """What kind of event it was."""
    quoted: str
    """What is quoted, in a line."""
    reasons: tuple[str, ...]
    """The worst first; the picture has room for three."""


def draw_skymap(  # noqa: PLR0913 - the plain parts of one picture
    file: Path | BinaryIO,
    stages: Stages,
    best: tuple[float, float],
    *,
    title: str,
    subtitle: str,
    markers: Sequence[Marker],
    footer: str,
    outline: Outline | None = None,
    summary: Summary | None = None,
) -> None:
    """Write a PNG with the whole sky and a zoom around the best fit.

    Parameters
    ----------
    file
        Where to write.
    stages
        By nside: scanned pixels (RING, ICRS) and their negative log-likelihoods, in any order. Every place takes the
        colour of the finest pixel that covers it; NaN is grey.
    best
        Right ascension and declination of the best fit, degrees.
    title, subtitle
        Lines above the map.
    markers
        Directions to overlay, each with its own symbol and a line in the legend; past the twelfth only counted.
    footer
        The line below: who made this, and with what.
    outline
        A region to draw the edge of in the zoom.
    summary
        What is quoted and whether the map may be used, drawn above it.
    """
    sky = layers(stages)
    norm = colour_norm(sky)
    shown = markers[: len(SYMBOLS)]
    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), dpi=_DPI)
    FigureCanvasAgg(figure)
    draw_all_sky(figure.add_axes((0.045, 0.434, 0.92, 0.4)), sky, norm, best, shown)
    zoom = figure.add_axes((0.085, 0.078, 0.345, 0.345 * _WIDTH_IN / _HEIGHT_IN))
    draw_zoom(zoom, sky, norm, Overlay(best, shown, outline))
    _draw_texts(figure, title, subtitle, footer)
    _draw_summary(figure, summary)
    _draw_colour_bar(figure, norm)
    _draw_legend(figure, best, shown, len(markers) - len(shown), outline)
    figure.savefig(file, format="png")


def _draw_texts(figure: Figure, title: str, subtitle: str, footer: str) -> None:
    figure.text(0.5, 0.971, title, ha="center", va="center", size=14, weight="bold")
    figure.text(0.5, 0.944, subtitle, ha="center", va="center", size=10, color="0.3")
    figure.text(0.5, 0.014, footer, ha="center", va="center", size=8, color="0.4")


def _draw_summary(figure: Figure, summary: Summary | None) -> None:
    """The answer as a badge, with what is quoted and the worst reasons beside it."""
    if summary is None:
        return
    badge = {"boxstyle": "round,pad=0.5", "facecolor": ANSWER_COLOURS[summary.answer], "edgecolor": "none"}
    figure.text(0.14, 0.905, "May I use it?", ha="center", va="center", size=9, color="0.3")
    figure.text(
        0.14, 0.875, summary.answer.upper(), ha="center", va="center", size=13, weight="bold", color="white", bbox=badge
    )
    lines = [summary.topology, summary.quoted, *(f"· {reason}" for reason in summary.reasons[:_MAX_REASONS])]
    if len(summary.reasons) > _MAX_REASONS:
        more = f"  (and {len(summary.reasons) - _MAX_REASONS} more in the summary)"
        lines[-1] = shortened(lines[-1], _LINE_LENGTH - len(more)) + more
    for row, line in enumerate(lines):
        figure.text(
            0.25,
            0.916 - 0.0175 * row,
            shortened(line, _LINE_LENGTH),
            ha="left",
            va="center",
            size=8.5,
            weight="bold" if row == 0 else "normal",
        )


def shortened(text: str, length: int) -> str:
    """A text cut to a length."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _draw_colour_bar(figure: Figure, norm: LogNorm) -> None:
    axes = figure.add_axes((0.56, 0.075, 0.38, 0.0146))
    bar = figure.colorbar(ScalarMappable(norm, COLOURS), cax=axes, orientation="horizontal", extend="both")
    bar.set_label("2 Δllh (llh = -ln L) above the best pixel", size=9)
    ticks = [10**power for power in range(1 + round(np.log10(norm.vmax or 1.0)))]
    bar.set_ticks(ticks, labels=[f"{tick:,}" for tick in ticks], size=8)
    bar.minorticks_off()


def _draw_legend(
    figure: Figure, best: tuple[float, float], markers: Sequence[Marker], n_more: int, outline: Outline | None
) -> None:
    entries: list[Artist] = [Line2D([], [], label=f"best fit: RA {best[0]:.3f}°, Dec {best[1]:+.3f}°", **BEST)]
    entries += [Line2D([], [], label=_describe(marker, best), **symbol(index)) for index, marker in enumerate(markers)]
    if n_more > 0:
        entries.append(Line2D([], [], linestyle="none", label=f"and {n_more} more, not drawn"))
    if outline is not None:
        entries.append(Line2D([], [], label=outline.label, **OUTLINE))
    entries += [
        Line2D([], [], color="black", linestyle=line, linewidth=1.1, label=f"Wilks {name}, statistical only")
        for name, (_, line) in WILKS_LEVELS.items()
    ]
    entries += [
        Line2D([], [], label="galactic plane", **GALACTIC_PLANE),
        Patch(color=FAILED, label="fit failed"),
        Patch(facecolor=UNSCANNED, edgecolor="0.7", label="not scanned"),
    ]
    figure.legend(
        handles=entries, loc="upper left", bbox_to_anchor=(0.5, 0.427), frameon=False, fontsize=8.5, labelspacing=0.55
    )


def _describe(marker: Marker, best: tuple[float, float]) -> str:
    """Name, place and distance from the best fit."""
    away = np.degrees(angular_distance(*np.radians([marker.ra_deg, marker.dec_deg, *best])))
    name = shortened(marker.name, _NAME_LENGTH)
    return f"{name}: RA {marker.ra_deg:.3f}°, Dec {marker.dec_deg:+.3f}° ({away:.2f}° off)"
