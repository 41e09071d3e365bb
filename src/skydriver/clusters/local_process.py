"""One worker process on this machine, and what it said."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS = ("SKYDRIVER_DATABASE_URL", "PGPASSWORD", "PGPASSFILE")
"""Variables that workers have no business to know."""
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
MODULE = "skydriver.worker.remote"
MAX_LINE = 500


class LocalProcess:
    """A worker, started when this is made; `OSError` where that cannot be.

    Parameters
    ----------
    url
        Of the service.
    token
        With which it shows that it may work; it goes over standard input, which stays open as long as this process
        lives, so that the worker notices its end.
    pool
        What it belongs to.
    environment
        Variables that it is to have beside ours, before them.
    """

    def __init__(self, url: str, token: str, pool: str, environment: Mapping[str, str] = MappingProxyType({})) -> None:
        self.token = token
        self.started = time.monotonic()
        self.said = ""
        """Its last line on standard error."""
        ours = {name: text for name, text in os.environ.items() if name not in SECRETS}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ours | ONE_THREAD | dict(environment),
            start_new_session=True,  # a terminal's Ctrl-C is not for it
        )
        self._rest = b""
        self._errors = self._process.stderr.fileno() if self._process.stderr else -1
        os.set_blocking(self._errors, False)
        self._pidfd = -1
        try:
            if hasattr(os, "pidfd_open"):
                self._pidfd = os.pidfd_open(self.pid)
        except OSError:
            self.kill()
            raise
        self._tell({"url": url, "token": token, "pool": pool})

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def channels(self) -> list[int]:
        """File descriptors that can be read when there is something to `listen` to, or when it has ended."""
        return [fd for fd in (self._errors, self._pidfd) if fd >= 0]

    def listen(self) -> list[str]:
        """The lines that it wrote since."""
        lines = []
        with suppress(BlockingIOError):
            while self._errors >= 0:
                data = os.read(self._errors, 65_536)
                if not data:
                    self._errors = -1
                *whole, self._rest = (self._rest + data).split(b"\n")
                lines += whole
                self._rest = self._rest[:MAX_LINE]
        texts = [_readable(line) for line in lines if line.strip()]
        self.said = texts[-1] if texts else self.said
        return texts

    def ended(self) -> str | None:
        """How it ended, in words; None while it lives."""
        status = self._process.poll()
        if status is None:
            return None
        if status < 0:
            return f"the worker was killed by {signal.Signals(-status).name}"
        return (
            f"the worker ended with status {status}{': ' if status and self.said else ''}{self.said if status else ''}"
        )

    def terminate(self) -> None:
        """Ask it to give its task back and to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and what it forked, and let go of it."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        if self._pidfd >= 0:
            os.close(self._pidfd)
        self._pidfd = self._errors = -1
        for file in (self._process.stdin, self._process.stderr):
            if file is not None:
                with suppress(BrokenPipeError):
                    file.close()

    def _tell(self, given: dict[str, str]) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it has ended already, which is noticed elsewhere
                self._process.stdin.write(json.dumps(given).encode() + b"\n")
                self._process.stdin.flush()


def has_ended(host: str, pid: int) -> bool:
    """Whether a worker that said so of itself is known not to live: on another machine nobody knows."""
    if host != socket.gethostname()[:200]:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _readable(line: bytes) -> str:
    text = line[:MAX_LINE].decode(errors="replace")
    return "".join(c if c.isprintable() else " " for c in text)
