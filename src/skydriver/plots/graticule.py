"""Lines of right ascension and declination around a place, with labels where they leave the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.plots.names import Box, frame_of, line_points, to_inches, write_on_map
from skydriver.plots.projections import inverse_offsets, offsets
from skydriver.plots.style import GRATICULE
from skydriver.plots.text import width_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from skydriver.plots.page import Page
    from skydriver.plots.text import Font

    Floats = NDArray[np.float64]

_STEPS: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0
)  # fmt: skip
"""Degrees between lines; each divides a turn."""
_POLAR_STEP: Final = 30.0
_MOST_LINES: Final = 7.5
_SAMPLES: Final = 361
_SIDES: Final = ("bottom", "top", "left", "right")


class View(NamedTuple):
    """What a zoom shows: a square."""

    centre: tuple[float, float]
    """Right ascension and declination, degrees."""
    half_deg: float
    """Half its width."""

    @property
    def polar(self) -> bool:
        """Whether a pole is in it: the right ascension then has all values."""
        return any(bool(np.all(np.abs(offsets(0.0, pole, self.centre)) < self.half_deg)) for pole in (-90.0, 90.0))

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Degrees east at the left and the right edge, degrees north at the lower and the upper one."""
        return (self.half_deg, -self.half_deg, -self.half_deg, self.half_deg)

    def side(self, name: str) -> tuple[Floats, Floats]:
        """Degrees east and north along one side, or across the middle, from left to right or from below."""
        along, fixed = np.linspace(-1.0, 1.0, _SAMPLES) * self.half_deg, np.full(_SAMPLES, self.half_deg)
        match name:
            case "bottom":
                return -along, -fixed
            case "top":
                return -along, fixed
            case "left":
                return fixed, along
            case "right":
                return -fixed, along
            case _:
                return -along, np.zeros(_SAMPLES)


class Spacing(NamedTuple):
    """Degrees between lines."""

    ra_deg: float
    dec_deg: float


def spacing(view: View) -> Spacing:
    """Round numbers, so that there are a few lines of each kind."""
    middle = _ra_along(view, "middle")
    return Spacing(_POLAR_STEP if view.polar else _step(float(np.ptp(middle))), _step(2.0 * view.half_deg))


def label_room_in(view: View, font: Font) -> float:
    """How much room the labels beside a panel need."""
    return width_in("+888°" if view.polar else _dec_text(88.0, spacing(view).dec_deg), font) + 0.05


def crossings(values: Floats, step: float) -> Iterator[tuple[float, float]]:
    """Where a side meets the lines: how far along it (0 to 1), and which multiple of `step` it is.

    Parameters
    ----------
    values
        The coordinate along the side, without jumps, degrees.
    step
        Degrees between lines.
    """
    at = np.arange(len(values)) / (len(values) - 1.0)
    for k in range(int(np.ceil(values.min() / step)), int(np.floor(values.max() / step)) + 1):
        over = values - k * step
        for i in np.flatnonzero((over[:-1] < 0.0) != (over[1:] < 0.0)).tolist():
            share = over[i] / (over[i] - over[i + 1])
            yield float(at[i] + share * (at[i + 1] - at[i])), k * step


def draw_graticule(page: Page, axes: Axes, view: View, taken: Box) -> list[Box]:
    """Draw the lines and their labels in a panel of a view's extent; the room of labels inside of it is returned.

    Where `taken` is, no label is written.
    """
    steps = spacing(view)
    _draw_lines(axes, view, steps)
    font = page.font(8)
    sides = _SIDES if view.polar else ("bottom",)
    for side in sides:
        _label_side(axes, (side, list(_ra_crossings(view, side, steps.ra_deg))), font)
    if view.polar:
        return _label_circles(page, axes, view, taken)
    labels = [(at, _dec_text(dec, steps.dec_deg)) for at, dec in crossings(_dec_along(view, "left"), steps.dec_deg)]
    _label_side(axes, ("left", labels), font)
    return []


def _step(range_deg: float) -> float:
    return next((step for step in _STEPS if step >= range_deg / _MOST_LINES), _STEPS[-1])


def _ra_reach(view: View) -> float:
    """How far right ascension goes from the centre's, degrees, where no pole is in view."""
    edges = [_ra_along(view, side) for side in _SIDES]
    return float(min(180.0, max(np.abs((edge - view.centre[0] + 180.0) % 360.0 - 180.0).max() for edge in edges)))


def _ra_along(view: View, side: str) -> Floats:
    """Right ascension along a side, without jumps."""
    return np.unwrap(inverse_offsets(*view.side(side), view.centre)[0], period=360.0)


