"""For how long requests are repeated while a service does not answer, and who is told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from skydriver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0


def _nobody(_error: UnavailableError | None) -> None:
    """Tell nobody."""


@dataclass
class Patience:
    """How long an outage may last, counted anew after each answer.

    Parameters
    ----------
    seconds
        A request is repeated for so long.
    tell
        Called once in each outage with what is wrong, and once with None when there is an answer again.
    clock, pause
        Seconds that only ever go on, and how to wait for some.
    """

    seconds: float = 3.0
    tell: Callable[[UnavailableError | None], None] = _nobody
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _since: float | None = field(default=None, init=False)
    _next_pause_s: float = field(default=FIRST_PAUSE_S, init=False)

    def answered(self) -> None:
        """There was an answer."""
        if self._since is not None:
            self._since, self._next_pause_s = None, FIRST_PAUSE_S
            self.tell(None)

    def wait_after(self, error: UnavailableError) -> None:
        """Wait before the next attempt; where patience is at its end the error is raised."""
        now = self.clock()
        if self._since is None:
            self._since = now
            if self.seconds > 0.0:
                self.tell(error)
        if now + self._next_pause_s > self._since + self.seconds:
            self._since, self._next_pause_s = None, FIRST_PAUSE_S
            raise error
        self.pause(self._next_pause_s)
        self._next_pause_s = min(2.0 * self._next_pause_s, LONGEST_PAUSE_S)


def no_answer(url: object, error: httpx.TransportError) -> UnavailableError:
    """What to say of a service that does not answer."""
    return UnavailableError(f"{str(url).rstrip('/')} does not answer ({_why(error)}): is skydriver serve running?")


def _why(error: httpx.TransportError) -> str:
    """In a few words."""
    if isinstance(error, httpx.TimeoutException):
        return "it takes too long"
    text = str(error) or type(error).__name__
    return "connection refused" if "refused" in text else text
