"""PostgreSQL away while scans run, and two services on one PostgreSQL, either of which is killed."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from databases import copied
from disturbed import ALL, NUMBERS, QUICK_LEASES, Disturbed, chooser, memory_of, only_its_own_are_left
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

TIMES = 2
"""In one scan."""


@pytest.fixture(scope="module")
def url(own_postgres):
    with copied(own_postgres) as url:
        yield url


@pytest.fixture(scope="module")
def replicas(url, tmp_path_factory):
    """Two services on one database, with a worker each, and the database."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                running_service(tmp_path_factory.mktemp("service"), database_url=url, workers=1, **QUICK_LEASES)
            )
            for _ in range(2)
        ]
        yield *running, stack.enter_context(memory_of(running[0]))


@pytest.fixture
def alive(replicas):
    """The same, each of them alive."""
    for running in replicas[:2]:
        if not running.is_alive:  # a test before failed
            running.restart()
    return replicas


def random_moments(scan, random, times):
    """Come back at some moments of a scan."""
    for n_done in sorted(random.randrange(int(0.9 * scan.asked.n_fits)) for _ in range(times)):
        scan.wait_for(n_done)
        time.sleep(random.expovariate(1 / 0.01))  # not only just behind a commit
        yield


@pytest.mark.parametrize("number", NUMBERS)
def test_the_database_stops_and_starts(alive, own_postgres, references, number):
    """Both services go on when it is back; what is asked meanwhile waits, or is refused with 503."""
    first, second, memory = alive
    random = chooser("outage", number)
    scan = Disturbed(first, memory, random.choice(ALL))
    for _ in random_moments(scan, random, TIMES):
        scan.note("database")
        own_postgres.stop(random.choice(["INT", "QUIT"]))
        time.sleep(random.uniform(0.0, 1.5))
        scan.recover(own_postgres.start)
        assert first.is_alive
        assert second.is_alive
    scan.end_well(references, f"outage {number}")
    assert scan.n_hit > 0
    only_its_own_are_left(first, second)


@pytest.mark.parametrize("number", NUMBERS)
def test_either_of_two_services_is_killed(alive, references, number):
    """The other one goes on with what was leased; both work when it is back."""
    first, second, memory = alive
    random = chooser("replicas", number)
    scan = Disturbed(first, memory, random.choice(ALL))
    for _ in random_moments(scan, random, TIMES):
        victim, other = random.sample([first, second], 2)
        victim.kill()
        scan.note("first service" if victim is first else "second service")
        before = memory.done(scan.id)
        scan.wait_for(before + random.randint(0, 40))
        assert other.is_alive
        victim.restart()
    scan.end_well(references, f"replicas {number}")
    assert scan.n_hit > 0
    wait_until(lambda: len(first.workers()) == len(second.workers()) == 1, "both have a worker again")
    only_its_own_are_left(first, second)
