"""Progress of a scan on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from skydriver.cli.output import complain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from skydriver.services.local_scan import Progress

REFRESH_SECONDS = 0.1
WIDE = 80
"""A terminal of fewer columns has no room for a bar."""
LINE_SECONDS = 5.0
"""Plain lines are at least so long apart, but for the last."""


Words = dict[str, str]
"""``pixels``, ``best`` and ``eta``: what is done, the best fit so far, and the remaining time."""
Display = Callable[[float, Callable[[], Words]], None]
"""What to call with the share that is done, 0 to 1, and what makes the words of it if they are to be shown."""


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """What to call with each `Progress` of a scan on this machine."""
    with display("starting workers") as show:
        yield lambda state: show(state.forecast.fraction, partial(describe, state))


@contextmanager
def display(first: str) -> Iterator[Display]:
    """A bar on a terminal, which begins with the words `first`, or plain lines elsewhere."""
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
        yield _Bar(bar, first).show


def describe(state: Progress) -> Words:
    """Pixels, best fit so far and remaining time in words."""
    ahead, best = state.forecast, state.best
    left = ahead.seconds_left
    return {
        "pixels": f"{state.what}{ahead.pixels_done}/{ahead.pixels_total} pixels",
        "best": best_words(best.wanted.nside, best.wanted.pixel, best.llh) if best else "no fit yet",
        "eta": f"{left:.0f} s left" if left is not None else "",
    }


def best_words(nside: int, pixel: int, llh: float) -> str:
    """The best fit so far, in words."""
    import hpgeom

    ra, dec = hpgeom.pixel_to_angle(nside, pixel, nest=False, lonlat=True, degrees=True)
    return f"best RA {float(ra):.2f} Dec {float(dec):+.2f}, llh {llh:.1f}"


class _Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, fraction: float, words: Callable[[], Words]) -> None:
        now = time.monotonic()
        if now - self._last < LINE_SECONDS and fraction < 1.0:
            return
        self._last = now
        complain("  ".join(filter(None, words().values())))


class _Bar:
    """A bar that is drawn again now and then."""

    def __init__(self, bar: Bar, first: str) -> None:
        self._bar = bar
        self._task: TaskID = bar.add_task("", total=1.0, pixels=first, best="", eta="")
        self._last = 0.0
        bar.refresh()

    def show(self, fraction: float, words: Callable[[], Words]) -> None:
        now = time.monotonic()
        if now - self._last < REFRESH_SECONDS and fraction < 1.0:
            return
        self._last = now
        self._bar.update(self._task, completed=fraction, **words())  # type: ignore[arg-type]
        self._bar.refresh()
