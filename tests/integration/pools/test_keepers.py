"""What a keeper does where a cluster, or one machine of it, does not do what is wanted."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import update

from databases import make_service
from disturbed import chooser
from fake_cluster import HOST
from pool_world import KilledError, World
from skydriver.clusters.base import JobState
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import pools
from skydriver.db.tables import scans

BAD = HOST.format(0)


@pytest.fixture
def world(sqlite_url, tmp_path):
    return World(make_service(sqlite_url, tmp_path), chooser("keepers"))


def go_on(world, fails, n=40):
    """Turns, in which jobs end with code 1 on machines that do so."""
    for _ in range(n):
        world.now += 10.0
        world.cluster.go_on()
        for job in world.cluster.live(world.pool):
            if job.state is JobState.RUNNING and job.host in fails:
                job.become(JobState.COMPLETED, world.now, exit_code=1)
        world.turn()


def test_a_bad_machine_is_avoided(world):
    world.begin(0, 8)
    go_on(world, {BAD})
    row, live = world.row(), world.cluster.live(world.pool)
    assert row.state == pools.ACTIVE
    assert len(live) == 8
    assert BAD not in {job.host for job in live}
    assert any(BAD in job.avoid for job in live)
    assert row.failures <= 8


def test_where_all_machines_are_bad_the_cluster_is_given_up_with_the_reason(world):
    world.begin(0, 4)
    go_on(world, {HOST.format(n) for n in range(3)})
    row = world.row()
    assert row.state == pools.GIVEN_UP
    assert "of its jobs failed, the last one so: its worker ended with code 1" in row.problem
    assert world.left() == (0, 0, 0)


def test_what_runs_on_a_cluster_that_is_given_up_may_go_on(world):
    world.begin(0, 4)
    for _ in range(3):
        world.cluster.go_on()
        world.turn()
    bad = world.cluster.live(world.pool)[1:]
    for _ in range(40):
        world.now += 30.0
        world.cluster.go_on()
        for job in world.cluster.live(world.pool):
            if job.state is JobState.RUNNING and (job in bad or job.cluster_id > bad[0].cluster_id):
                job.become(JobState.COMPLETED, world.now, exit_signal=9)
        world.turn()  # looks whether their tokens are good
    assert world.row().state == pools.GIVEN_UP
    assert len(world.cluster.live(world.pool)) == 1
    world.end()
    world.settle()
    assert world.left() == (0, 0, 0)


def test_a_scan_that_waits_for_its_turn_gets_its_jobs_then(world):
    world.begin(0, 2, status="queued")
    world.settle()
    assert (world.row().state, world.cluster.orders) == (pools.ACTIVE, [])
    with world.service.database.transaction(CommitPoint.LAUNCH) as connection:
        connection.execute(update(scans).where(scans.c.id == world.scan).values(status="starting"))
    world.settle()
    assert len(world.cluster.live(world.pool)) == 2


def test_jobs_that_nobody_asked_for_stop_nothing(world):
    world.begin(0, 2)
    world.settle()
    for job in list(world.cluster.queue.values()):
        stray = type(job)(900 + job.proc, job.proc, job.order, JobState.IDLE, world.now)
        world.cluster.queue[stray.id] = stray
    world.cluster.is_refusing = True
    world.turn()
    world.cluster.is_refusing = False
    world.turn()
    assert sorted(job.cluster_id for job in world.cluster.queue.values()) == [101, 101]


def test_a_pool_without_jobs_ends_although_its_cluster_never_answers(world):
    world.begin(0, 2)
    world.cluster.is_away = True
    world.turn()
    world.end()
    world.turn()
    assert world.row().state == pools.ENDED
    assert world.left() == (0, 0, 0)


@pytest.mark.parametrize("fuse", range(12))
def test_no_token_outlives_a_cluster_that_is_given_up_whenever_its_service_dies(world, fuse):
    world.begin(0, 1)
    world.settle()
    world.cluster.is_refusing = True
    world.n_by_hand += len(world.cluster.queue)
    world.cluster.queue.clear()
    for _ in range(3):
        world.fuse = fuse
        with suppress(KilledError):
            for _ in range(20):
                world.now += 60.0
                world.turn()
    for _ in range(20):
        world.fuse = -1
        world.now += 60.0
        world.turn()
    assert world.row().state == pools.GIVEN_UP
    assert "the token expired" in world.row().problem
    assert world.left() == (0, 0, 0)


def test_few_failures_in_many_hours_give_nothing_up(world):
    world.begin(0, 1)
    for _ in range(12):
        go_on(world, {HOST.format(n) for n in range(3)}, n=2)
        go_on(world, set(), n=70)
    assert (world.row().state, len(world.cluster.live(world.pool))) == (pools.ACTIVE, 1)
    assert world.row().failures <= 2


def test_what_was_submitted_twice_is_taken_back_once(world):
    world.begin(0, 2)
    go_on(world, set(), n=3)
    first = {job.cluster_id for job in world.cluster.live(world.pool)}
    world.cluster.submit(world.cluster.orders[-1])  # a service that was frozen comes back to it
    assert len(world.cluster.live(world.pool)) == 4
    go_on(world, set(), n=3)
    assert {job.cluster_id for job in world.cluster.live(world.pool)} == first
    assert len(world.cluster.live(world.pool)) == 2
