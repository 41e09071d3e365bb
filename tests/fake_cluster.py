"""A cluster in memory, with all the bad luck of a real one: lost answers, late jobs, holds, kills, removals."""

from __future__ import annotations

from dataclasses import dataclass, field

from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError, Hold, Job, JobState, Matches, Submitted

HOST = "node{}.test"
MEMORY = Hold(34, 0, "it used more memory than it asked for")
SPOOLING = Hold(16, 0, "Spooling input data files")
BY_A_PERSON = Hold(1, 0, "via condor_hold (by user ops)")
OTHER = Hold(12, 2, "a file could not be sent")
LIVE = frozenset({JobState.IDLE, JobState.RUNNING, JobState.HELD})


@dataclass
class FakeJob:
    """One job, as the world sees it."""

    cluster_id: int
    proc: int
    order: object
    state: JobState
    since: float
    host: str | None = None
    n_starts: int = 0
    n_holds: int = 0
    hold: Hold | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    avoid: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.cluster_id}.{self.proc}"

    def become(self, state: JobState, now: float, **values: object) -> None:
        """It is so from now on; a hold is over."""
        self.state, self.since, self.hold = state, now, None
        for name, value in values.items():
            setattr(self, name, value)

    def seen(self) -> Job:
        """As its schedd tells it."""
        return Job(
            *(self.cluster_id, self.proc, self.order.submission, self.state, self.since, self.host),
            *(self.n_starts, self.n_holds, self.order.memory_mb, self.hold, self.exit_code, self.exit_signal),
        )


@dataclass
class FakeCluster:
    """Implements `clusters.base.Cluster`.

    Parameters
    ----------
    random
        Of all luck.
    clock
        Tells the time.
    enough_mb
        Jobs that ask for less are held for memory once they run.
    luck
        How likely a call goes wrong, 0 for never.
    """

    random: object
    clock: object
    enough_mb: int = 0
    luck: float = 0.0
    is_refusing: bool = False
    kill: object = None
    """Called before and after each call; it may raise."""
    queue: dict[str, FakeJob] = field(default_factory=dict)
    late: list[tuple[int, FakeJob]] = field(default_factory=list)
    """Jobs that turn up after so many further calls, although the answer was that nobody knows."""
    orders: list[object] = field(default_factory=list)
    n_wrong: dict[str, int] = field(default_factory=dict)
    """What went wrong how often."""
    _next: int = 100

    def submit(self, order) -> Submitted:
        with _Call(self, "submit", refuses=True) as call:
            self.orders.append(order)
            self._next += 1
            now = self.clock()
            new = {"order": order, "state": JobState.IDLE, "since": now, "avoid": order.avoid}
            jobs = [FakeJob(self._next, proc, **new) for proc in range(order.n_jobs)]
            if call.is_late:
                self.late += [(self.random.randint(1, 3), job) for job in jobs[: self.random.randint(1, len(jobs))]]
                raise ClusterAwayError("nobody knows")
            if call.is_lost and self.random.random() < 0.5:
                for job in jobs:
                    job.become(JobState.HELD, now, hold=SPOOLING)
                    job.hold = SPOOLING
            self.queue |= {job.id: job for job in jobs}
        return Submitted(self._next, order.n_jobs)

    def jobs(self, service: str) -> list[Job]:
        with _Call(self, "jobs"):
            return [job.seen() for job in self.queue.values() if job.order.service == service]

    def remove(self, ids, reason: str) -> None:
        assert reason
        with _Call(self, "remove", refuses=True):
            for job in self._of(ids):
                if job.state is JobState.RUNNING and self.random.random() < 0.5:
                    job.become(JobState.REMOVED, self.clock())
                elif job.state is not JobState.REMOVED:
                    del self.queue[job.id]

    def release(self, ids, reason: str) -> None:
        assert reason
        with _Call(self, "release"):
            for job in self._of(ids):
                assert job.hold not in {MEMORY, BY_A_PERSON}, f"{job.id} was released unchanged: {job.hold}"
                if job.state is JobState.HELD:
                    job.become(JobState.IDLE, self.clock())

    def avoid(self, ids, hosts) -> None:
        with _Call(self, "avoid", refuses=True):
            for job in self._of(ids):
                job.avoid = tuple(hosts)

    def story(self, job: Job) -> str | None:
        with _Call(self, "story"):
            pass
        return "its last words" if job.exit_code else None

    def matches(self, order) -> Matches:
        with _Call(self, "matches"):
            free = {HOST.format(n) for n in range(3)} - set(order.avoid)
        return Matches(3, len(free), f"{len(free)} of 3 slots match")

    def close(self) -> None:
        """Nothing to do."""

    def live(self, pool: str) -> list[FakeJob]:
        """Jobs of a pool that wait, run or are held."""
        return [job for job in self.queue.values() if job.order.pool == pool and job.state in LIVE]

    def arrive(self) -> None:
        """What is late may turn up."""
        self.queue |= {job.id: job for calls, job in self.late if calls <= 0}
        self.late = [(calls - 1, job) for calls, job in self.late if calls > 0]

    def go_on(self) -> None:
        """Without anybody's doing: idle jobs start, those short of memory are held, removed ones vanish."""
        now = self.clock()
        for job in list(self.queue.values()):
            if job.state is JobState.REMOVED:
                del self.queue[job.id]
            elif job.state is JobState.RUNNING and job.order.memory_mb < self.enough_mb:
                job.become(JobState.HELD, now, n_holds=job.n_holds + 1)
                job.hold = MEMORY
            elif job.state is JobState.IDLE and (hosts := self._hosts(job)):
                job.become(JobState.RUNNING, now, host=self.random.choice(hosts), n_starts=job.n_starts + 1)

    def _hosts(self, job: FakeJob) -> list[str]:
        return [HOST.format(n) for n in range(3) if HOST.format(n) not in job.avoid]

    def _of(self, ids) -> list[FakeJob]:
        return [self.queue[each] for each in ids if each in self.queue]

    def wrong(self, what: str) -> None:
        """Count it."""
        self.n_wrong[what] = self.n_wrong.get(what, 0) + 1


class _Call:
    """A call that may not come through, whose answer may be lost, and around which the service may be killed."""

    def __init__(self, cluster: FakeCluster, verb: str, *, refuses: bool = False) -> None:
        self._cluster, self._verb, self._refuses = cluster, verb, refuses
        luck = cluster.random.random() if cluster.luck else 1.0
        self._is_away = luck < 0.4 * cluster.luck
        self.is_lost = 0.4 * cluster.luck <= luck < 0.8 * cluster.luck
        self.is_late = verb == "submit" and 0.8 * cluster.luck <= luck < cluster.luck

    def __enter__(self):
        cluster = self._cluster
        cluster.arrive()
        self._kill("before")
        if self._refuses and cluster.is_refusing:
            cluster.wrong(f"{self._verb} refused")
            raise ClusterRefusalError("the token expired")
        if self._is_away:
            cluster.wrong(f"{self._verb} away")
            raise ClusterAwayError("it does not answer")
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            return
        self._kill("after")
        if self.is_lost:
            self._cluster.wrong(f"{self._verb} lost")
            raise ClusterAwayError("the answer was lost")

    def _kill(self, when: str) -> None:
        if self._cluster.kill is not None:
            self._cluster.kill(f"{self._verb} call", when)
