"""What is told of a scan's pools: in its manifest, its workforce, and where it fails."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from skydriver.clusters.base import JobState
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import pool_jobs, pools, scans
from skydriver.services.coordination.turn import take_turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skydriver.clusters.base import Job
    from skydriver.db.database import Connection
    from skydriver.services.context import Service

FAILED = "FAILED"
"""Of jobs that ended as they should not; the other names are HTCondor's."""


def tell(service: Service, pool: pools.Pool, queue: Mapping[str, Sequence[Job]], problem: str | None) -> None:
    """Store how a pool's jobs stand, where that changed."""
    with service.database.reading() as connection:
        now = pools.get(connection, pool.id)
        submitted = pool_jobs.of_pool(connection, pool.id)
    if now is None or now.state == pools.GIVEN_UP:
        problem = None if now is None else now.problem
    statuses = {row.id: _statuses(row, queue.get(row.id, ())) for row in submitted}
    if now is None or (orjson.loads(now.statuses) == statuses and now.problem == problem):
        return
    with take_turn(service, CommitPoint.POOL) as turn:
        pools.change(turn.connection, pool.id, statuses=orjson.dumps(statuses).decode(), problem=problem)
        if scans.lock(turn.connection, pool.scan) is not None:
            listed = orjson.dumps(condor_clusters(turn.connection, pool.scan)).decode()
            scans.update(turn.connection, pool.scan, condor_clusters=listed)


def _statuses(row: pool_jobs.Submission, jobs: Sequence[Job]) -> dict[str, int]:
    """Numbers of the jobs of one submission by status."""
    ended = orjson.loads(row.ended_jobs)
    counts = Counter(FAILED if how != "ended" else str(JobState.COMPLETED) for how in ended.values())
    counts.update(_status(job) for job in jobs if str(job.proc) not in ended)
    if row.state == pools.GONE and row.cluster_id is not None:
        counts[str(JobState.REMOVED)] += row.n_jobs - len(ended)
    return {status: n for status, n in sorted(counts.items()) if n}


def _status(job: Job) -> str:
    """Of a job; while its files are on their way it is held only by name."""
    return str(JobState.IDLE if job.hold is not None and job.hold.is_for_spooling else job.state)


def condor_clusters(connection: Connection, scan_id: str) -> list[dict[str, Any]]:
    """What manifests list: one entry for each submission."""
    listed = []
    for pool in pools.of_scan(connection, scan_id):
        statuses = orjson.loads(pool.statuses)
        listed += [
            {
                "collector": pool.collector,
                "schedd": pool.schedd,
                "cluster_id": row.cluster_id,
                "jobs": row.n_jobs,
                "statuses": statuses.get(row.id, {}),
            }
            for row in pool_jobs.of_pool(connection, pool.id)
            if row.cluster_id is not None
        ]
    return listed


def job_counts(connection: Connection, scan_id: str) -> Counter[str]:
    """Numbers of all jobs of a scan by status."""
    counts: Counter[str] = Counter()
    for pool in pools.of_scan(connection, scan_id):
        for statuses in orjson.loads(pool.statuses).values():
            counts.update(statuses)
    return counts


def errors(connection: Connection, scan_id: str) -> Counter[str]:
    """What went wrong with a scan's jobs and clusters, and how often."""
    counts: Counter[str] = Counter()
    for pool in pools.of_scan(connection, scan_id):
        counts.update(orjson.loads(pool.errors))
        if pool.problem is not None:
            counts[pool.problem] += 1
    return counts


def problems(connection: Connection, scan_id: str) -> str:
    """What keeps a scan's clusters from working, as one sentence; empty where nothing is known."""
    rows = pools.of_scan(connection, scan_id)
    said = [row.problem or _waiting(row) for row in rows]
    return "; ".join(dict.fromkeys(text for text in said if text))


def _waiting(pool: pools.Pool) -> str:
    counts = sum((Counter(statuses) for statuses in orjson.loads(pool.statuses).values()), Counter[str]())
    listed = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
    return f"jobs in {pool.cluster}: {listed or 'none yet'}"


def is_hopeless(connection: Connection, scan_id: str) -> bool:
    """Whether all of a scan's pools are given up, and none of their jobs is left."""
    rows = pools.of_scan(connection, scan_id)
    return bool(rows) and all(row.state == pools.GIVEN_UP and not pool_jobs.present(connection, row.id) for row in rows)
