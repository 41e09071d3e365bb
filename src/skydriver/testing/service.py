"""A whole service for tests: a real ``skydriver serve`` in a process of its own, on a free port, that can be killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

from skydriver.client.client import ServiceClient
from skydriver.client.outages import Patience
from skydriver.config import PREFIX
from skydriver.testing.processes import MarkedProcesses, wait_until
from skydriver.testing.warm import Forked, nursery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

PYTHON: Final = (sys.executable, "-m")
SERVE: Final = (*PYTHON, "skydriver", "serve")
_ADDRESS: Final = re.compile(r"^SkyDriver serves at (http://\S+)$", re.MULTILINE)


class RunningService:
    """A service in a process of its own.

    It is started anew for each, or forked from one that waits for that, where `is_forked` says so (`warm`).

    Parameters
    ----------
    folder
        For its data (``data``), what it prints (``1.out``, then ``2.out`` and so on) and its log (``1.log``).
    settings
        By name, as of `skydriver.config.Settings`.
    command
        What is started.
    environment
        More variables.
    """

    is_forked: ClassVar[bool] = False
    """Whether services are forked, which saves most of the time of a start; for tests that are about something else."""

    def __init__(
        self, folder: Path, settings: Mapping[str, object], command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.url = ""
        """Its address, which stays when it is started again."""
        self.processes = MarkedProcesses()
        self._command = command
        self.environment = _environment(settings) | dict(environment) | self.processes.environment
        """Variables that it is started with the next time."""
        self._n_starts = 0
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | Forked:
        """The service's own process, the one that was started last."""
        if self._process is None:
            raise RuntimeError("the service was never started")
        return self._process

    @property
    def pid(self) -> int:
        """Of the service itself."""
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the service itself lives."""
        return self._process is not None and self._process.poll() is None

    def workers(self) -> list[int]:
        """Worker processes that are alive."""
        return self.processes.workers()

    def fits(self) -> list[int]:
        """The processes in which fits run."""
        return self.processes.fits()

    def client(self, patience_s: float = 30.0) -> ServiceClient:
        """A client of it, which the caller closes."""
        return ServiceClient(self.url, Patience(patience_s))

    def start(self, seconds: float = 60.0) -> None:
        """Start it, and wait until it serves."""
        self.begin()
        self.wait_for_address(seconds)

    def begin(self) -> None:
        """Start it without waiting for anything."""
        self._n_starts += 1
        with self._file("out").open("wb") as out, self._file("log").open("wb") as log:
            self._process = self._started(out, log)

    def _started(self, out: BinaryIO, log: BinaryIO) -> subprocess.Popen[bytes] | Forked:
        if self.is_forked and self._command[:2] == PYTHON:
            forked = nursery().start(self._command[2:], self.environment, out, log)
            self.processes.forked.add(forked.pid)
            return forked
        return subprocess.Popen(  # noqa: S603 - our own program
            self._command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            start_new_session=True,
        )

    def wait_for_address(self, seconds: float = 60.0) -> None:
        """Wait until it serves; a `TimeoutError` with its log if it ends before."""
        try:
            wait_until(self._address, "the service serves", seconds, still=lambda: self.is_alive)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.printed()}\n{self.log()}") from error
        self.url = self._address() or ""
        self.environment[f"{PREFIX}PORT"] = self.url.rpartition(":")[2]

    def kill(self) -> None:
        """Kill the service itself, and nothing else, at once; wait until it is gone."""
        if self.is_alive:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30.0) -> int:
        """End it in order; its exit code."""
        if self.is_alive:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def forget(self) -> None:
        """Read the end of a process that was killed, if any was started."""
        if self._process is not None:
            self._process.wait()

    def restart(self) -> None:
        """Start it again, at the same address, after it was killed or stopped."""
        if self.is_alive:
            self.stop()
        self.start()

    def wait_until_nothing_is_left(self, seconds: float = 30.0) -> None:
        """Wait until no process that it started is alive, itself neither; a `TimeoutError` names those that are."""
        try:
            wait_until(lambda: not self.processes.alive(), "no process is left", seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {self.processes.alive()}") from error

    def log(self) -> str:
        """Its log since it was started last."""
        return self._file("log").read_text(errors="replace")

    def printed(self) -> str:
        """What it printed since it was started last."""
        return self._file("out").read_text(errors="replace")

    def _address(self) -> str | None:
        found = _ADDRESS.search(self.printed())
        return None if found is None else found[1]

    def _file(self, ending: str) -> Path:
        return self.folder / f"{self._n_starts}.{ending}"


@contextmanager
def running_service(
    folder: Path,
    *,
    database_url: str | None = None,
    workers: int = 0,
    command: Sequence[str] = SERVE,
    environment: Mapping[str, str] | None = None,
    **settings: object,
) -> Iterator[RunningService]:
    """A service that serves, and of which no process is left in the end.

    Parameters
    ----------
    folder
        A folder of its own, for all that it keeps.
    database_url
        Of a PostgreSQL database with a schema of this release; None: SQLite in the folder.
    workers
        Its worker processes.
    command
        What is started instead of ``skydriver serve``.
    environment
        More variables.
    settings
        By name, as of `skydriver.config.Settings`.

    Raises
    ------
    TimeoutError
        With its log, if it does not begin to serve, or where processes are left after it has ended in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = {"data": folder / "data", "port": 0, "local_workers": workers, **settings}
    if database_url is not None:
        given["database_url"] = database_url
    running = RunningService(folder, given, command, environment or {})
    try:
        running.start()
        yield running
        running.stop()
        running.wait_until_nothing_is_left()
    finally:
        running.processes.kill()
        running.forget()


def _environment(settings: Mapping[str, object]) -> dict[str, str]:
    """The variables of this process without SkyDriver's own, and those of the settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = {PREFIX + name.upper(): _text(value) for name, value in settings.items()}
    return {**kept, "PYTHONUNBUFFERED": "1", **given}


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return json.dumps([str(item) for item in value])
    return str(value)
