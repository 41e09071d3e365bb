"""Whether a loop that must not end goes round."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pulse:
    """Of one loop, from any thread.

    Parameters
    ----------
    clock
        Seconds that go on steadily.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = self._last = clock()

    def beat(self) -> None:
        """It went round once more."""
        self._last = self._clock()

    @property
    def age_s(self) -> float:
        """Since the last time, or since the beginning, s."""
        return self._clock() - self._last

    @property
    def up_s(self) -> float:
        """Since the beginning, s."""
        return self._clock() - self._begun
