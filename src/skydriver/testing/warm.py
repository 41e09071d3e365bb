"""Services that are forked from a process that has imported everything: a start costs tests a fifth of the CPU time.

They are like those that are started with ``python -m``: a session, an environment and files of their own, and an exit
code. Only that the system shows the command and the environment of the process that they are forked from.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

_LONGEST: Final = 1 << 20
"""Bytes of a message at most."""
_FDS: Final = array.array("i", [0, 0]).itemsize * 2


class Forked:
    """A process that was forked; of `subprocess.Popen` what tests need.

    Parameters
    ----------
    nursery
        Whose child it is.
    pid
        Its number.
    """

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self.pid = pid
        self.returncode: int | None = None
        self._lock = threading.Lock()
        self._pidfd = os.pidfd_open(pid)  # the number stays its own until the nursery is asked how it ended

    def poll(self) -> int | None:
        """How it ended, as `subprocess.Popen` says it; None while it lives."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The same, once it ended."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        with self._lock:
            if self.returncode is None:
                signal.pidfd_send_signal(self._pidfd, number)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._pidfd], [], [], timeout)[0]:
            with self._lock:
                if self.returncode is None:
                    self.returncode = os.waitstatus_to_exitcode(self._nursery.ask({"ended": self.pid}))
                    os.close(self._pidfd)
        return self.returncode


class Nursery:
    """A process that imports a service, and forks it as often as it is asked to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},  # no threads
                start_new_session=True,
            )

    def start(self, command: Sequence[str], environment: Mapping[str, str], out: BinaryIO, log: BinaryIO) -> Forked:
        """Start ``MODULE ARGUMENT...`` with an environment, standard output and standard error."""
        return Forked(self, self.ask({"command": list(command), "environment": dict(environment)}, out, log))

    def ask(self, question: object, *files: BinaryIO) -> int:
        """What it answers."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno() for file in files]))]
        with self._lock:
            self._socket.sendmsg([json.dumps(question).encode()], rights if files else [])
            return int(self._socket.recv(100))

    def close(self) -> None:
        """End it, not what it forked."""
        self._socket.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """The one of this process."""
    made = Nursery()
    atexit.register(made.close)
    return made


def _receive(channel: socket.socket) -> tuple[dict[str, object], list[int]]:
    text, ancillary, _, _ = channel.recvmsg(_LONGEST, socket.CMSG_SPACE(_FDS))
    files = array.array("i")
    for _, _, data in ancillary:
        files.frombytes(data)
    return json.loads(text or b"{}"), list(files)


def _attend(channel: socket.socket) -> list[str]:
    """Answer until nobody asks any more; in a child, what it is to run."""
    while True:
        question, files = _receive(channel)
        match question:
            case {"command": list(command), "environment": dict(environment)}:
                if not (pid := os.fork()):
                    _begin(environment, files)
                    return command
                for file in files:
                    os.close(file)
                channel.send(str(pid).encode())
            case {"ended": int(pid)}:
                channel.send(str(os.waitpid(pid, 0)[1]).encode())
            case _:
                return []


def _begin(environment: Mapping[str, str], files: Sequence[int]) -> None:
    """Be a process of its own."""
    os.setsid()
    for ours, theirs in zip((1, 2), files, strict=True):
        os.dup2(theirs, ours)
        os.close(theirs)
    os.environ.clear()
    os.environ.update(environment)


def main() -> None:
    """Fork for whoever has the other end of a socket."""
    import skydriver.api.run  # noqa: PLC0415 - what all of them need
    import skydriver.cli.main  # noqa: F401, PLC0415 - the same

    with socket.socket(fileno=int(sys.argv[1])) as channel, suppress(KeyboardInterrupt):
        command = _attend(channel)
    if command:
        module, *arguments = command
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
