"""The keeper of one cluster: over and over it looks at the queue, and takes each pool there one step further.

What it does is stored around each call, so that whoever comes after a crash finds every job again: a submission is
written down before it is made, and its name stands in each of its jobs.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError, JobState
from skydriver.db.locks import NamedLock
from skydriver.db.stores import pool_jobs, pools, workers
from skydriver.errors import SettingError, SkyDriverError, UnavailableError
from skydriver.log import get_logger
from skydriver.services.coordination.states import NEEDS_WORKERS, Status
from skydriver.services.pools import decide as decisions
from skydriver.services.pools import taken
from skydriver.services.pools.orders import Orders
from skydriver.services.pools.told import tell
from skydriver.services.pools.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skydriver.clusters.base import Cluster, Job, Order
    from skydriver.clusters.configured import Named
    from skydriver.db.database import Connection
    from skydriver.services.context import Service

SOON_S: Final = 0.3
"""After a step the next is looked for."""
LONGEST_PAUSE_S: Final = 30.0
"""A cluster that does not answer is asked again no later than this."""

log = get_logger()


class Kept(NamedTuple):
    """One pool, with what was submitted for it."""

    pool: pools.Pool
    submissions: Sequence[pool_jobs.Submission]
    has_worked: bool
    """Whether a worker of it ever came."""
    stranger: str | None
    """Numerics of a worker of it that may not fit this scan, for others began it."""

    @property
    def is_needed(self) -> bool:
        """Whether its scan still has something for workers."""
        return self.pool.state != pools.ENDED and self.pool.status in NEEDS_WORKERS

    @property
    def may_grow(self) -> bool:
        """Whether more jobs may be submitted."""
        return self.is_needed and self.pool.state == pools.ACTIVE

    @property
    def is_over(self) -> bool:
        """Whether it will have no more jobs: a scan that waits for its turn is to have its own yet."""
        return self.pool.state == pools.GIVEN_UP or not (self.is_needed or self.pool.status == Status.QUEUED)


class Keeper:
    """Keeps all pools of one cluster, in a thread of its own between `start` and `end`; `turn` can be called by hand.

    Parameters
    ----------
    service
        The service.
    named
        The cluster.
    cluster
        Speaks with it.
    """

    def __init__(self, service: Service, named: Named, cluster: Cluster) -> None:
        self._service = service
        self._named = named
        self._cluster = cluster
        self._orders = Orders(service, named)
        self._waits = Waits(cluster, self._orders)
        self._lock = NamedLock(service.database, f"cluster {named.name}")
        self._avoided: list[str] = []
        self._away_since: float | None = None
        self._last_words: str | None = None
        """How the last job failed of the pool that is looked at."""
        self._rung = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._run, name=f"keeper of {named.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ring(self) -> None:
        """There may be something to do."""
        self._rung.set()

    def end(self) -> None:
        """End after the present step, and let go of the cluster."""
        self._ends = True
        self._rung.set()
        self._cluster.close()  # also ends a call that takes long
        self._thread.join()
        self._lock.let_go()

    def _run(self) -> None:
        while not self._ends:
            self._rung.clear()
            self._rung.wait(self._turn_safely())

    def _turn_safely(self) -> float:
        """A turn; after how many seconds the next one is due. What goes wrong is logged, and tried again."""
        try:
            return self.turn()
        except UnavailableError as error:
            log.warning("database_away", error=str(error))
        except Exception:  # the loop that must not end
            if not self._ends:
                log.error("keeper_failed", cluster=self._named.name, exc_info=True)  # noqa: G201 - structlog
        return self._service.settings.cluster_poll_s

    def turn(self) -> float:
        """Take every pool one step further; after how many seconds there may be more to do."""
        kept = self._kept()
        if not kept or not self._lock.held():
            return self._service.settings.cluster_poll_s
        kept = self._without_ended(kept)
        if not kept:
            return self._service.settings.cluster_poll_s
        try:
            queue = self._cluster.jobs(self._orders.identity())
            mine = self._sort(kept, queue)
        except (ClusterAwayError, ClusterRefusalError) as error:
            return self._in_trouble(kept, error)
        self._away_since = None
        self._avoid(kept, queue)
        did = [self._keep(one, mine) for one in kept]
        return SOON_S if any(did) else self._service.settings.cluster_poll_s

    def _kept(self) -> list[Kept]:
        with self._service.database.reading() as connection:
            rows = pools.at_work(connection, self._named.name)
            return [_kept(connection, row) for row in rows]

    def _without_ended(self, kept: Sequence[Kept]) -> list[Kept]:
        """Those of which anything is left: the others end, whether their cluster answers or not."""
        for one in kept:
            if one.is_over and not one.submissions:
                taken.over(self._service, one.pool)
        return [one for one in kept if one.submissions or not one.is_over]

    def _sort(self, kept: Sequence[Kept], queue: Sequence[Job]) -> dict[str, list[Job]]:
        """Jobs by submission; those that nobody knows are removed."""
        numbers = {sub.id: sub.cluster_id for one in kept for sub in one.submissions}
        with self._service.database.reading() as connection:
            known = pool_jobs.known(connection, list({job.submission for job in queue}))
        mine: dict[str, list[Job]] = {}
        strays = []
        for job in queue:
            if job.submission not in known or numbers.get(job.submission) not in {None, job.cluster_id}:
                strays.append(job.id)
            else:
                mine.setdefault(job.submission, []).append(job)
        if strays:
            log.warning("stray_jobs", cluster=self._named.name, jobs=strays[:20])
            try:
                self._cluster.remove(strays, "nobody asked for it")
            except (ClusterAwayError, ClusterRefusalError) as error:
                log.warning("stray_jobs_stay", cluster=self._named.name, error=str(error))
        return mine

    def _avoid(self, kept: Sequence[Kept], queue: Sequence[Job]) -> None:
        """Jobs that wait keep away from machines that turned out bad since they were submitted."""
        hosts = self._orders.bad_hosts()
        waiting = [job.id for job in queue if job.state is JobState.IDLE]
        if hosts == self._avoided or not waiting:
            return
        try:
            self._cluster.avoid(waiting, self._best(self._orders.sample(kept[0].pool)).avoid)
            self._avoided = hosts
        except (ClusterAwayError, ClusterRefusalError) as error:
            log.warning("jobs_not_changed", cluster=self._named.name, error=str(error))

    def _keep(self, kept: Kept, mine: Mapping[str, Sequence[Job]]) -> bool:
        """One pool; whether anything was done."""
        with self._service.database.reading() as connection:
            now = self._service.database.now(connection)
        self._last_words = None
        steps = decisions.decide(self._wanted(kept, now), [_sub(row) for row in kept.submissions], mine, now)
        did = False
        try:
            for step in steps:
                did |= self._do(kept, step)
        except (ClusterRefusalError, SettingError) as error:
            taken.refused(self._service, kept.pool, str(error), now)
        except ClusterAwayError as error:
            taken.troubled(self._service, kept.pool, f"{self._named.name} does not answer: {error}")
        except OSError as error:
            unwritten = f"files for {self._named.name} cannot be written: {error.strerror or error}"
            taken.refused(self._service, kept.pool, unwritten, now)
        else:
            jobs = [job for sub in kept.submissions for job in mine.get(sub.id, ())]
            problem = self._problem(kept, jobs) if kept.may_grow else kept.pool.problem
            tell(self._service, kept.pool, mine, problem)
            gone = {step.submission for step in steps if isinstance(step, decisions.Gone)}
            if kept.is_over and all(sub.id in gone for sub in kept.submissions):
                taken.over(self._service, kept.pool)
        return did

    def _problem(self, kept: Kept, jobs: Sequence[Job]) -> str | None:
        """What keeps a pool's workers from working, as far as that is known."""
        if kept.stranger is not None:
            return (
                f"workers of {self._named.name} compute as {kept.stranger}, those that began this scan as "
                f"{kept.pool.numerics}, and one scan's fits come from one kind: make their bundle or image anew"
            )
        return self._waits.problem(kept.pool, jobs)

    def _wanted(self, kept: Kept, now: float) -> decisions.Wanted:
        pool = kept.pool
        n_jobs = pool.wanted if kept.is_needed else 0
        most = self._named.settings.max_memory_mb
        return decisions.Wanted(
            n_jobs=n_jobs,
            is_given_up=pool.state == pools.GIVEN_UP,
            memory_mb=pool.memory_mb,
            max_memory_mb=most,
            failures=taken.recent_failures(pool, now),
            not_before=pool.not_before,
            has_worked=kept.has_worked,
        )

    def _do(self, kept: Kept, step: decisions.Step) -> bool:
        """One step; whether it changed anything."""
        service, pool = self._service, kept.pool
        match step:
            case decisions.Found(submission, cluster_id):
                taken.found(service, pool, submission, cluster_id)
            case decisions.Gone(submission):
                taken.gone(service, pool, submission)
            case decisions.End(_, _, job, failure, _):
                story = self._cluster.story(job) if job is not None and failure is not None else None
                self._last_words = taken.ended(service, pool, step, story) or self._last_words
            case decisions.Remove(ids, reason):
                self._cluster.remove(ids, reason)
            case decisions.Release(ids):
                self._cluster.release(ids, "tried again")
            case decisions.Submit(n_jobs, memory_mb):
                return self._submit(pool, n_jobs, memory_mb)
            case decisions.GiveUp(problem):
                taken.gave_up(service, pool, problem, self._last_words)
        return True

    def _submit(self, pool: pools.Pool, n_jobs: int, memory_mb: int) -> bool:
        if self._service.worker_access.address is None:
            return False  # not yet
        submission = taken.intend(self._service, pool, n_jobs, memory_mb)
        made = self._cluster.submit(self._best(self._orders.order(pool, submission, n_jobs, memory_mb)))
        taken.found(self._service, pool, submission, made.cluster_id)
        log.info("jobs_submitted", cluster=self._named.name, scan=pool.scan, id=made.cluster_id, jobs=n_jobs)
        return True

    def _best(self, order: Order) -> Order:
        """An order that avoids bad machines where there are others: else it is the jobs that are at fault."""
        if order.avoid and not self._cluster.matches(order).n_matching:
            return replace(order, avoid=())
        return order

    def _in_trouble(self, kept: Sequence[Kept], error: SkyDriverError) -> float:
        """The cluster does not say what it holds."""
        now = time.monotonic()
        self._away_since = self._away_since or now
        with self._service.database.reading() as connection:
            stored_now = self._service.database.now(connection)
        for one in kept:
            pool = one.pool
            if isinstance(error, ClusterRefusalError) and one.may_grow and not one.submissions:
                taken.refused(self._service, pool, str(error), stored_now)
            elif one.is_needed:
                taken.troubled(self._service, pool, f"{self._named.name}: {error}")
        pause_s = max(self._service.settings.cluster_poll_s, 0.5 * (now - self._away_since))
        return min(pause_s, LONGEST_PAUSE_S)


def _kept(connection: Connection, row: pools.Pool) -> Kept:
    strange = None if row.numerics is None else workers.strange(connection, row.id, row.numerics)
    return Kept(row, pool_jobs.present(connection, row.id), workers.were_any(connection, row.id), strange)


def _sub(row: pool_jobs.Submission) -> decisions.Sub:
    return decisions.Sub(row.id, row.state == pool_jobs.INTENDED, row.n_jobs, taken.ended_of(row))
