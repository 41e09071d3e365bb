"""The process that makes products, as the service holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from skydriver.clusters.local_process import SECRETS
from skydriver.services.drawing.order import made_of
from skydriver.services.drawing.wire import receive, send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skydriver.services.drawing.order import Made, Order

COMMAND: Final = (sys.executable, "-m", "skydriver.services.drawing.child")
LIMIT_S: Final = 240.0
"""By the clock; on a machine that has better to do it gets a tenth of a core."""
PATIENCE_S: Final = 2.0
"""A process that is to end has so long."""


class DiedError(Exception):
    """The process ended in the middle of a product.

    Parameters
    ----------
    how
        In words.
    is_its_own
        Whether it took too much of its own time: another try would, too.
    """

    def __init__(self, how: str, *, is_its_own: bool) -> None:
        super().__init__(how)
        self.is_its_own = is_its_own


class DrawingProcess:
    """A process that makes one product after the other, started when this is made.

    It ends with the thread that made this, and is used by no other.

    Parameters
    ----------
    command
        What is started, with this process's id as its last argument.
    limit_s
        On the time for one product, by the clock.
    """

    def __init__(self, command: Sequence[str] = COMMAND, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._is_late = False
        environment = {name: text for name, text in os.environ.items() if name not in SECRETS}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*command, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # a terminal's Ctrl-C is not for it
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def make(self, order: Order) -> Made:
        """A product.

        Raises
        ------
        SettingError, StateError
            As of `skydriver.services.drawing.order.made_of`.
        DiedError
            If the process ended; it is of no further use.
        """
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert self._process.stdout is not None  # noqa: S101
        try:
            with self._timed():
                send(self._process.stdin, order.message())
                answer = receive(self._process.stdout)
        except (OSError, EOFError) as error:
            raise self._died() from error
        return made_of(answer)

    def close(self) -> None:
        """End it: it goes by itself, or is made to."""
        for file in (self._process.stdin, self._process.stdout):
            if file is not None:
                with suppress(OSError):  # what was not sent is lost with it
                    file.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, from any thread."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def _timed(self) -> Iterator[None]:
        timer = threading.Timer(self._limit_s, self._stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _stop(self) -> None:
        self._is_late = True
        self._process.kill()

    def _died(self) -> DiedError:
        self.close()
        status = self._process.returncode
        if self._is_late:
            return DiedError(f"it was stopped after {self._limit_s:g} s", is_its_own=True)
        if status == -signal.SIGPROF:
            return DiedError("it was stopped at its limit of CPU time", is_its_own=True)
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return DiedError(f"the process that makes it {how}", is_its_own=False)
