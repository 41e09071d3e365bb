"""What a worker does all day: lease, fit, report."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from skydriver.errors import SkyDriverError, TaskInputError, UnknownError
from skydriver.log import get_logger
from skydriver.worker.attempt import NO_FIT
from skydriver.worker.jobs import Jobs
from skydriver.worker.leash import ToldToEndError
from skydriver.worker.messages import is_over, read_lease, read_order, read_registered, read_token
from skydriver.worker.pulses_file import from_bytes
from skydriver.worker.task import PixelReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.events.event import Pulses
    from skydriver.worker.compute import ComputeProcess
    from skydriver.worker.leash import Leash
    from skydriver.worker.link import Link
    from skydriver.worker.messages import Lease

POLL_S = 20.0
"""The service may keep a request for work waiting for so long."""
SOON_S = 0.2
"""Without work it does not ask again sooner than this."""
LAST_WORD_S = 2.0
"""A worker that is told to end tries for so long to tell the service."""
FIRST_RENEWAL_S, SOONEST_RENEWAL_S = 30.0, 1.0
"""A token is replaced after so long, then at half of its time, but not more often than this."""

log = get_logger()
Json = dict[str, Any]


class OverError(Exception):
    """The service said that there is nothing more to do: end."""


class Serving:
    """A worker of one service.

    Parameters
    ----------
    link
        To the service.
    leash
        What ends it.
    said
        What it registers with.
    """

    def __init__(self, link: Link, leash: Leash, said: Json) -> None:
        self._link = link
        self._leash = leash
        self._said = said
        self._jobs = Jobs(self._fetch, [link, leash])
        self._worker = ""
        self.has_registered = False
        """Whether the service ever took it."""
        self._heartbeat_s = 1.0
        self._renewal = time.monotonic() + FIRST_RENEWAL_S

    def run(self) -> None:
        """Go on until `OverError` or one of the exceptions of `Leash.wait` or `Link.post` ends it."""
        try:
            while True:
                self._register()
                try:
                    self._work_on()
                except UnknownError as error:  # another database: it holds no task of ours
                    log.info("worker_unknown", worker=self._worker, problem=str(error))
                self._leash.wait([], SOON_S)
        finally:
            self._jobs.close()

    def _register(self) -> None:
        registered = read_registered(self._link.post("/workers/register", self._said))
        self._worker, self._heartbeat_s = registered
        self.has_registered = True
        log.info("worker_registered", worker=self._worker)

    def _work_on(self) -> None:
        report = None
        while True:
            lease = self._lease(report)
            report = self._fit(lease) if lease else None

    def _lease(self, report: Json | None) -> Lease | None:
        """A task, once the report of the one before is taken in; None where there is none for now."""
        self._renew()
        start = time.monotonic()
        body = {"worker": self._worker, "wait_s": POLL_S, "report": report}
        try:
            answer = self._link.post("/workers/lease", body, wait_s=POLL_S)
        except ToldToEndError:
            if report is not None:
                self._last_word("/workers/report", report)
            raise
        if is_over(answer):
            raise OverError("the service needs this worker no more")
        lease = read_lease(answer)
        if lease is None:
            self._leash.wait([], max(0.0, start + SOON_S - time.monotonic()))
        return lease

    def _fit(self, lease: Lease) -> Json | None:
        """The report of a task; None where none is wanted any more."""
        compute = None
        try:
            compute = self._jobs.of(lease)
            compute.start(lease.pixels)
            if not self._is_finished(compute, lease):
                return None
            reports = compute.reports()
        except TaskInputError as error:
            reports = [PixelReport("failed", *NO_FIT, 0.0, str(error)[:240])] * len(lease.pixels)
        except ToldToEndError:
            self._last_word("/workers/return", lease.report(compute.reports() if compute else []))
            raise
        finally:
            if compute:
                compute.drop()
        self._tell_losses(lease, reports)
        return lease.report(reports)

    def _is_finished(self, compute: ComputeProcess, lease: Lease) -> bool:
        """Wait, and say now and then that it lives; whether the task came to its end, else it was taken away."""
        beat = time.monotonic() + self._heartbeat_s
        while compute.at_work:
            self._leash.check(compute.wait(self._leash.channels, max(0.0, beat - time.monotonic())))
            if time.monotonic() >= beat:
                if not self._may_go_on(compute, lease):
                    return False
                self._renew()
                beat = time.monotonic() + self._heartbeat_s
        return True

    def _may_go_on(self, compute: ComputeProcess, lease: Lease) -> bool:
        """What the service says to a heartbeat; where it wants the worker for something else, the rest goes back."""
        answer = self._link.post_once("/workers/heartbeat", {"worker": self._worker, "task": lease.task})
        order = "continue" if answer is None else read_order(answer)
        if order == "continue":
            return True
        log.info("task_dropped", task=lease.task, scan=lease.scan, order=order)
        if order == "yield":
            self._link.post("/workers/return", {"worker": self._worker, **lease.report(compute.reports())})
        return False

    def _last_word(self, path: str, report: Json) -> None:
        """What is done is not lost, if the service hears of it soon."""
        try:
            self._link.post(path, {"worker": self._worker, **report}, limit_s=LAST_WORD_S)
        except SkyDriverError as error:
            log.info("last_word_lost", task=report["task"], problem=str(error))

    def _renew(self) -> None:
        """Another token before this one expires."""
        if time.monotonic() < self._renewal:
            return
        answer = self._link.post_once("/workers/token", {})
        if answer is None:
            self._renewal = time.monotonic() + SOONEST_RENEWAL_S
            return
        self._link.token, expires_s = read_token(answer)
        self._renewal = time.monotonic() + max(SOONEST_RENEWAL_S, 0.5 * expires_s)

    def _tell_losses(self, lease: Lease, reports: Sequence[PixelReport]) -> None:
        """Into the scan's log: a process that dies is no attempt at the pixel, but somebody may want to know."""
        found = zip(lease.indices, reports, strict=True)
        lines = [f"pixel {index}: {report.error}" for index, report in found if report.outcome == "lost"]
        with suppress(SkyDriverError):  # if that is more than a line lost, the report meets it too
            if lines:
                self._link.post_once("/workers/log", {"worker": self._worker, "scan": lease.scan, "lines": lines[:10]})

    def _fetch(self, event: str) -> Pulses:
        """The event of that hash; a `TaskInputError` where the service has none such."""
        for _ in range(2):  # bytes may be damaged on the way
            try:
                data = self._link.get(f"/workers/event/{event}")
            except UnknownError as error:
                raise TaskInputError(f"the service has no event {event[:64]}") from error
            if hashlib.sha256(data).hexdigest() == event:
                return from_bytes(data)
        raise TaskInputError(f"the event {event[:64]} came damaged from the service")
