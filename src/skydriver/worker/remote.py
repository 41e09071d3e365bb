"""A worker process that leases its tasks over HTTP: ``python -m skydriver.worker.remote [START.json]``.

On the service's own machine one line of JSON comes on standard input: ``url`` of the service, ``token``, ``pool``, and
perhaps ``silence_s``, for which the service may be silent. Standard input then stays open as long as the worker is to
live. Elsewhere a file says it all (`skydriver.worker.start_file`). SIGTERM lets the worker give its task back before it
ends. It has one thread, and fits in forked children (`skydriver.worker.compute`).
"""

from __future__ import annotations

import gc
import os
import platform
import re
import signal
import socket
import sys
from contextlib import closing, contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

from skydriver import __version__
from skydriver.errors import SkyDriverError, TaskEnvironmentError
from skydriver.log import configure
from skydriver.worker.elsewhere import Elsewhere, check_machine, end_on_signals
from skydriver.worker.jobs import warm_up
from skydriver.worker.leash import Leash, StarterGoneError, ToldToEndError
from skydriver.worker.link import SILENCE_S, Link
from skydriver.worker.messages import PROTOCOL, Json
from skydriver.worker.numerics import numerics_id
from skydriver.worker.serving import OverError, Serving
from skydriver.worker.start_file import read_start

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE_BYTES = 65_536
STDIN = 0
LOOK_S = 0.25
"""Between looks at standard input while nothing waits for it."""


class Given(NamedTuple):
    """What a worker is started with."""

    url: str
    token: str
    pool: str
    silence_s: float


def main() -> int:
    """Serve until told to end (0), or until it cannot go on: then one sentence says why (1)."""
    configure()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM, signal.SIGPROF})
    try:
        if len(sys.argv) > 1:
            end_on_signals()
            _serve_elsewhere(Path(sys.argv[1]))
        else:
            _serve_here()
    except (StarterGoneError, ToldToEndError, OverError):
        return 0
    except SkyDriverError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _serve_here() -> None:
    # Ctrl-C reaches every process of a terminal's group; it is the service that decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    given = read_given(STDIN)
    with ends_with(STDIN):
        warm_up()
    gc.freeze()  # a collection in a child would copy the pages that it shares
    with Leash(STDIN) as leash, closing(Link(given.url, given.token, leash, given.silence_s)) as link:
        Serving(link, leash, registration(given.pool)).run()


def _serve_elsewhere(path: Path) -> None:
    start = read_start(path)
    check_machine()
    warm_up()
    gc.freeze()
    Elsewhere(start, registration(start.pool)).run()


@contextmanager
def ends_with(fd: int) -> Iterator[None]:
    """End this process soon after `fd` is at its end, also where something else takes long."""

    def look(_number: int, _frame: object) -> None:
        if wait([fd], 0.0):
            os._exit(0)

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def read_given(fd: int) -> Given:
    """What is on the first line, and nothing behind it.

    Raises
    ------
    TaskEnvironmentError
        Where something is missing; what came is not told, for it holds a secret.
    """
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < MAX_LINE_BYTES and (byte := os.read(fd, 1)):
        line += byte
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError:
        given = None
    for name in ("url", "token", "pool"):
        text = given.get(name) if isinstance(given, dict) else None
        if not isinstance(text, str) or not re.fullmatch("[!-~]+", text):
            raise TaskEnvironmentError(f"standard input has no {name} on its first line of JSON")
    silence_s = given.get("silence_s", SILENCE_S)
    if not isinstance(silence_s, int | float):
        raise TaskEnvironmentError("the silence_s on standard input is no number")
    return Given(given["url"], given["token"], given["pool"], silence_s)


def registration(pool: str) -> Json:
    """What it says of itself."""
    return {
        "pool": pool,
        "protocol": PROTOCOL,
        "engine": f"skydriver-{__version__}",
        "numerics": numerics_id(),
        "host": socket.gethostname()[:200] or "unknown",
        "pid": os.getpid(),
        "cpu": (platform.processor() or platform.machine())[:200] or "unknown",
    }


if __name__ == "__main__":
    sys.exit(main())
