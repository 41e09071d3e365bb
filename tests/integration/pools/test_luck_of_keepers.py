"""Whatever a cluster and its service meet, in any order: each need has its jobs, once, and in the end none is left."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from databases import make_service
from disturbed import START, chooser
from fake_cluster import BY_A_PERSON, MEMORY, OTHER, FakeCluster
from skydriver.clusters.base import JobState
from skydriver.clusters.configured import ClusterSettings, Named
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import pool_jobs, pools
from skydriver.db.tables import mishaps, scans, submissions, tokens
from skydriver.services.pools.decide import GONE_REASON
from skydriver.services.pools.keeper import Keeper
from skydriver.services.tokens import find
from skydriver.services.worker_access import WorkerAddress
from toy_scans import store_scan

if TYPE_CHECKING:
    from skydriver.services.context import Service

N = int(os.environ.get("SKYDRIVER_POOL_LUCK", "10"))
"""Runs on each database; `make soak` has more."""
STEPS = 60
SETTLED = 40
"""Quiet turns after which all is as it is to be."""
REQUEST = json.dumps({"docker_tag": "latest", "worker_disk_bytes": 1_000_000_000})


class KilledError(BaseException):
    """The service was killed here."""


@dataclass
class World:
    """A cluster, whichever service looks after it, and one pool of a scan."""

    service: Service
    random: Any
    cluster: FakeCluster = None
    now: float = 1e9
    keeper: Keeper = None
    fuse: int = -1
    """The service is killed at so many points from now; -1: it is not."""
    fates: dict[tuple[str, str], str] = field(default_factory=dict)
    wanted: int = 0
    max_memory_mb: int = 4096
    n_kills: int = 0
    n_by_hand: int = 0
    """Jobs that somebody else removed."""
    is_over: bool = False

    def begin(self, number: int) -> None:
        self.scan = f"scan{number}"
        self.pool = f"pool{number}"
        self.wanted = self.random.randint(1, 5)
        self.cluster = FakeCluster(self.random, lambda: self.now)
        self.cluster.kill = self.point
        self.service.database.now = lambda _connection: self.now
        self.service.database._watch = lambda point, when: self.point(str(point), when)
        self.service.worker_access.address = WorkerAddress("https://service.test:1", b"ca")
        store_scan(self.service, self.scan, request=REQUEST, status="running")
        self.memory_mb = self.random.choice([256, 1024])
        values = {"id": self.pool, "scan": self.scan, "number": 0, "cluster": "east", "wanted": self.wanted}
        with self.service.database.transaction(CommitPoint.SUBMIT) as connection:
            connection.execute(mishaps.delete())
            pools.add(connection, collector="c", schedd="s", memory_mb=self.memory_mb, **values)
        self.start()

    def start(self) -> None:
        """A service, the first or another after a kill."""
        settings = ClusterSettings(
            collector="c",
            schedd="s",
            token_directory="/tokens",
            ship="container",
            image="/image.sif",
            max_memory_mb=self.max_memory_mb,
        )
        self.keeper = Keeper(self.service, Named("east", settings), self.cluster)

    def killed(self) -> None:
        """The connection of a service that is killed ends with it."""
        self.keeper._lock.let_go()

    def point(self, _name: str, _when: str) -> None:
        """A moment at which a service may be killed."""
        if self.fuse >= 0:
            self.fuse -= 1
            if self.fuse < 0:
                self.n_kills += 1
                raise KilledError

    def turn(self) -> None:
        try:
            self.keeper.turn()
        except KilledError:
            self.killed()
            self.start()
        self.check()

    def check(self) -> None:
        """What holds at any moment."""
        with self.service.database.reading() as connection:
            rows = pool_jobs.of_pool(connection, self.pool)
        for row in rows:
            for proc, how in json.loads(row.ended_jobs).items():
                assert self.fates.setdefault((row.id, proc), how) == how
                assert int(proc) < row.n_jobs
        assert sum(row.state == pool_jobs.INTENDED for row in rows) <= 1
        for order in self.cluster.orders:
            assert 1 <= order.n_jobs <= self.wanted
        assert len(self.cluster.live(self.pool)) + len(self.cluster.late) <= 2 * self.wanted
        if not self.is_over:
            for job in self.cluster.live(self.pool):
                assert find(self.service, job.order.token) is not None, "a job that is needed has lost its token"
        assert self.count_errors(GONE_REASON) <= self.n_by_hand

    def count_errors(self, words: str) -> int:
        """How often it was so."""
        return json.loads(self.row().errors).get(words, 0)

    def settle(self) -> None:
        """Nothing goes wrong any more."""
        self.fuse, self.cluster.luck, self.cluster.is_refusing = -1, 0.0, False
        for _ in range(SETTLED):
            self.now += 10.0
            self.cluster.go_on()
            self.turn()

    def row(self) -> Any:
        with self.service.database.reading() as connection:
            return pools.get(connection, self.pool)

    def end(self) -> None:
        """The scan needs no more workers."""
        self.is_over = True
        with self.service.database.transaction(CommitPoint.FINISH) as connection:
            connection.execute(update(scans).where(scans.c.id == self.scan).values(status="done"))

    def left(self) -> tuple[int, int, int]:
        """Jobs, tokens of the pool, and submissions that are not known to be gone."""
        count = select(func.count())
        with self.service.database.reading() as connection:
            n_tokens = connection.execute(count.select_from(tokens).where(tokens.c.scope == self.pool)).scalar_one()
            present = connection.execute(
                count.select_from(submissions).where(submissions.c.pool == self.pool, submissions.c.state != "gone")
            ).scalar_one()
        return len(self.cluster.queue), n_tokens, present


def pick(world, *states):
    found = [job for job in world.cluster.queue.values() if job.state in states]
    return world.random.choice(found) if found else None


def run_on(world):
    world.cluster.go_on()


def later(world):
    world.now += world.random.choice([0.3, 3.0, 40.0])


def end_job(world):
    """It ends by itself: well, with a code, or by a signal."""
    if job := pick(world, JobState.RUNNING):
        how = world.random.choice([{"exit_code": 0}, {"exit_code": 0}, {"exit_code": 1}, {"exit_signal": 9}])
        job.become(JobState.COMPLETED, world.now, **how)


def evict(world):
    if job := pick(world, JobState.RUNNING):
        job.become(JobState.IDLE, world.now)


def hold(world):
    if job := pick(world, JobState.RUNNING, JobState.IDLE):
        why = world.random.choice([MEMORY, BY_A_PERSON, OTHER])
        job.become(JobState.HELD, world.now, n_holds=job.n_holds + 1)
        job.hold = why


def release_by_hand(world):
    if (job := pick(world, JobState.HELD)) and job.hold == BY_A_PERSON:
        job.become(JobState.IDLE, world.now)


def remove_by_hand(world):
    if job := pick(world, JobState.RUNNING, JobState.IDLE, JobState.HELD, JobState.COMPLETED):
        world.n_by_hand += 1
        del world.cluster.queue[job.id]


def kill_service(world):
    world.fuse = world.random.randrange(12)


def change_luck(world):
    world.cluster.luck = world.random.choice([0.0, 0.0, 0.3, 1.0])


def refuse(world):
    world.cluster.is_refusing = world.random.random() < 0.3


def add_jobs(world):
    if world.wanted < 8:
        world.wanted += 1
        fuse, world.fuse = world.fuse, -1
        with world.service.database.transaction(CommitPoint.ADD_WORKERS) as connection:
            pools.change(connection, world.pool, wanted=world.wanted)
        world.fuse = fuse


EVENTS = (run_on, run_on, later, later, end_job, evict, hold, release_by_hand, remove_by_hand, change_luck, refuse)


def live_through(world):
    for _ in range(STEPS):
        world.random.choice((*EVENTS, kill_service, add_jobs))(world)
        world.turn()


@pytest.mark.parametrize("number", range(START, START + N))
def test_whatever_happens(luck, number):
    world = luck(number)
    live_through(world)
    for job in world.cluster.queue.values():
        if job.hold == BY_A_PERSON:
            job.become(JobState.IDLE, world.now)
    world.settle()
    row, live = world.row(), world.cluster.live(world.pool)
    if row.state == pools.ACTIVE:
        assert len(live) == world.wanted
        assert all(job.state is JobState.RUNNING for job in live)
        assert row.problem is None
    else:
        assert (row.state, len(live) <= world.wanted) == (pools.GIVEN_UP, True)
        assert row.problem
    world.end()
    world.settle()
    assert world.left() == (0, 0, 0)
    assert world.row().state in {pools.ENDED, pools.GIVEN_UP}


@pytest.fixture
def luck(database_url, tmp_path):
    """A function from a number to a `World` of that luck."""

    made = []

    def make(number):
        world = World(make_service(database_url, tmp_path), chooser("pools", number))
        made.append(world)
        world.begin(number)
        return world

    yield make
    for world in made:
        world.killed()
