"""What holds a worker: signals, and perhaps its standard input, open as long as whoever started it lives."""

from __future__ import annotations

import os
import signal
import socket
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class StarterGoneError(Exception):
    """Standard input was closed: end at once."""


class ToldToEndError(Exception):
    """A signal came: end in order. It is raised once."""


class Leash:
    """Every wait of a worker goes through here, so that it ends as soon as it is to end.

    A context manager that takes `signals` for itself meanwhile.

    Parameters
    ----------
    fd
        To watch until it is at its end; what comes is thrown away. None where there is none.
    signals
        That end the worker.
    """

    def __init__(self, fd: int | None, signals: Sequence[signal.Signals] = (signal.SIGTERM,)) -> None:
        self._fd = fd
        self._numbers = signals
        self._told = False
        self._raised = False
        self._ours, self._signals = socket.socketpair()
        self._ours.settimeout(0.0)
        self._signals.settimeout(0.0)

    def __enter__(self) -> Self:
        """Listen to the signals."""
        self._handlers = {number: signal.signal(number, self._tell) for number in self._numbers}
        self._wakeup = signal.set_wakeup_fd(self._signals.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the signals as they were."""
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.close()

    @property
    def channels(self) -> list[Any]:
        """What to wait for together with other things; then call `check`."""
        return [self._ours] if self._fd is None else [self._fd, self._ours]

    def wait(self, others: Sequence[Any], timeout_s: float | None) -> list[Any]:
        """Those of `others` that can be read, empty if none can so long.

        Raises
        ------
        StarterGoneError, ToldToEndError
            As soon as it is so.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            self.check([])
            heard = wait([*others, *self.channels], None if until is None else max(0.0, until - time.monotonic()))
            self.check(heard)
            ready = [other for other in others if other in heard]
            if ready or (until is not None and time.monotonic() >= until):
                return ready

    def check(self, heard: Sequence[Any]) -> None:
        """Raise what `wait` does, where one of `heard` says so."""
        if self._ours in heard:
            self._ours.recv(4096)
        if self._fd is not None and self._fd in heard and not os.read(self._fd, 65536):
            raise StarterGoneError("standard input was closed")
        if self._told and not self._raised:
            self._raised = True
            raise ToldToEndError("a signal")

    def close(self) -> None:
        """Let go of the sockets."""
        self._ours.close()
        self._signals.close()

    def _tell(self, _number: int, _frame: object) -> None:
        self._told = True
