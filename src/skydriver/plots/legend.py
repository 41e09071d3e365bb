"""What the symbols, lines and colours of a picture mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from matplotlib.cm import ScalarMappable
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from skydriver.plots.page import Block
from skydriver.plots.style import COLOURS
from skydriver.plots.text import plain, shortened
from skydriver.plots.text import width_in as text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm

    from skydriver.plots.lines import RegionLine
    from skydriver.plots.page import Page
    from skydriver.plots.text import Font

_WIDEST_IN: Final = 4.5
"""Wider columns are not made: longer texts are wrapped."""
_MOST_LINES: Final = 3


class Entry(NamedTuple):
    """One thing and what it means."""

    label: str
    kind: Literal["line", "symbol", "patch"]
    style: dict[str, Any]
    """For a `Line2D` or a `Rectangle`."""


def legend(page: Page, entries: Sequence[Entry], left_in: float, room_in: float) -> Block:
    """A legend in as many columns as there is room for; long names go on in a second line, and end after a third."""
    font = page.font(8.5)
    handle_in = 0.46 * page.scale
    longest = max((text_width(plain(entry.label), font) for entry in entries), default=0.0) + handle_in + 0.15
    n_columns = max(1, int(room_in / min(longest, _WIDEST_IN * page.scale)))
    column_in = room_in / n_columns
    rows = [(entry, shortened(entry.label, column_in - handle_in - 0.08, font, _MOST_LINES)) for entry in entries]
    columns = _columns([_Row(*row) for row in rows], n_columns)

    def draw(top: float) -> None:
        for index, column in enumerate(columns):
            _draw_column(page, column, (left_in + index * column_in, top), font)

    return Block(max((_height(column, font) for column in columns), default=0.0), draw)


def colour_bar(page: Page, norm: LogNorm, regions: Sequence[RegionLine], left_in: float, width_in: float) -> Block:
    """The colours' meaning, with the regions' levels marked above it."""
    font, thick = page.font(8), 0.15 * page.scale
    low, high = norm.vmin or 1.0, norm.vmax or 1.0
    marked = sorted({(one.rise, _level_text(one)) for one in regions if one.rise is not None and low < one.rise < high})
    above = (font.line_in + 0.04) if marked else 0.0
    inset = 0.05 * width_in

    def draw(top: float) -> None:
        axes = page.axes(left_in + inset, top + above, width_in - 2.0 * inset, thick)
        bar = page.figure.colorbar(ScalarMappable(norm, COLOURS), cax=axes, orientation="horizontal", extend="both")
        ticks = [power for power in (1, 10, 100, 1000, 10_000) if power <= high]
        bar.set_ticks(ticks, labels=[f"{tick:,}" for tick in ticks], size=font.size)
        bar.minorticks_off()
        bar.set_label("2 Δllh (llh = -ln L) above the best pixel", size=font.size, labelpad=1.5)
        _draw_levels(page, axes, marked, font)

    return Block(above + thick + 2.0 * font.line_in + 0.14, draw)


def _draw_levels(page: Page, axes: Axes, marked: Sequence[tuple[float, str]], font: Font) -> None:
    """Lines across the bar, each with its text above it unless that would touch the one before."""
    casing, above, free = [withStroke(linewidth=3.2, foreground="white")], axes.get_xaxis_transform(), -1.0
    for rise, text in marked:
        axes.axvline(rise, color="black", linewidth=1.4, path_effects=casing)
        middle = float(above.transform((rise, 0.0))[0]) / page.figure.dpi
        half = text_width(text, font) / 2.0
        if middle - half > free:
            axes.text(rise, 1.2, text, transform=above, ha="center", va="bottom", size=font.size)
            free = middle + half + 0.03


def _level_text(region: RegionLine) -> str:
    return f"{100.0 * region.level:.4g} %" + (" stat." if region.style == "statistical" else "")


class _Row(NamedTuple):
    entry: Entry
    lines: list[str]


def _height(rows: Sequence[_Row], font: Font) -> float:
    return sum((len(row.lines) + 0.25) * font.line_in for row in rows)


def _columns(rows: list[_Row], n_columns: int) -> list[list[_Row]]:
    """Rows shared out so that the columns hold equally many lines, as nearly as their order allows."""
    total = sum(len(row.lines) for row in rows)
    columns: list[list[_Row]] = [[] for _ in range(n_columns)]
    done = 0
    for row in rows:
        columns[min(n_columns - 1, done * n_columns // max(total, 1))].append(row)
        done += len(row.lines)
    return columns


def _draw_column(page: Page, rows: Sequence[_Row], corner: tuple[float, float], font: Font) -> None:
    left, top = corner
    handle = 0.36 * page.scale
    for row in rows:
        _draw_handle(page, row.entry, (left, left + handle), top + 0.42 * font.line_in)
        page.write(left + 0.46 * page.scale, top, row.lines, font)
        top += (len(row.lines) + 0.25) * font.line_in


def _draw_handle(page: Page, entry: Entry, ends: tuple[float, float], top: float) -> None:
    left, right = ends
    match entry.kind:
        case "line":
            page.mark([left, right], top, **entry.style)
        case "symbol":
            page.mark([(left + right) / 2.0], top, **entry.style)
        case "patch":
            high = 0.11 * page.scale
            corner = (left + 0.05, page.height_above(top + high / 2.0))
            page.add(Rectangle(corner, right - left - 0.1, high, **entry.style))
