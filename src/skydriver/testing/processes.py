"""Finding every process that a program started, also those whose parents have died, by a mark in their environment."""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MARK: Final = "SKYDRIVER_TEST_MARK"
WORKER: Final = b"skydriver.worker.remote"
POLL_SECONDS: Final = 0.02


@dataclass(frozen=True)
class MarkedProcesses:
    """The processes that were started with `environment`, and all that they started in turn."""

    mark: str = field(default_factory=lambda: secrets.token_hex(12))
    forked: set[int] = field(default_factory=set)
    """Those that were forked with it, of which the system shows another environment."""

    @property
    def environment(self) -> dict[str, str]:
        """What the first of them must be started with."""
        return {MARK: self.mark}

    def alive(self) -> dict[int, int]:
        """Of each that is alive, its parent."""
        wanted = f"{MARK}={self.mark}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended meanwhile, or is another user's
                is_forked = int(folder.name) in self.forked
                if not is_forked and wanted not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    found[int(folder.name)] = int(parent)
        return found

    def workers(self) -> list[int]:
        """Worker processes, those that speak with the service."""
        alive = self.alive()
        leaders = {pid for pid in alive if WORKER in command_of(pid)}
        return sorted(pid for pid in leaders if alive[pid] not in leaders)

    def fits(self) -> list[int]:
        """The forked children of workers, in which fits run."""
        alive, workers = self.alive(), set(self.workers())
        return sorted(pid for pid, parent in alive.items() if parent in workers)

    def kill(self) -> list[int]:
        """Kill all that are alive, until none is; which there were."""
        killed: set[int] = set()
        while alive := self.alive():
            killed |= alive.keys()
            for pid in alive:
                with suppress(ProcessLookupError):  # it ended meanwhile
                    os.kill(pid, signal.SIGKILL)
            time.sleep(POLL_SECONDS)
        return sorted(killed)


def command_of(pid: int) -> bytes:
    """A process's command, its words apart by zero bytes; empty where it ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = 60.0, still: Callable[[], object] = lambda: True
) -> None:
    """Wait for a condition.

    Parameters
    ----------
    condition
        What is to be true.
    what
        It in words.
    seconds
        For so long.
    still
        What must be true meanwhile: without it there is nothing to wait for.

    Raises
    ------
    TimeoutError
        If it does not come about.
    """
    latest = time.monotonic() + seconds
    while not condition():
        if not still():
            raise TimeoutError(f"there is nothing to wait for any more: {what}")
        if time.monotonic() > latest:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(POLL_SECONDS)
