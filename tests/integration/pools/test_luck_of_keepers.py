"""Whatever a cluster and its service meet, in any order: each need has its jobs, once, and in the end none is left."""

from __future__ import annotations

import os

import pytest

from databases import make_service
from disturbed import START, chooser
from fake_cluster import BY_A_PERSON, MEMORY, OTHER
from pool_world import World
from skydriver.clusters.base import JobState
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import pools

N = int(os.environ.get("SKYDRIVER_POOL_LUCK", "10"))
"""Runs on each database; `make soak` has more."""
STEPS = 60


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


@pytest.mark.parametrize("number", range(N * START, N * (START + 1)))
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
        assert world.n_untold() == 0
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
        world.begin(number, world.random.randint(1, 5))
        made.append(world)
        return world

    yield make
    for world in made:
        world.stop()
