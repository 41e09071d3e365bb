"""``skydriver serve`` that kills itself at one of its commits: ``python -m skydriver.testing.commit_faults``.

What it takes as options of its own are variables: its settings are those of the service.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from skydriver import log
from skydriver.api.run import run
from skydriver.config import read_settings
from skydriver.db.commit_points import CommitPoint

if TYPE_CHECKING:
    from skydriver.db.database import When

FAULT: Final = "SKYDRIVER_TEST_FAULT"
"""The variable that says where: ``POINT:before:N`` or ``POINT:after:N``, the N-th commit of that name."""
FAULTS_MET: Final = "SKYDRIVER_TEST_FAULTS_MET"
"""The variable that names a file, which gets a line with the fault just before it comes about."""
COMMAND: Final = (sys.executable, "-m", "skydriver.testing.commit_faults")


class Fault(NamedTuple):
    """Where the service kills itself."""

    point: CommitPoint
    when: When
    number: int = 1
    """Which of the commits of that name, from 1."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From ``POINT:before:N``."""
        point, when, number = text.split(":")
        return cls(CommitPoint(point), "before" if when == "before" else "after", int(number))

    def __str__(self) -> str:
        return f"{self.point}:{self.when}:{self.number}"


class Killer:
    """Watches the commits of a database, from any thread, and kills this process at one of them.

    Parameters
    ----------
    fault
        Which; None: none.
    met
        A file that gets a line just before.
    """

    def __init__(self, fault: Fault | None, met: Path) -> None:
        self._fault = fault
        self._met = met
        self._lock = threading.Lock()
        self._n = 0

    def __call__(self, point: CommitPoint, when: When) -> None:
        """A commit is about to be made, or was made."""
        fault = self._fault
        if fault is None or (point, when) != (fault.point, fault.when):
            return
        with self._lock:
            self._n += 1
            if self._n == fault.number:
                with self._met.open("a") as file:
                    file.write(f"{fault}\n")
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Serve, as ``skydriver serve`` does, until the fault."""
    settings = read_settings()
    log.configure()
    text = os.environ.get(FAULT)
    killer = Killer(Fault.from_text(text) if text else None, Path(os.environ[FAULTS_MET]))
    run(settings, lambda running: print(f"SkyDriver serves at {running.url}", flush=True), killer)  # noqa: T201


if __name__ == "__main__":
    main()
