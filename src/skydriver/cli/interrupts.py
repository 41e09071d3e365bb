"""Ctrl-C and SIGTERM on the command line: both end a scan in order."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from skydriver.cli.output import complain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.services.interrupts import Interrupts

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """What tells a scan to stop; where it has nothing to show for itself, the command ends with exit code 130.

    A signal that is ignored from the start stays so, as in a script's background jobs.
    """
    from skydriver.services.interrupts import Interrupts

    interrupts = Interrupts()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, interrupts.ask)
    try:
        yield interrupts
    except KeyboardInterrupt:
        complain("interrupted before anything was finished: nothing is written")
        raise typer.Exit(130) from None
    finally:
        for number, handler in before.items():
            # Once asked to stop, it is stopping: Python's own end would die of another signal.
            signal.signal(number, signal.SIG_IGN if interrupts.asked else handler)