def _dec_along(view: View, side: str) -> Floats:
    return inverse_offsets(*view.side(side), view.centre)[1]


def _draw_lines(axes: Axes, view: View, steps: Spacing) -> None:
    dec_range = _dec_range(view)
    reach = 180.0 if view.polar else _ra_reach(view)
    dec = np.linspace(*dec_range, _SAMPLES)
    middle = view.centre[0]
    for k in range(int(np.ceil((middle - reach) / steps.ra_deg)), int(np.floor((middle + reach) / steps.ra_deg)) + 1):
        axes.plot(*offsets(np.full(_SAMPLES, k * steps.ra_deg), dec, view.centre), **GRATICULE)
    ra = np.linspace(middle - reach, middle + reach, _SAMPLES)
    for parallel in _multiples(*dec_range, steps.dec_deg):
        axes.plot(*offsets(ra, np.full(_SAMPLES, parallel), view.centre), **GRATICULE)


def _dec_range(view: View) -> tuple[float, float]:
    edges = np.concatenate([_dec_along(view, side) for side in _SIDES])
    north = np.sign(view.centre[1]) * 90.0 if view.polar else edges[0]
    return float(min(edges.min(), north)), float(max(edges.max(), north))


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [k * step for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _ra_crossings(view: View, side: str, step: float) -> Iterator[tuple[float, str]]:
    for at, ra in crossings(_ra_along(view, side), step):
        yield at, _ra_text(ra, step)


def _ra_text(ra_deg: float, step: float) -> str:
    digits = _digits(step)
    return f"{round(ra_deg, digits) % 360.0:.{digits}f}°"


def _dec_text(dec_deg: float, step: float) -> str:
    digits = _digits(step)
    rounded = round(dec_deg, digits)
    return f"{rounded:+.{digits}f}°" if rounded else "0°"


def _digits(step: float) -> int:
    return max(0, -int(np.floor(np.log10(step) + 1e-9)))


def _label_side(axes: Axes, labels: tuple[str, list[tuple[float, str]]], font: Font) -> None:
    """Write labels along a side, but those that would touch the one before or a corner's."""
    side, texts = labels
    horizontal = side in {"bottom", "top"}
    box = frame_of(axes)
    length = box.right - box.left
    last = -np.inf
    for at, text in sorted(texts):
        half = (width_in(text, font) if horizontal else font.line_in) / 2.0 / length
        if at - half > last and (horizontal or 2.0 * half < at < 1.0 - 2.0 * half):
            _write_outside(axes, side, (at, text), font)
            last = at + half + 0.08 / length


def _write_outside(axes: Axes, side: str, label: tuple[float, str], font: Font) -> None:
    at, text = label
    gap = 0.03 / (frame_of(axes).right - frame_of(axes).left)
    x, y, ha, va = {
        "bottom": (at, -gap, "center", "top"),
        "top": (at, 1.0 + gap, "center", "bottom"),
        "left": (-gap, at, "right", "center"),
        "right": (1.0 + gap, at, "left", "center"),
    }[side]
    axes.text(x, y, text, transform=axes.transAxes, ha=ha, va=va, size=font.size)


def _label_circles(page: Page, axes: Axes, view: View, taken: Box) -> list[Box]:
    """Write declinations on their circles around a pole, between two meridians and away from the middle."""
    font, frame, steps = page.font(7.5), frame_of(axes), spacing(view)
    ra = np.arange(0.5, 360.0 / steps.ra_deg) * steps.ra_deg
    boxes: list[Box] = []
    lines = line_points(axes)
    for parallel in _multiples(*_dec_range(view), steps.dec_deg):
        if abs(parallel) > 90.0 - 1e-9:
            continue
        text = _dec_text(parallel, steps.dec_deg)
        wide, high = width_in(text, font) / 2.0 + 0.03, font.line_in / 2.0
        spots = to_inches(axes, offsets(ra, np.full_like(ra, parallel), view.centre))
        fits = [Box(x - wide, y - high, x + wide, y + high) for x, y in spots]
        fits = [box for box in fits if frame.holds(box) and not any(box.meets(other) for other in [taken, *boxes])]
        if fits:
            boxes.append(max(fits, key=lambda box: (not box.crossed(lines), _from_middle(box, frame))))
            write_on_map(page, axes, boxes[-1], text, font.size)
    return boxes


def _from_middle(box: Box, frame: Box) -> float:
    across = box.left + box.right - frame.left - frame.right
    return float(np.hypot(across, box.bottom + box.top - frame.bottom - frame.top))
