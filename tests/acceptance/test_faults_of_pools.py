"""Scans on a real pool of which daemons, workers, and our own processes die or stop, one after another."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

import pytest

from bundles import bundle_of
from condor_pools import condor_pool, eventually
from disturbed import Asked, chooser
from pool_faults import NUMBERS, PoolScan, child_of, instant, leave_nothing, parent_of, service_on, tell
from pool_scans import table
from skydriver.testing.processes import command_of

N_JOBS = 3
CHAIN = Asked("dummy:7:0.25", "2:0,8:24", 1.0, 432)
"""Lasts through all that is done to it."""


@pytest.fixture(scope="module")
def pool():
    with condor_pool("faults") as pool:
        yield pool


@pytest.fixture(scope="module")
def service(pool, tmp_path_factory):
    made = bundle_of(tmp_path_factory, "pool")
    folder = tmp_path_factory.mktemp("service")
    with service_on(pool, folder, made.path, {"east": table(pool)}) as running:
        yield running


def workers_of(pool):
    """The processes of jobs."""
    return [pid for pid in pool.payloads() if b"skydriver.worker" in command_of(pid)]


class Trouble:
    """What is done to a scan's jobs, to the daemons of its pool, and to the process that talks to these."""

    def __init__(self, scan, pool, luck) -> None:
        self.scan, self.pool, self.luck = scan, pool, luck

    def kill_worker(self):
        """All processes of one job's worker at once."""
        workers = set(workers_of(self.pool))
        parents = {pid: parent_of(pid) for pid in workers}
        leader = self.luck.choice(sorted(pid for pid in workers if parents[pid] not in workers))
        self.kill(leader, *(pid for pid in workers if parents[pid] == leader))

    def kill_starter(self):
        self.kill(self.luck.choice(self.pool.pids("starter")))

    def kill_shadow(self):
        self.kill(self.luck.choice(self.pool.pids("shadow")))

    def kill_schedd(self):
        self.kill_daemon("schedd")

    def kill_collector(self):
        self.kill_daemon("collector")

    def stop_schedd(self):
        self.pool.signal("schedd", signal.SIGSTOP)
        self.scan.wait_for_fits(20)
        self.pool.proceed()

    def kill_child(self):
        self.kill(child_of(self.scan.service))

    def stop_child(self):
        os.kill(child_of(self.scan.service), signal.SIGSTOP)

    def kill_service(self):
        self.scan.service.kill()
        self.scan.service.restart()

    def kill_daemon(self, name):
        """Its master starts another."""
        before = self.pool.pids(name)
        self.pool.signal(name)
        eventually(lambda: self.pool.pids(name) not in ([], before), 60.0)

    def kill(self, *pids):
        for pid in pids:
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(pid, signal.SIGKILL)


TROUBLES = sorted(name for name in vars(Trouble) if name.startswith(("kill_", "stop_")) and name != "kill_daemon")
LOSE_A_WORKER = {"kill_worker", "kill_starter", "kill_shadow"}
"""The others change nothing for those that work."""


def all_work(scan):
    return scan.workforce()["n_running"] == N_JOBS


@pytest.mark.parametrize("number", NUMBERS)
def test_a_scan_survives_everything(service, pool, references, number):
    luck = chooser("faults of pools", number)
    scan = PoolScan(service, {"east": N_JOBS}, CHAIN)
    eventually(lambda: all_work(scan), 60.0)
    began = time.monotonic() - scan.start
    times = {}
    for name in luck.sample(TROUBLES, len(TROUBLES)):
        start = time.monotonic()
        getattr(Trouble(scan, pool, luck), name)()
        if name in LOSE_A_WORKER:
            eventually(lambda: not all_work(scan), 30.0)
        eventually(lambda: all_work(scan), 90.0)
        scan.wait_for_fits(3)
        times[name] = time.monotonic() - start
    expected, _ = references.of(instant(CHAIN))
    scan.end_well(expected, 200)
    gone = leave_nothing(service, pool)
    tell(f"chain {number}", began=began, **times, gone=gone)


def test_what_people_do_to_jobs(service, pool):
    """A job that a person holds is left to them, and they are told of; one that a person removes is replaced."""
    scan = PoolScan(service, {"east": 2}, CHAIN)
    eventually(lambda: scan.workforce()["n_running"] == 2, 60.0)
    first, second = sorted(f"{job['ClusterId']}.{job['ProcId']}" for job in pool.queue())
    pool.run("condor_hold", first)
    eventually(lambda: any("east holds jobs: " in words for words in scan.workforce()["top_errors"]))
    start = time.monotonic()
    pool.run("condor_rm", second)
    eventually(lambda: len([job for job in pool.queue() if job["JobStatus"] == 2]) == 1, 60.0)
    eventually(lambda: scan.workforce()["n_running"] == 1, 60.0)
    replaced = time.monotonic() - start
    assert [job["ProcId"] for job in pool.queue() if job["JobStatus"] == 5] == [0], "nobody released it but its owner"
    pool.run("condor_release", first)
    eventually(lambda: scan.workforce()["n_running"] == 2, 60.0)
    scan.abort()
    assert "removed from the queue by somebody else" in scan.log()
    tell("people", replaced=replaced, gone=leave_nothing(service, pool))


@pytest.mark.parametrize("number", NUMBERS)
def test_jobs_are_removed_once_their_schedd_is_back(service, pool, number):
    scan = PoolScan(service, {"east": N_JOBS}, CHAIN)
    eventually(lambda: all_work(scan), 60.0)
    pool.signal("schedd", signal.SIGSTOP)
    scan.abort()
    eventually(lambda: not workers_of(pool), 30.0)
    pool.proceed()
    tell(f"schedd stopped {number}", gone=leave_nothing(service, pool))
