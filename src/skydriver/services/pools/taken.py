"""Steps that were taken, as they are stored: each is one transaction."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Final

import orjson

from skydriver.clusters.base import JobState
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import pool_jobs, pools, scan_log
from skydriver.services import tokens
from skydriver.services.coordination.turn import take_turn

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.services.context import Service
    from skydriver.services.pools.decide import End

MOST_REFUSALS: Final = 5
"""A cluster that refused so often in a row is given up: after half a minute."""
LONGEST_PAUSE_S: Final = 30.0
CLEAN_PAUSE_S: Final = 5.0
"""After a worker ended as it should although it is needed: it had lost the service, or its machine was wanted."""
CALM_S: Final = 600.0
"""After so long without a failure those before count no more."""
MAX_ERRORS: Final = 20
MAX_WORDS: Final = 300
KEPT_S: Final = 21_600.0
"""Jobs that failed on a machine count against it for so long."""


def ended_of(row: pool_jobs.Submission) -> frozenset[int]:
    """Numbers of the jobs of a submission that are known to have ended."""
    return frozenset(int(proc) for proc in orjson.loads(row.ended_jobs))


def intend(service: Service, pool: pools.Pool, n_jobs: int, memory_mb: int) -> str:
    """Jobs are about to be submitted; the name under which they are found again."""
    submission = secrets.token_hex(12)
    with take_turn(service, CommitPoint.INTEND) as turn:
        values = {"id": submission, "pool": pool.id, "n_jobs": n_jobs, "memory_mb": memory_mb, "created": turn.now}
        pool_jobs.add(turn.connection, **values)
    return submission


def found(service: Service, pool: pools.Pool, submission: str, cluster_id: int) -> None:
    """Jobs are in the queue, and this is their number."""
    with take_turn(service, CommitPoint.SUBMITTED) as turn:
        values = {"state": pool_jobs.SUBMITTED, "cluster_id": cluster_id}
        pool_jobs.change(turn.connection, submission, **values)
        pools.change(turn.connection, pool.id, refusals=0, problem=None)
        line = f"jobs {cluster_id} are in the queue of {pool.cluster}"
        scan_log.add(turn.connection, turn.now, pool.scan, "service", [line])


def gone(service: Service, pool: pools.Pool, submission: str) -> None:
    """Nothing of a submission is left in the queue."""
    with take_turn(service, CommitPoint.POOL) as turn:
        pool_jobs.change(turn.connection, submission, state=pools.GONE)
        _end_tokens(turn.connection, pool.id)


def _end_tokens(connection: Connection, pool: str) -> None:
    """A pool that gets no more jobs needs no tokens once none of its jobs is left."""
    stored = pools.get(connection, pool)
    if stored is not None and stored.state != pools.ACTIVE and not pool_jobs.present(connection, pool):
        tokens.revoke_all(connection, pool)


def ended(service: Service, pool: pools.Pool, end: End, story: str | None) -> str | None:
    """A job ended; what that means for the next one and for its machine. In words where it failed."""
    words = _words(end, story)
    with take_turn(service, CommitPoint.POOL) as turn:
        now_stored = pools.get(turn.connection, pool.id)
        rows = [row for row in pool_jobs.present(turn.connection, pool.id) if row.id == end.submission]
        if now_stored is None or not rows:
            return words
        listed = orjson.loads(rows[0].ended_jobs)
        if str(end.proc) in listed:
            return words
        listed[str(end.proc)] = words or "ended"
        pool_jobs.change(turn.connection, end.submission, ended_jobs=orjson.dumps(listed).decode())
        pools.change(turn.connection, pool.id, **_after(now_stored, end, words, turn.now))
        host = end.job.host if end.job is not None else None
        if words is not None and host is not None and end.memory_mb is None:
            pool_jobs.add_mishap(turn.connection, pool.cluster, host, turn.now, words)
            pool_jobs.forget_mishaps(turn.connection, turn.now - KEPT_S)
        name = f"{rows[0].cluster_id}.{end.proc}"
        line = f"job {name} of {pool.cluster} {f'on {host} ' if host else ''}ended: {words or _well(end)}"
        scan_log.add(turn.connection, turn.now, pool.scan, "service", [line])
    return words


def _well(end: End) -> str:
    is_done = end.job is not None and end.job.state is JobState.COMPLETED
    return "as it should" if is_done else "it is needed no more"


def _words(end: End, story: str | None) -> str | None:
    if end.failure is None:
        return None
    is_more = story is not None and story not in end.failure
    return (f"{end.failure}: {story}" if is_more else end.failure)[:MAX_WORDS]


def _after(pool: pools.Pool, end: End, words: str | None, now: float) -> dict[str, object]:
    """Columns of a pool of which a job ended."""
    if words is None:
        return {"not_before": now + CLEAN_PAUSE_S}
    errors = Counter(orjson.loads(pool.errors))
    errors[words] += 1
    values: dict[str, object] = {"errors": orjson.dumps(dict(errors.most_common(MAX_ERRORS))).decode()}
    if end.memory_mb is not None:
        return values | {"memory_mb": max(pool.memory_mb, end.memory_mb)}
    failures = recent_failures(pool, now)
    pause_s = min(2.0 ** min(failures, 10), LONGEST_PAUSE_S)
    return values | {"failures": failures + 1, "not_before": now + pause_s}


def recent_failures(pool: pools.Pool, now: float) -> int:
    """How many of a pool's jobs failed, none if the last one is long ago: few failures in many hours are usual."""
    return 0 if now > pool.not_before + CALM_S else int(pool.failures)


