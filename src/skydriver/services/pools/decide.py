"""What is to be done about one pool next: a pure function of what is wanted, stored, and in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from skydriver.clusters.base import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skydriver.clusters.base import Job

SPOOLING_S: Final = 120.0
"""Files of a job that are not there after so long will not come."""
MOST_HOLDS: Final = 4
"""A job that was held so often is given up."""
RELEASE_AFTER_S: Final = 5.0
"""A held job is released after so long, twice as long each time."""
MORE_MEMORY: Final = 2
"""Times as much a job gets that needed more."""
MOST_STARTS: Final = 8
"""A job that was started so often, without any worker of its pool ever having come, is given up."""
MOST_AT_ONCE: Final = 250
"""So many jobs are submitted together at most."""
LEAST_FAILURES: Final = 6
"""A pool is not given up before so many jobs failed, nor before twice as many as it is to have."""
GONE_REASON: Final = "it was removed from the queue by somebody else"


class Sub(NamedTuple):
    """Jobs that were submitted together, or were to be."""

    id: str
    is_intended: bool
    """Whether it is not known what became of the submission."""
    n_jobs: int
    ended: frozenset[int]
    """Numbers of jobs of which it is stored how they ended."""


class Wanted(NamedTuple):
    """A pool as it is stored."""

    n_jobs: int
    """0 where none is needed any more."""
    is_given_up: bool
    """Whether none is added to those that run already."""
    memory_mb: int
    max_memory_mb: int
    failures: int
    not_before: float
    has_worked: bool
    """Whether a worker of it ever came to the service."""


class Found(NamedTuple):
    """A submission whose answer was lost is in the queue."""

    submission: str
    cluster_id: int


class Gone(NamedTuple):
    """Nothing of a submission is in the queue, and nothing will be."""

    submission: str


class End(NamedTuple):
    """A job has ended, or is to be treated so."""

    submission: str
    proc: int
    job: Job | None
    """None of one that is not in the queue any more."""
    failure: str | None
    """None of one that ended as it should."""
    memory_mb: int | None = None
    """What the next one asks for, where it is for want of memory."""


class Remove(NamedTuple):
    """Jobs are to leave the queue."""

    ids: tuple[str, ...]
    reason: str


class Release(NamedTuple):
    """Held jobs are tried again."""

    ids: tuple[str, ...]


class Submit(NamedTuple):
    """More jobs are wanted."""

    n_jobs: int
    memory_mb: int


class GiveUp(NamedTuple):
    """The cluster does not do what is wanted of it."""

    problem: str


Step: TypeAlias = Found | Gone | End | Remove | Release | Submit | GiveUp


def decide(wanted: Wanted, subs: Sequence[Sub], queue: Mapping[str, Sequence[Job]], now: float) -> list[Step]:
    """The steps that lead on, in the order in which they are to be done.

    Parameters
    ----------
    wanted
        What the pool is to be.
    subs
        What was submitted for it and may be in the queue.
    queue
        Jobs of each submission that are in the queue.
    now
        Seconds since 1970.
    """
    if not wanted.n_jobs:
        return [step for sub in subs for step in _end(sub, queue.get(sub.id, ()))]
    steps = [step for sub in subs for step in _look(sub, queue.get(sub.id, ()), wanted, now)]
    if wanted.is_given_up:
        return [step for step in steps if not isinstance(step, Release)] + list(_stop_waiting(subs, queue, steps))
    give_up = _give_up(wanted, steps)
    return [*steps, give_up] if give_up else [*steps, *_fill(wanted, subs, queue, steps, now)]


def _end(sub: Sub, jobs: Sequence[Job]) -> Iterator[Step]:
    """A submission that is needed no more."""
    left = _not_removed(jobs)
    if left:
        yield Remove(tuple(job.id for job in left), "its scan needs no more workers")
    elif not jobs:
        yield Gone(sub.id)


def _not_removed(jobs: Sequence[Job]) -> list[Job]:
    """Those that are not on their way out already."""
    return [job for job in jobs if job.state is not JobState.REMOVED]


def _look(sub: Sub, jobs: Sequence[Job], wanted: Wanted, now: float) -> Iterator[Step]:
    """A submission that is needed."""
    if sub.is_intended:
        yield from _found(sub, jobs)
        return
    for job in jobs:
        if job.proc not in sub.ended:
            yield from _look_at(sub, job, wanted, now)
        elif job.state is not JobState.REMOVED:
            yield Remove((job.id,), "it has ended")
    there = {job.proc for job in jobs}
    lost = [proc for proc in range(sub.n_jobs) if proc not in there and proc not in sub.ended]
    for proc in lost:
        yield End(sub.id, proc, None, GONE_REASON)
    if not jobs and not lost:
        yield Gone(sub.id)


def _found(sub: Sub, jobs: Sequence[Job]) -> Iterator[Step]:
    """A submission whose answer was lost: it is there, whole or not, or it is not there."""
    left = _not_removed(jobs)
    is_whole = len(left) == sub.n_jobs  # and there are not two of it
    if is_whole and not any(job.hold is not None and job.hold.is_for_spooling for job in left):
        yield Found(sub.id, left[0].cluster_id)
    elif left:
        yield Remove(tuple(job.id for job in left), "its submission was interrupted")
    elif not jobs:
        yield Gone(sub.id)


def _look_at(sub: Sub, job: Job, wanted: Wanted, now: float) -> Iterator[Step]:
    """A job that has not been seen to end."""
    if job.state is JobState.COMPLETED:
        yield End(sub.id, job.proc, job, job.failure)
        yield Remove((job.id,), "it has ended")
    elif job.state is JobState.HELD and job.hold is not None and not job.hold.is_wanted:
        yield from _held(sub, job, wanted, now)
    elif job.n_starts >= MOST_STARTS and not wanted.has_worked:
        why = job.eviction or "nobody says why"
        yield End(sub.id, job.proc, job, f"started {job.n_starts} times, its worker never came: {why}")
        yield Remove((job.id,), "it does not come to work")


def _held(sub: Sub, job: Job, wanted: Wanted, now: float) -> Iterator[Step]:
    """A job that its schedd holds: it is tried again, replaced by one with more memory, or given up."""
    hold = job.hold
    if hold is None:
        return
    for_s = now - job.since
    if hold.is_for_spooling:
        if for_s > SPOOLING_S:
            yield End(sub.id, job.proc, job, f"its files did not reach the schedd: {hold.reason}")
            yield Remove((job.id,), "its files did not reach the schedd")
    elif hold.is_for_memory:
        more = min(MORE_MEMORY * job.memory_mb, wanted.max_memory_mb)
        yield End(sub.id, job.proc, job, f"held for memory with {job.memory_mb} MB: {hold.reason}", more)
        yield Remove((job.id,), "it needs more memory")
    elif job.n_holds >= MOST_HOLDS:
        yield End(sub.id, job.proc, job, f"held {job.n_holds} times: {hold.reason}")
        yield Remove((job.id,), "it is held again and again")
    elif for_s >= RELEASE_AFTER_S * 2 ** max(0, job.n_holds - 1):
        yield Release((job.id,))


def _give_up(wanted: Wanted, steps: Sequence[Step]) -> GiveUp | None:
    """Whether nothing good will come of more jobs."""
    ends = [step for step in steps if isinstance(step, End) and step.failure is not None]
    for end in ends:
        if end.memory_mb is not None and end.job is not None and end.memory_mb <= end.job.memory_mb:
            return GiveUp(f"a job needs more than the {end.job.memory_mb} MB that it may have: {end.failure}")
    failures = wanted.failures + sum(end.memory_mb is None for end in ends)
    if ends and failures >= max(LEAST_FAILURES, 2 * wanted.n_jobs):
        return GiveUp(f"{failures} of its jobs failed, the last one so: {ends[-1].failure}")
    return None


def _fill(
    wanted: Wanted, subs: Sequence[Sub], queue: Mapping[str, Sequence[Job]], steps: Sequence[Step], now: float
) -> Iterator[Step]:
    """What is missing, once all that was submitted is accounted for."""
    if any(sub.is_intended for sub in subs) or now < wanted.not_before:
        return
    ends = {(step.submission, step.proc) for step in steps if isinstance(step, End)}
    live = sum(
        job.proc not in sub.ended and (sub.id, job.proc) not in ends and job.state is not JobState.REMOVED
        for sub in subs
        for job in queue.get(sub.id, ())
    )
    if ends:
        return  # the next look tells when, and with how much memory
    if live < wanted.n_jobs:
        yield Submit(min(wanted.n_jobs - live, MOST_AT_ONCE), wanted.memory_mb)
    elif live > wanted.n_jobs:
        idle = _ids(subs, queue, steps, {JobState.IDLE})[: live - wanted.n_jobs]
        yield from _let_go(subs, queue, idle, "there are more than are wanted")


def _stop_waiting(subs: Sequence[Sub], queue: Mapping[str, Sequence[Job]], steps: Sequence[Step]) -> Iterator[Step]:
    """Of a pool that is given up, what runs may go on."""
    waiting = _ids(subs, queue, steps, {JobState.IDLE, JobState.HELD})
    yield from _let_go(subs, queue, waiting, "its cluster is given up")


def _let_go(subs: Sequence[Sub], queue: Mapping[str, Sequence[Job]], ids: Sequence[str], reason: str) -> Iterator[Step]:
    """Jobs that are needed no more: that they are gone then is nobody's failure."""
    for sub in subs:
        for job in queue.get(sub.id, ()):
            if job.id in ids and job.proc not in sub.ended:
                yield End(sub.id, job.proc, job, None)
    if ids:
        yield Remove(tuple(ids), reason)


def _ids(
    subs: Sequence[Sub], queue: Mapping[str, Sequence[Job]], steps: Sequence[Step], states: set[JobState]
) -> tuple[str, ...]:
    """Jobs in these states, but for those that leave the queue already."""
    leaving = {name for step in steps if isinstance(step, Remove) for name in step.ids}
    jobs = [job for sub in subs for job in queue.get(sub.id, ())]
    return tuple(job.id for job in jobs if job.state in states and job.id not in leaving)
