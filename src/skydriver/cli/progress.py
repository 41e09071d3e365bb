"""Progress of a scan on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skydriver.cli.output import complain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from skydriver.services.local_scan import Progress

REFRESH_SECONDS = 0.1
WIDE = 80
"""A terminal of fewer columns has no room for a bar."""
LINE_SECONDS = 5.0
"""Plain lines are at least so long apart, but for the last."""


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """What to call with each `Progress`."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _Lines().show
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    pixels, eta, best = (f"{{task.fields[{name}]}}" for name in ("pixels", "eta", "best"))
    wide = TextColumn(pixels), BarColumn(), TextColumn(f"{best}  {eta}")
    console = Console(stderr=True)
    columns = wide if console.width >= WIDE else (TextColumn(f"{pixels}  {eta}  {best}"),)
    with Progress(*columns, console=console, auto_refresh=False) as bar:
        yield _Bar(bar).show


def describe(state: Progress) -> dict[str, str]:
    """Pixels, best fit so far and remaining time in words."""
    ahead, best = state.forecast, state.best
    left = ahead.seconds_left
    return {
        "pixels": f"{state.what}{ahead.pixels_done}/{ahead.pixels_total} pixels",
        "best": f"best {_position(best.wanted.nside, best.wanted.pixel)}, llh {best.llh:.1f}" if best else "no fit yet",
        "eta": f"{left:.0f} s left" if left is not None else "",
    }


def _position(nside: int, pixel: int) -> str:
    import hpgeom

    ra, dec = hpgeom.pixel_to_angle(nside, pixel, nest=False, lonlat=True, degrees=True)
    return f"RA {float(ra):.2f} Dec {float(dec):+.2f}"


class _Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, state: Progress) -> None:
        now = time.monotonic()
        if now - self._last < LINE_SECONDS and state.forecast.fraction < 1.0:
            return
        self._last = now
        words = describe(state)
        complain("  ".join(filter(None, words.values())))


class _Bar:
    """A bar that is drawn again now and then."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task: TaskID = bar.add_task("", total=1.0, pixels="starting workers", best="", eta="")
        self._last = 0.0
        bar.refresh()

    def show(self, state: Progress) -> None:
        now = time.monotonic()
        if now - self._last < REFRESH_SECONDS and state.forecast.fraction < 1.0:
            return
        self._last = now
        self._bar.update(self._task, completed=state.forecast.fraction, **describe(state))  # type: ignore[arg-type]
        self._bar.refresh()
