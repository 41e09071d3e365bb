"""kill -9 of the service, of a worker, of a fit, at random moments of a scan and several times in each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

from disturbed import ALL, NUMBERS, QUICK_LEASES, Disturbed, chooser, memory_of, only_its_own_are_left
from odd_worker import minted
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

KILLS_EACH = 3
"""In one scan."""


def kill_service(scan):
    scan.running.kill()
    scan.note("service")
    scan.recover(scan.running.restart)


def kill_worker(scan, random):
    kill_one(scan, "worker", scan.running.workers, random)


def kill_fit(scan, random):
    kill_one(scan, "fit", scan.running.fits, random)


def kill_one(scan, what, of, random):
    """One of those that are alive, as soon as there is one."""
    while not scan.memory.is_over(scan.id):
        if found := of():
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(random.choice(found), signal.SIGKILL)
                scan.note(what)
                return
        time.sleep(0.01)


KILL = {"service": lambda scan, _random: kill_service(scan), "worker": kill_worker, "fit": kill_fit}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("victim", sorted(KILL))
def test_a_scan_survives(served, references, victim, number):
    running, memory = served(number)
    random = chooser("kills", victim, number)
    asked = random.choice(ALL)
    scan = Disturbed(running, memory, asked)
    for n_done in sorted(random.randrange(int(0.9 * asked.n_fits)) for _ in range(KILLS_EACH)):
        scan.wait_for(n_done)
        time.sleep(random.expovariate(1 / 0.01))  # not only just behind a commit
        KILL[victim](scan, random)
    scan.end_well(references, f"{victim} {number}")
    assert scan.n_hit > 0
    only_its_own_are_left(running)
    wait_until(lambda: len(running.workers()) == 2, "both workers live again")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_worker_elsewhere_outlives_its_service(references, tmp_path, number):
    """It waits until the service is back, its token is good as before, and what it had fitted counts."""
    random = chooser("elsewhere", number)
    with running_service(tmp_path, **QUICK_LEASES) as running, memory_of(running) as memory, elsewhere(running) as far:
        scan = Disturbed(running, memory, random.choice(ALL))
        for n_done in sorted(random.randrange(int(0.9 * scan.asked.n_fits)) for _ in range(KILLS_EACH)):
            scan.wait_for(n_done)
            time.sleep(random.expovariate(1 / 0.01))
            kill_service(scan)
        scan.end_well(references, f"elsewhere {number}")
        assert scan.n_hit > 0
        assert far.poll() is None
        assert memory.n_workers() == 1


@contextmanager
def elsewhere(running):
    """A worker process that the service did not start."""
    given = {"url": running.url, "token": minted(running, "far", 600.0), "pool": "far"}
    worker = subprocess.Popen(
        [sys.executable, "-m", "skydriver.worker.remote"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | running.processes.environment,
        start_new_session=True,
    )
    with worker:
        worker.stdin.write(json.dumps(given).encode() + b"\n")
        worker.stdin.flush()
        yield worker
