"""Names beside the sources of a catalogue, where there is room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.plots.overlay import MOST_NAMES
from skydriver.plots.style import ON_MAP
from skydriver.plots.text import shortened, width_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from skydriver.plots.lines import Floats
    from skydriver.plots.page import Page

_LONGEST_IN: Final = 1.3
_AWAY_IN: Final = 0.07


class Box(NamedTuple):
    """A rectangle, inches from the page's lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Whether they have a place in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def holds(self, other: Box) -> bool:
        """Whether the other lies inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.bottom <= other.bottom and other.top <= self.top


def draw_names(
    page: Page, axes: Axes, names: Sequence[str], places: tuple[Floats, Floats], taken: Iterable[Box]
) -> bool:
    """Write names beside their places on a map.

    Parameters
    ----------
    page, axes
        The map, whose limits are set.
    names
        One for each place; if they are more than `MOST_NAMES`, none is written.
    places
        Where they are on the map, in its own coordinates.
    taken
        Where nothing may be written over.

    Returns
    -------
    bool
        Whether all were written.
    """
    if len(names) > MOST_NAMES:
        return False
    font = page.font(7.5)
    inches = to_inches(axes, places)
    frame, occupied = frame_of(axes), [*taken, *(around(x, y) for x, y in inches)]
    complete = True
    for name, (x, y) in zip(names, inches, strict=True):
        (line,) = shortened(name, _LONGEST_IN * page.scale, font) or [""]
        box = _room(x, y, (width_in(line, font), font.line_in), frame, occupied)
        complete &= box is not None
        if box is not None:
            occupied.append(box)
            write_on_map(page, axes, box, line, font.size)
    return complete


def write_on_map(page: Page, axes: Axes, box: Box, text: str, size: float) -> None:
    """White letters with a dark edge in the middle of a box."""
    x, y = (box.left + box.right) / 2.0, (box.bottom + box.top) / 2.0
    axes.text(
        x, y, text, transform=page.figure.dpi_scale_trans, size=size, color="white", ha="center", va="center",
        path_effects=ON_MAP, zorder=8,
    )  # fmt: skip


def to_inches(axes: Axes, places: tuple[Floats, Floats]) -> Floats:
    """Places on a map, (n, 2), in inches from the page's lower left corner."""
    pixels = axes.transData.transform(np.column_stack(places))
    return np.asarray(pixels / axes.figure.dpi, np.float64)


def frame_of(axes: Axes) -> Box:
    """The panel."""
    inner = axes.get_window_extent()
    return Box(*(float(edge) / axes.figure.dpi for edge in (inner.x0, inner.y0, inner.x1, inner.y1)))


def around(x: float, y: float, half_in: float = 0.06) -> Box:
    """A symbol's room."""
    return Box(x - half_in, y - half_in, x + half_in, y + half_in)


def _room(x: float, y: float, size: tuple[float, float], frame: Box, occupied: Sequence[Box]) -> Box | None:
    """A place for a name to the right, the left, above, below or at a corner of its symbol, whichever is free."""
    width, height = size
    for across, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)):
        middle = x + across * (width / 2.0 + _AWAY_IN), y + up * (height / 2.0 + _AWAY_IN)
        box = Box(middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2)
        if frame.holds(box) and not any(box.meets(other) for other in occupied):
            return box
    return None
