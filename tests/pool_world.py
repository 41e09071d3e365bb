"""A cluster in memory, a keeper that is called by hand, and one pool of a scan."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from fake_cluster import FakeCluster
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

    def begin(self, number: int, wanted: int, status: str = "running") -> None:
        self.scan = f"scan{number}"
        self.pool = f"pool{number}"
        self.wanted = wanted
        self.cluster = FakeCluster(self.random, lambda: self.now)
        self.cluster.kill = self.point
        self.service.database.now = lambda _connection: self.now
        self.service.database._watch = lambda point, when: self.point(str(point), when)
        self.service.worker_access.address = WorkerAddress("https://service.test:1", b"ca")
        store_scan(self.service, self.scan, request=REQUEST, status=status)
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
            token_directory="/tokens",  # noqa: S106 - a path
            ship="container",
            image="/image.sif",
            max_memory_mb=self.max_memory_mb,
        )
        self.stop()
        self.keeper = Keeper(self.service, Named("east", settings), self.cluster)

    def stop(self) -> None:
        """The service is gone, and its connections."""
        if self.keeper is not None:
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

    def n_untold(self) -> int:
        """Jobs that left the queue of which it is not stored how they ended."""
        here = {(job.order.submission, job.proc) for job in self.cluster.queue.values()}
        with self.service.database.reading() as connection:
            rows = pool_jobs.present(connection, self.pool)
        procs = {(row.id, proc) for row in rows for proc in range(row.n_jobs)}
        return len(procs - here - {(row.id, int(proc)) for row in rows for proc in json.loads(row.ended_jobs)})

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