def refused(service: Service, pool: pools.Pool, problem: str, now: float) -> None:
    """A cluster does not do what was asked; it is asked again a few times, each time later."""
    if now < pool.not_before:
        return
    refusals = pool.refusals + 1
    if refusals >= MOST_REFUSALS and pool.state == pools.ACTIVE:
        gave_up(service, pool, problem)
        return
    with take_turn(service, CommitPoint.POOL) as turn:
        values = {"refusals": refusals, "problem": problem, "not_before": now + 2.0**refusals}
        pools.change(turn.connection, pool.id, **values)
        if problem != pool.problem:
            scan_log.add(turn.connection, turn.now, pool.scan, "service", [f"{pool.cluster} refuses: {problem}"])


def troubled(service: Service, pool: pools.Pool, problem: str) -> None:
    """Something is wrong that may pass."""
    if problem == pool.problem:
        return
    with take_turn(service, CommitPoint.POOL) as turn:
        pools.change(turn.connection, pool.id, problem=problem)
        scan_log.add(turn.connection, turn.now, pool.scan, "service", [problem])


def gave_up(service: Service, pool: pools.Pool, problem: str, last_words: str | None = None) -> None:
    """Nothing more is submitted for a pool, and what waits is removed; `last_words` are of a job that failed."""
    _, of_job, story = (last_words or "").partition(": ")
    if of_job and story not in problem:
        problem = f"{problem}: {story}"
    with take_turn(service, CommitPoint.POOL) as turn:
        pools.change(turn.connection, pool.id, state=pools.GIVEN_UP, problem=problem)
        if not pool_jobs.present(turn.connection, pool.id):
            tokens.revoke_all(turn.connection, pool.id)
        _end_tokens(turn.connection, pool.id)
        scan_log.add(turn.connection, turn.now, pool.scan, "service", [f"{pool.cluster} is given up: {problem}"])
    service.scans.ring()


def over(service: Service, pool: pools.Pool) -> None:
    """A pool of which nothing is left, and nothing will be: its tokens end too."""
    with take_turn(service, CommitPoint.POOL) as turn:
        if pool.state == pools.ACTIVE:
            pools.change(turn.connection, pool.id, state=pools.ENDED)
        tokens.revoke_all(turn.connection, pool.id)
