"""When a request to stop, such as Ctrl-C, is answered."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Interrupts:
    """Turns the first request to stop into a KeyboardInterrupt where none can do harm, and forgets later ones.

    So nothing is interrupted while it ends: workers are waited for and products are written whole.
    """

    def __init__(self) -> None:
        self._held = False
        self.asked = False
        """Whether a request has come."""

    def ask(self, *_signal: object) -> None:
        """A request to stop has come; also a signal handler."""
        first, self.asked = not self.asked, True
        if first and not self._held:
            raise KeyboardInterrupt

    def hold(self) -> None:
        """From now on requests are answered only where they are welcome."""
        self._held = True

    @contextmanager
    def welcome(self) -> Iterator[None]:
        """A request is answered here, also one that had to wait."""
        held, self._held = self._held, False
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._held = held
