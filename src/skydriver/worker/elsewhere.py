"""A worker on another machine: nothing there holds it but signals, and it came with a token for getting one of its own.

It ends with 0 as soon as it is needed no more: the service says so, or a signal does, or the service is gone, or
refuses a token that was good before. Whoever wants another worker starts one. It ends with 1 where it never could work.
"""

from __future__ import annotations

import os
import signal
from contextlib import closing
from typing import TYPE_CHECKING

from skydriver.errors import DeniedError, TaskEnvironmentError, UnavailableError
from skydriver.log import get_logger
from skydriver.recos.baseline import COMPILED
from skydriver.recos.machine import machine_type
from skydriver.worker.leash import Leash, ToldToEndError
from skydriver.worker.link import Link
from skydriver.worker.messages import read_token
from skydriver.worker.serving import OverError, Serving

if TYPE_CHECKING:
    from skydriver.worker.messages import Json
    from skydriver.worker.start_file import Start

ENDING = (signal.SIGTERM, signal.SIGINT)

log = get_logger()


class Elsewhere:
    """A worker that `start` describes.

    Parameters
    ----------
    start
        Its start file.
    said
        What it registers with.
    """

    def __init__(self, start: Start, said: Json) -> None:
        self._start = start
        self._said = said
        self._ever_worked = False

    def run(self) -> None:
        """Work until it is needed no more.

        Raises
        ------
        SkyDriverError
            If it never could work, or cannot go on.
        """
        start = self._start
        try:
            with (
                Leash(None, ENDING) as leash,
                closing(Link(start.url, start.token, leash, start.silence_s, start.tls)) as link,
            ):
                while True:
                    self._serve(link, leash)
        except (OverError, ToldToEndError) as end:
            log.info("worker_ends", why=str(end))
        except (DeniedError, UnavailableError) as end:
            if not self._ever_worked:
                raise
            log.info("worker_ends", why=str(end))

    def _serve(self, link: Link, leash: Leash) -> None:
        """Work with a token of its own, until that is refused: one that slept for long comes back with an old one."""
        link.token = self._start.token
        link.token = read_token(link.post("/workers/token", {})).token
        serving = Serving(link, leash, self._said)
        try:
            serving.run()
        except DeniedError as refusal:
            if not serving.has_registered:
                raise
            log.info("worker_refused", problem=str(refusal))
        finally:
            self._ever_worked |= serving.has_registered


def end_on_signals() -> None:
    """End this process at once, and in order, when a signal comes before there is anything to give back."""
    for number in ENDING:
        signal.signal(number, lambda _number, _frame: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, set(ENDING))


def check_machine() -> None:
    """A `TaskEnvironmentError` where this machine lacks what the kernels that were sent along are compiled for."""
    wanted = os.environ.get("NUMBA_CPU_NAME", "")
    if wanted in COMPILED and machine_type() != wanted:
        raise TaskEnvironmentError(f"this machine is no {wanted}, for which the worker is made, but {machine_type()}")
