"""An HTCondor pool with one schedd, in the words of `clusters.base`."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from skydriver.clusters.base import ClusterRefusalError, JobState, Matches, Submitted
from skydriver.clusters.htcondor.ads import jobs_of, plain
from skydriver.clusters.htcondor.eventlog import last_trouble
from skydriver.clusters.htcondor.process import Process
from skydriver.clusters.htcondor.submit import AVOID, EXECUTABLE, avoided, conditions, describe, identifier
from skydriver.clusters.shipping import files_of
from skydriver.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from skydriver.clusters.base import Job, Order
    from skydriver.clusters.configured import ClusterSettings

DEADLINE_S = 15.0
"""For a call to the schedd."""
PER_JOB_S = 0.1
"""Submissions have so much more for each job, whose files are sent one after the other."""
LEFT_S = 3600.0
"""Files of a submission that are as old as this belong to none that goes on."""
TAIL_BYTES = 65_536
_JOB_ID = re.compile(r"\d{1,10}\.\d{1,10}", re.ASCII)


class Reach(NamedTuple):
    """What a cluster says of itself to whoever has just configured it."""

    schedd_address: str
    version: str
    """Of its schedd."""
    identity: str | None
    """As which it knows us."""
    may_submit: bool
    n_slots: int
    problem: str | None
    """Why nothing may be submitted."""


class HTCondorCluster:
    """Implements `clusters.base.Cluster`.

    Parameters
    ----------
    name
        Of the cluster, for people.
    settings
        From the operator.
    folder
        Where files lie while they are sent or fetched; absolute. Nothing stays there.
    deadline_s
        For one call.
    """

    def __init__(self, name: str, settings: ClusterSettings, folder: Path, deadline_s: float = DEADLINE_S) -> None:
        self.name = name
        self._settings = settings
        self._folder = folder.absolute()
        self._deadline_s = deadline_s
        self._service: str | None = None
        """Whose jobs these are, as soon as it is known: those of others are never touched."""
        self._process = Process(settings.collector, settings.schedd, str(settings.token_directory))

    def submit(self, order: Order) -> Submitted:
        """Submit jobs, all or none; a `ClusterRefusalError` says why it does not."""
        self._service = identifier("service", order.service)
        self._sweep()
        folder = self._folder_of(order.submission)
        try:
            files = files_of(order, self._settings)
            _write(folder, files)
            description = describe(order, self._settings, list(files), folder)
            arguments = {
                "description": description,
                "n_jobs": order.n_jobs,
                "service": order.service,
                "submission": order.submission,
            }
            deadline_s = self._deadline_s + PER_JOB_S * order.n_jobs
            cluster_id, n_jobs = self._process.call("submit", arguments, deadline_s)
        except OSError as error:
            problem = f"files of jobs cannot be written to {self._folder}: {error.strerror or error}"
            raise ClusterRefusalError(problem) from error
        except SettingError as error:
            raise ClusterRefusalError(str(error)) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Submitted(cluster_id, n_jobs)

    def jobs(self, service: str) -> list[Job]:
        """All jobs of a SkyDriver that stand in the queue, ended ones too that it still holds."""
        self._service = identifier("service", service)
        return jobs_of(self._call("query", {"service": service}))

    def remove(self, ids: Sequence[str], reason: str) -> None:
        """Remove jobs, running or ended or not; those that are gone already are no error."""
        self._change("act", ids, {"verb": "remove", "reason": reason})

    def release(self, ids: Sequence[str], reason: str) -> None:
        """Release held jobs."""
        self._change("act", ids, {"verb": "release", "reason": reason})

    def avoid(self, ids: Sequence[str], hosts: Sequence[str]) -> None:
        """Keep jobs that have not started away from machines."""
        self._change("avoid", ids, {"hosts": avoided(hosts)})

    def story(self, job: Job) -> str | None:
        """What an ended job left behind: the last line of its standard error, or its log's last word; None if none.

        Of a job that has not ended, why it is held or left a machine.
        """
        if job.state is not JobState.COMPLETED:
            return job.hold.reason if job.hold else job.eviction
        folder = self._folder_of(job.submission)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            arguments = {"job": job.id, "service": self._known_service(), "folder": str(folder)}
            if not self._call("retrieve", arguments):
                return None
            return _last_line(_tail(folder / f"err.{job.proc}")) or last_trouble(_tail(folder / f"log.{job.proc}"))
        except OSError:  # its story is not worth more trouble
            return None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def matches(self, order: Order) -> Matches:
        """How many slots could run such jobs now; a slot that can be divided counts as one for each of its cores."""
        asked = {
            "memory_mb": order.memory_mb,
            "disk_mb": order.disk_mb,
            "avoid": avoided(order.avoid),
            "attribute": AVOID,
            "conditions": conditions(order, self._settings),
        }
        return Matches(*self._call("matches", {"asked": asked}))

    def reach(self) -> Reach:
        """What it says of itself; a schedd that does not know us is no error here."""
        return Reach(**self._call("reach", {}))

    def close(self) -> None:
        """Let go of everything; jobs stay as they are."""
        self._process.close()

    def _call(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        return self._process.call(verb, arguments, self._deadline_s)

    def _change(self, verb: str, ids: Sequence[str], arguments: Mapping[str, Any]) -> None:
        wrong = next((each for each in ids if not _JOB_ID.fullmatch(each)), None)
        if wrong is not None:
            raise ClusterRefusalError(f"{wrong[:40]!a} is no job's number")
        if ids:
            self._call(verb, {**arguments, "ids": list(ids), "service": self._known_service()})

    def _known_service(self) -> str:
        if self._service is None:
            raise ClusterRefusalError("jobs are changed only once it is known whose they are")
        return self._service

    def _folder_of(self, submission: str) -> Path:
        return self._folder / identifier("submission", submission)

    def _sweep(self) -> None:
        """Remove what a service left behind that was killed while it submitted."""
        with suppress(OSError):
            for path in self._folder.iterdir():
                if time.time() - path.stat().st_mtime > LEFT_S:
                    shutil.rmtree(path, ignore_errors=True)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put files into a new folder; only their owner can read them, for a token is among them."""
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier try, whose service was killed
    folder.mkdir(mode=0o700, parents=True)
    for name, data in files.items():
        mode = 0o755 if name == EXECUTABLE else 0o600
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)


def _tail(path: Path) -> str:
    """The end of a file; nothing if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return file.read(TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""


def _last_line(text: str) -> str | None:
    return next((words for line in reversed(text.splitlines()) if (words := plain(line))), None)
