"""Job ads as they come from a schedd, read without trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skydriver.clusters.base import Hold, Job, JobState
from skydriver.clusters.htcondor.submit import SUBMISSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROJECTION: Final = (
    *("ClusterId", "ProcId", SUBMISSION, "JobStatus", "EnteredCurrentStatus", "RemoteHost", "LastRemoteHost"),
    *("NumJobStarts", "NumHolds", "RequestMemory", "HoldReason", "HoldReasonCode", "HoldReasonSubCode"),
    *("ExitCode", "ExitBySignal", "ExitSignal", "VacateReason"),
)
"""What is asked of a schedd about each job."""
MOST_TEXT: Final = 500
_STATES: Final = {
    1: JobState.IDLE,
    2: JobState.RUNNING,
    3: JobState.REMOVED,
    4: JobState.COMPLETED,
    5: JobState.HELD,
    6: JobState.TRANSFERRING,
    7: JobState.SUSPENDED,
}


def jobs_of(ads: Iterable[Mapping[str, object]]) -> list[Job]:
    """The jobs of ads; those that make no sense are left out."""
    found = (job_of(ad) for ad in ads)
    return [job for job in found if job is not None]


def job_of(ad: Mapping[str, object]) -> Job | None:
    """The job of an ad; None if it has no number, submission or known state.

    Reasons of earlier holds stay in an ad, and so does an earlier exit: only what goes with the state is read.
    """
    cluster_id, proc, submission = _int(ad.get("ClusterId")), _int(ad.get("ProcId")), ad.get(SUBMISSION)
    state = _STATES.get(_int(ad.get("JobStatus")) or 0)
    if cluster_id is None or proc is None or state is None or not isinstance(submission, str):
        return None
    by_signal = ad.get("ExitBySignal") is True
    is_completed = state is JobState.COMPLETED
    return Job(
        cluster_id=cluster_id,
        proc=proc,
        submission=submission,
        state=state,
        since=float(_int(ad.get("EnteredCurrentStatus")) or 0),
        host=_host(ad.get("RemoteHost")) or _host(ad.get("LastRemoteHost")),
        n_starts=_int(ad.get("NumJobStarts")) or 0,
        n_holds=_int(ad.get("NumHolds")) or 0,
        memory_mb=_int(ad.get("RequestMemory")) or 0,
        hold=_hold(ad) if state is JobState.HELD else None,
        exit_code=_int(ad.get("ExitCode")) if is_completed and not by_signal else None,
        exit_signal=_int(ad.get("ExitSignal")) if is_completed and by_signal else None,
        eviction=_text(ad.get("VacateReason")),
    )


def plain(text: object) -> str:
    """What a pool said, on one line of at most 500 characters."""
    words = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * MOST_TEXT]).split()
    return " ".join(words)[:MOST_TEXT]


def _hold(ad: Mapping[str, object]) -> Hold:
    code, subcode = _int(ad.get("HoldReasonCode")), _int(ad.get("HoldReasonSubCode"))
    return Hold(code or 0, subcode or 0, _text(ad.get("HoldReason")) or "no reason was given")


def _host(name: object) -> str | None:
    """The machine of a slot, such as ``slot1_2@machine``."""
    return plain(name).rpartition("@")[2] or None if isinstance(name, str) else None


def _text(value: object) -> str | None:
    return (plain(value) or None) if isinstance(value, str) else None


def _int(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) < 2**53 else None
