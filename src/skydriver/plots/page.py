"""A page of blocks below each other, each as high as it needs: at any width nothing overlaps and nothing is cut."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from skydriver.plots.text import FAMILY, Font, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from skydriver.plots.text import Weight

Format = Literal["png", "pdf"]
DPI: Final = 120
_IMAGE_DPI: Final[dict[Format, int]] = {"png": DPI, "pdf": 150}
"""Resolution of the maps' colours."""
MARGIN_IN: Final = 0.12
_USUAL_WIDTH_IN: Final = 10.0
_NARROW_IN: Final = 7.5
_SETTINGS: Final[Any] = {
    "font.family": FAMILY,
    "pdf.fonttype": 42,
    "text.hinting": "none",
    "text.parse_math": False,
    "text.usetex": False,
    "path.simplify": False,
}
"""Letters are as wide in every form and stay letters, and no formula is looked for in a name.

Any: the type of these lists every setting.
"""


class Texts(NamedTuple):
    """What is written above and below a picture."""

    title: str
    subtitle: str
    footer: str
    """Who made this, and with what."""


class Block(NamedTuple):
    """Something with a height."""

    height_in: float
    draw: Callable[[float], None]
    """Called with its distance from the page's upper edge, inches."""


class Page:
    """A figure whose places are inches from its left and upper edges; fonts shrink slower than its width."""

    def __init__(self, width_in: float, file_format: Format = "png") -> None:
        self.width_in = width_in
        self.scale = min(1.0, width_in / _USUAL_WIDTH_IN) ** 0.3
        self.narrow = width_in < _NARROW_IN
        self.image_dpi = _IMAGE_DPI[file_format]
        self.figure = Figure(figsize=(width_in, width_in), dpi=DPI)
        FigureCanvasAgg(self.figure)
        self._height_in = width_in

    @property
    def inner_in(self) -> float:
        """Width between the margins."""
        return self.width_in - 2.0 * MARGIN_IN

    def font(self, size: float, weight: Weight = "normal", colour: str = "black") -> Font:
        """A font of so many points on a page of the usual width."""
        return Font(size * self.scale, weight, colour)

    def lay_out(self, blocks: Sequence[Block]) -> None:
        """Draw blocks from the top down; the page becomes as high as they are."""
        self._height_in = sum(block.height_in for block in blocks) + 2.0 * MARGIN_IN
        self.figure.set_size_inches(self.width_in, self._height_in)
        _stack(blocks, MARGIN_IN)

    def axes(self, left_in: float, top_in: float, width_in: float, height_in: float) -> Axes:
        """A panel."""
        bottom = 1.0 - (top_in + height_in) / self._height_in
        return self.figure.add_axes(
            (left_in / self.width_in, bottom, width_in / self.width_in, height_in / self._height_in)
        )

    def write(self, left_in: float, top_in: float, lines: Sequence[str], font: Font, **more: Any) -> None:
        """Lines of text, from their upper edge."""
        for row, line in enumerate(lines):
            y = 1.0 - (top_in + row * font.line_in) / self._height_in
            look = {"size": font.size, "weight": font.weight, "color": font.colour, "va": "top"} | more
            self.figure.text(left_in / self.width_in, y, line, **look)

    def add(self, artist: Artist) -> None:
        """An artist whose places are inches from the lower left corner (see `height_above`)."""
        artist.set_transform(self.figure.dpi_scale_trans)
        self.figure.add_artist(artist)

    def mark(self, left_in: Sequence[float], top_in: float, **style: Any) -> None:
        """A line, or a symbol, at some height."""
        self.add(Line2D(left_in, [self.height_above(top_in)] * len(left_in), **style))

    def height_above(self, top_in: float) -> float:
        """From inches below the upper edge to inches above the lower one."""
        return self._height_in - top_in

    def save(self, file: Path | BinaryIO, file_format: Format) -> None:
        """Write it; the same picture is the same bytes."""
        metadata = {"CreationDate": None} if file_format == "pdf" else None
        self.figure.savefig(file, format=file_format, metadata=metadata)


@contextmanager
def settings() -> Iterator[None]:
    """The settings of matplotlib that a picture is made and written under, whatever the user's own are."""
    with rc_context(_SETTINGS):
        yield


def gap(height_in: float) -> Block:
    """Nothing."""
    return Block(height_in, lambda _: None)


def beside(*columns: Sequence[Block]) -> Block:
    """Columns of blocks, which know their places from left to right."""

    def draw(top: float) -> None:
        for column in columns:
            _stack(column, top)

    return Block(max(sum(block.height_in for block in column) for column in columns), draw)


def heading(page: Page, texts: Texts) -> Block:
    """Title and subtitle."""
    title, subtitle = page.font(14, "bold"), page.font(10, colour="0.3")
    above, below = wrapped(texts.title, page.inner_in, title), wrapped(texts.subtitle, page.inner_in, subtitle)
    split = len(above) * title.line_in + 0.03

    def draw(top: float) -> None:
        page.write(page.width_in / 2.0, top, above, title, ha="center")
        page.write(page.width_in / 2.0, top + split, below, subtitle, ha="center")

    return Block(split + len(below) * subtitle.line_in + 0.08, draw)


def footing(page: Page, texts: Texts) -> Block:
    """The statement, whole."""
    font = page.font(8, colour="0.35")
    lines = wrapped(texts.footer, page.inner_in, font)
    return Block(len(lines) * font.line_in, lambda top: page.write(page.width_in / 2.0, top, lines, font, ha="center"))


def _stack(blocks: Sequence[Block], top_in: float) -> None:
    for block in blocks:
        block.draw(top_in)
        top_in += block.height_in
