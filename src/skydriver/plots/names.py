"""Names beside the sources of a catalogue, where there is room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.plots.overlay import MOST_NAMES
from skydriver.plots.style import ON_MAP
from skydriver.plots.text import shortened, width_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from skydriver.plots.lines import Floats
    from skydriver.plots.page import Page

_LONGEST_IN: Final = 1.3
_AWAY_IN: Final = 0.08
_ANOTHERS_IN: Final = 0.15
"""So far from a symbol a name may be taken for that one's."""


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

    def crossed(self, points: Floats) -> bool:
        """Whether one of some points (n, 2) lies inside; those with a NaN do not."""
        above = (points[:, 0] > self.left) & (points[:, 1] > self.bottom)
        return bool(np.any(above & (points[:, 0] < self.right) & (points[:, 1] < self.top)))


def draw_names(
    page: Page, axes: Axes, names: Sequence[str], places: tuple[Floats, Floats], taken: Iterable[Box]
) -> None:
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
        Where nothing may be written over. A name that finds no room, or none near its own symbol only, is left out.
    """
    if len(names) > MOST_NAMES:
        return
    font = page.font(7.5)
    inches, lines = to_inches(axes, places), line_points(axes)
    frame, occupied = frame_of(axes), list(taken)
    for index, (name, (x, y)) in enumerate(zip(names, inches, strict=True)):
        others = [around(one, two, _ANOTHERS_IN) for one, two in np.delete(inches, index, axis=0)]
        (line,) = shortened(name, _LONGEST_IN * page.scale, font) or [""]
        rooms = list(_rooms(x, y, (width_in(line, font), font.line_in), frame, [*occupied, *others, around(x, y)]))
        box = min(rooms, key=lambda room: room.crossed(lines), default=None)
        if box is not None:
            occupied.append(box)
            write_on_map(page, axes, box, line, font.size)


def write_on_map(page: Page, axes: Axes, box: Box, text: str, size: float) -> None:
    """White letters with a dark edge in the middle of a box."""
    x, y = (box.left + box.right) / 2.0, (box.bottom + box.top) / 2.0
    axes.text(
        x, y, text, transform=page.figure.dpi_scale_trans, size=size, color="white", ha="center", va="center",
        path_effects=ON_MAP, zorder=8,
    )  # fmt: skip


def to_inches(axes: Axes, places: tuple[ArrayLike, ArrayLike]) -> Floats:
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


def line_points(axes: Axes) -> Floats:
    """Points (n, 2) close to each other along the regions' lines, in inches as `to_inches` gives them."""
    share = np.linspace(0.0, 1.0, 9)[:, None, None]
    corners = [to_inches(axes, line.get_data()) for line in axes.lines if line.get_gid()]
    return np.concatenate(
        [np.zeros((0, 2)), *((xy[:-1] + np.diff(xy, axis=0) * share).reshape(-1, 2) for xy in corners)]
    )


def _rooms(x: float, y: float, size: tuple[float, float], frame: Box, occupied: Sequence[Box]) -> Iterator[Box]:
    """Free places for a name to the right, the left, above, below and at the corners of its symbol."""
    width, height = size
    for across, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)):
        middle = x + across * (width / 2.0 + _AWAY_IN), y + up * (height / 2.0 + _AWAY_IN)
        box = Box(middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2)
        if frame.holds(box) and not any(box.meets(other) for other in occupied):
            yield box
