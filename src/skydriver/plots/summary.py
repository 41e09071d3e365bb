"""Whether the map may be used, above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.plots.page import MARGIN_IN, Block
from skydriver.plots.text import shortened, width_in

if TYPE_CHECKING:
    from skydriver.plots.page import Page

_MAX_REASONS: Final = 3
_MOST_LINES: Final = 2
ANSWER_COLOURS: Final = {"yes": "#2ca02c", "caution": "#ff7f0e", "no": "#d62728"}
_BADGE_COLOURS: Final = {"yes": "white", "caution": "black", "no": "white"}
"""Of letters that can be read on them."""


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


def summary_block(page: Page, summary: Summary) -> Block:
    """The answer as a badge, with what is quoted and the worst reasons beside it."""
    small, bold, normal = page.font(9, colour="0.3"), page.font(8.5, "bold"), page.font(8.5)
    badge_in = width_in("May I use it?", small) + 0.15
    left = MARGIN_IN + badge_in + 0.2
    room = page.width_in - MARGIN_IN - left
    told = [summary.quoted, *(f"· {reason}" for reason in summary.reasons[:_MAX_REASONS])]
    lines = [line for text in told for line in shortened(text, room, normal, _MOST_LINES)]
    if more := len(summary.reasons) - _MAX_REASONS:
        lines += shortened(f"(and {more} more in the summary)", room, normal) if more > 0 else []
    heading = shortened(summary.topology, room, bold)

    def draw(top: float) -> None:
        _draw_badge(page, summary.answer, MARGIN_IN + badge_in / 2.0, top)
        page.write(left, top, heading, bold)
        page.write(left, top + bold.line_in, lines, normal)

    return Block(max(bold.line_in + len(lines) * normal.line_in, 0.7 * page.scale) + 0.1, draw)


def _draw_badge(page: Page, answer: str, middle_in: float, top: float) -> None:
    small, large = page.font(9, colour="0.3"), page.font(13, "bold", _BADGE_COLOURS[answer])
    box = {"boxstyle": "round,pad=0.4", "facecolor": ANSWER_COLOURS[answer], "edgecolor": "none"}
    page.write(middle_in, top, ["May I use it?"], small, ha="center")
    page.write(middle_in, top + small.line_in + 0.14, [answer.upper()], large, ha="center", bbox=box)
