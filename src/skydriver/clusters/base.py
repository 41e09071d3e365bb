"""What the service asks of a cluster, and what it hears: the same words for every kind of cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from skydriver.errors import SkyDriverError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ClusterAwayError(UnavailableError):
    """A cluster does not answer, or not in time; whether it did what was asked is not known."""

    code = "cluster_away"


class ClusterRefusalError(SkyDriverError):
    """A cluster answers that it does not do it: no such schedd, no token, a token that is no good, a bad request."""

    code = "cluster_refusal"


class JobState(StrEnum):
    """States of jobs, by HTCondor's names."""

    IDLE = "IDLE"
    RUNNING = "RUNNING"
    REMOVED = "REMOVED"
    COMPLETED = "COMPLETED"
    HELD = "HELD"
    TRANSFERRING = "TRANSFERRING_OUTPUT"
    SUSPENDED = "SUSPENDED"


class Hold(NamedTuple):
    """Why a job is held."""

    code: int
    subcode: int
    reason: str

    @property
    def is_for_memory(self) -> bool:
        """Whether it needed more memory than it asked for: released unchanged it would only be held again."""
        return self.code == 34 or (self.code, self.subcode) == (21, 102)

    @property
    def is_for_spooling(self) -> bool:
        """Whether its files are still on their way to the schedd."""
        return self.code == 16

    @property
    def is_wanted(self) -> bool:
        """Whether a person holds it."""
        return self.code == 1


class Job(NamedTuple):
    """One job as its schedd sees it."""

    cluster_id: int
    proc: int
    submission: str
    """What it was submitted as (`Order.submission`)."""
    state: JobState
    since: float
    """When it came to be so, seconds since 1970 by the schedd's clock."""
    host: str | None
    """Where it runs, or ran last."""
    n_starts: int
    n_holds: int
    memory_mb: int
    """What it asks for."""
    hold: Hold | None
    """Only while it is held."""
    exit_code: int | None
    """Only of one that is completed and was not killed."""
    exit_signal: int | None
    """Only of one that is completed and was killed."""
    eviction: str | None = None
    """Why it last left a machine without having ended, such as one that cannot run its image; None if unknown."""

    @property
    def id(self) -> str:
        """As people write it."""
        return f"{self.cluster_id}.{self.proc}"

    @property
    def failure(self) -> str | None:
        """How it ended, where that was not as it should: a worker that is needed no more ends with 0."""
        if self.exit_signal is not None:
            return f"its worker was killed by signal {self.exit_signal}"
        if self.exit_code:
            return f"its worker ended with code {self.exit_code}"
        return None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A worker's environment as one file, which jobs fetch from the service."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Order:
    """Jobs to be submitted together: each is one worker of one scan."""

    service: str
    """Which SkyDriver wants them: stands in every job, so that only ours are ever touched."""
    scan: str
    submission: str
    """By which these jobs are found again, whatever became of the answer."""
    pool: str
    """To which their workers belong."""
    n_jobs: int
    memory_mb: int
    disk_mb: int
    priority: int
    token: str = field(repr=False)
    """With which a worker gets one of its own; it travels as a file that its user alone can read."""
    worker_url: str
    """Where workers reach the service."""
    ca: bytes | None
    """Certificate, PEM, by which they know it; None for those that the machine knows."""
    baseline: str
    """Instruction set of the fits, such as ``x86-64-v3``: machines without it are no good."""
    image: str | None
    """Of a container, as the pool's machines see it; None where `bundle` is what runs."""
    bundle: Bundle | None
    avoid: tuple[str, ...] = ()
    """Machines on which jobs failed again and again."""


class Submitted(NamedTuple):
    """What became of an order."""

    cluster_id: int
    n_jobs: int


class Matches(NamedTuple):
    """Why jobs wait: how many of a pool's slots they could run on, and what the others lack."""

    n_slots: int
    n_matching: int
    says: str
    """One sentence for people."""


class Cluster(Protocol):
    """A pool with one schedd. Calls may last some seconds; each may raise a `ClusterAwayError`."""

    def submit(self, order: Order) -> Submitted:
        """Submit jobs, all or none; a `ClusterRefusalError` says why it does not."""

    def jobs(self, service: str) -> list[Job]:
        """All jobs of a SkyDriver that stand in the queue, ended ones too that it still holds."""

    def remove(self, ids: Sequence[str], reason: str) -> None:
        """Remove jobs, running or ended or not; those that are gone already are no error."""

    def release(self, ids: Sequence[str], reason: str) -> None:
        """Release held jobs."""

    def avoid(self, ids: Sequence[str], hosts: Sequence[str]) -> None:
        """Keep jobs that have not started away from machines."""

    def story(self, job: Job) -> str | None:
        """What an ended job left behind: the last line of its standard error, or its log's last word; None if none."""

    def matches(self, order: Order) -> Matches:
        """How many slots could run such jobs now."""

    def close(self) -> None:
        """Let go of everything."""
