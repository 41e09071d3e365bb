"""kill -9 of the service, of a worker, of a fit, at random moments of a scan and several times in each."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

import pytest

from disturbed import ALL, NUMBERS, Disturbed, chooser, only_its_own_are_left
from skydriver.testing.processes import wait_until

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
