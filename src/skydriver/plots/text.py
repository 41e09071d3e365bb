"""Text in a picture: measured, so that it is wrapped or shortened to its room, and harmless whatever a file says."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font

if TYPE_CHECKING:
    from collections.abc import Iterator

Weight = Literal["normal", "bold"]
FAMILY: Final = "DejaVu Sans"
"""It comes with matplotlib: pictures look the same on every machine."""
LINE_SPACING: Final = 1.32
_EM: Final = 100.0
_MARGIN: Final = 1.01


class Font(NamedTuple):
    """How a text looks."""

    size: float
    """Points."""
    weight: Weight = "normal"
    colour: str = "black"

    @property
    def line_in(self) -> float:
        """From line to line, inches."""
        return self.size * LINE_SPACING / 72.0


def plain(text: str) -> str:
    """A text in one line, of characters that the font has; others are replaced by a question mark."""
    known = _characters()
    return "".join(letter if ord(letter) in known else "?" for letter in " ".join(text.split()))


def width_in(text: str, font: Font) -> float:
    """How wide a line of text is, inches: that of its letters, which are never farther apart than that."""
    return sum(_advance(letter, font.weight) for letter in text) * font.size / 72.0 * _MARGIN


def wrapped(text: str, room_in: float, font: Font) -> list[str]:
    """A text in as many lines as it takes; words that are wider than a line are broken."""
    lines: list[str] = []
    for word in plain(text).split():
        for piece in _pieces(word, room_in, font):
            if lines and width_in(f"{lines[-1]} {piece}", font) <= room_in:
                lines[-1] = f"{lines[-1]} {piece}"
            else:
                lines.append(piece)
    return lines


def shortened(text: str, room_in: float, font: Font, n_lines: int = 1) -> list[str]:
    """A text in at most `n_lines` lines; where more would be needed the last one ends in an ellipsis."""
    lines = wrapped(text, room_in, font)
    if len(lines) <= n_lines:
        return lines
    last = " ".join(lines[n_lines - 1 :])
    fits = _longest(last, room_in - width_in("…", font), font)
    return [*lines[: n_lines - 1], last[:fits].rstrip() + "…"]


def _pieces(word: str, room_in: float, font: Font) -> Iterator[str]:
    while width_in(word, font) > room_in and len(word) > 1:
        fits = max(1, _longest(word, room_in, font))
        yield word[:fits]
        word = word[fits:]
    yield word


def _longest(text: str, room_in: float, font: Font) -> int:
    """How many characters from the first fit."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_in(text[:middle], font) <= room_in else (low, middle - 1)
    return low


@cache
def _typeface(weight: Weight) -> FT2Font:
    """Our own: matplotlib sets the size of those that it shares."""
    font = FT2Font(str(findfont(FontProperties(family=FAMILY, weight=weight))))
    font.set_size(_EM, 72.0)
    return font


@cache
def _characters() -> frozenset[int]:
    return frozenset(_typeface("normal").get_charmap())


@cache
def _advance(letter: str, weight: Weight) -> float:
    """How far a letter moves the next, in units of the font's size; FreeType gives 1/65536 of a pixel."""
    return float(_typeface(weight).load_char(ord(letter)).linearHoriAdvance) / 65536.0 / _EM
