"""The service's side of the child process: a call that takes too long ends it, and the next one starts another.

htcondor2 holds the GIL during calls, and takes its tokens' folder from the process' environment: so there is one child
for each cluster, with an environment of its own in which nothing is secret.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE = "skydriver.clusters.htcondor.child"
KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV")
"""Variables of the service that the child has too."""
TIMEOUT_S = 10
"""What HTCondor's own calls wait for."""
MAX_ANSWER = 64_000_000
"""Bytes."""


class Process:
    """A child that is started when it is needed first.

    Parameters
    ----------
    collector, schedd
        What it talks to.
    token_directory
        With which tokens.
    """

    def __init__(self, collector: str, schedd: str, token_directory: str) -> None:
        self._told = {"collector": collector, "schedd": schedd, "token_directory": token_directory}
        self._lock = threading.Lock()
        self._starter = ThreadPoolExecutor(1, "condor child")
        """Children end with the thread that starts them, so that one lasts as long as this."""
        self._child: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Of the child; None where there is none."""
        return None if self._child is None else self._child.pid

    def call(self, verb: str, arguments: Mapping[str, Any], deadline_s: float) -> Any:
        """What the child answers, within `deadline_s`; calls wait for each other, within the same time.

        Raises
        ------
        ClusterAwayError
            If it takes too long, or ends instead.
        ClusterRefusalError
            If it says so.
        """
        until = time.monotonic() + deadline_s
        if not self._lock.acquire(timeout=deadline_s):
            raise ClusterAwayError(f"{self._told['schedd']} did not answer another call within {deadline_s:g} s")
        answer = None
        try:
            answer = self._exchange({"verb": verb, "arguments": dict(arguments)}, until)
        except TimeoutError as error:
            raise ClusterAwayError(f"{self._told['schedd']} did not answer within {deadline_s:g} s") from error
        except OSError as error:
            raise ClusterAwayError(f"the process that talks to {self._told['schedd']} ended") from error
        finally:
            if answer is None:  # it may still be about to answer, which nobody would understand
                self._end()
            self._lock.release()
        if "value" in answer:
            return answer["value"]
        kind = ClusterAwayError if answer["error"] == "away" else ClusterRefusalError
        raise kind(answer["says"])

    def close(self) -> None:
        """End the child, in the midst of a call too."""
        self._end()
        self._starter.shutdown()

    def _exchange(self, call: dict[str, Any], until: float) -> dict[str, Any]:
        channel = self._channel or self._starter.submit(self._start).result()
        _wait_until(channel, until)
        channel.sendall(json.dumps(call).encode() + b"\n")
        parts: list[bytes] = []
        size = 0
        while not parts or not parts[-1].endswith(b"\n"):
            _wait_until(channel, until)
            parts.append(channel.recv(1 << 20))
            size += len(parts[-1])
            if not parts[-1] or size > MAX_ANSWER:
                raise ConnectionError("no whole answer")
        answer: dict[str, Any] = json.loads(b"".join(parts))
        return answer

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", MODULE, str(os.getpid())]
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_environment(self._told["token_directory"]),
            )
        self._channel = ours
        ours.sendall(json.dumps(self._told).encode() + b"\n")
        return ours

    def _end(self) -> None:
        child, channel = self._child, self._channel
        self._child = self._channel = None
        if channel is not None:
            channel.close()
        if child is not None:
            child.kill()
            child.wait()


def _wait_until(channel: socket.socket, until: float) -> None:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    channel.settimeout(left_s)


def _environment(token_directory: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "CONDOR_CONFIG": "ONLY_ENV",
        "_CONDOR_SEC_CLIENT_AUTHENTICATION_METHODS": "IDTOKENS",
        "_CONDOR_SEC_TOKEN_DIRECTORY": token_directory,
        "_CONDOR_SEC_TOKEN_SYSTEM_DIRECTORY": token_directory,
        "_CONDOR_SEC_TCP_SESSION_TIMEOUT": str(TIMEOUT_S),
        "_CONDOR_QUERY_TIMEOUT": str(TIMEOUT_S),
    }
