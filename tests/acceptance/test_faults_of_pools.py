"""Scans on a real pool of which daemons, workers and our own process that talks to it die or stop, one after another."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

import pytest

from bundles import bundle_of
from condor_pools import condor_pool, eventually
from disturbed import Asked
from pool_faults import NUMBERS, N, PoolScan, child_of, chooser, instant, leave_nothing, parent_of, service_on, tell
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


def one_of(pids, luck):
    with suppress(ProcessLookupError):
        os.kill(luck.choice(pids), signal.SIGKILL)


def all_work(scan):
    return scan.workforce()["n_running"] == N_JOBS


def kill_worker(scan, pool, luck):
    """All processes of one job's worker at once."""
    workers = set(workers_of(pool))
    parents = {pid: parent_of(pid) for pid in workers}
    leader = luck.choice(sorted(pid for pid in workers if parents[pid] not in workers))
    for pid in [leader, *(pid for pid in workers if parents[pid] == leader)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_starter(scan, pool, luck):
    one_of(pool.pids("starter"), luck)


def kill_shadow(scan, pool, luck):
    one_of(pool.pids("shadow"), luck)


def kill_schedd(scan, pool, luck):
    before = pool.pids("schedd")
    pool.signal("schedd")
    eventually(lambda: pool.pids("schedd") not in ([], before), 60.0)


def kill_collector(scan, pool, luck):
    before = pool.pids("collector")
    pool.signal("collector")
    eventually(lambda: pool.pids("collector") not in ([], before), 60.0)


def stop_schedd(scan, pool, luck):
    pool.signal("schedd", signal.SIGSTOP)
    scan.wait_for_fits(20)
    pool.proceed()


def kill_child(scan, pool, luck):
    os.kill(child_of(scan.service), signal.SIGKILL)


def stop_child(scan, pool, luck):
    os.kill(child_of(scan.service), signal.SIGSTOP)


VICTIMS = (kill_worker, kill_starter, kill_shadow, kill_schedd, kill_collector, stop_schedd, kill_child, stop_child)
N_VICTIMS = len(VICTIMS) if N > 1 else 8


@pytest.mark.parametrize("number", NUMBERS)
def test_a_scan_survives_everything(service, pool, references, number):
    luck = chooser("faults of pools", number)
    scan = PoolScan(service, {"east": N_JOBS}, CHAIN)
    eventually(lambda: all_work(scan), 60.0)
    began = time.monotonic() - scan.start
    times = {}
    for victim in luck.sample(VICTIMS, N_VICTIMS):
        start = time.monotonic()
        victim(scan, pool, luck)
        scan.wait_for_fits(3)
        time.sleep(4)
        eventually(lambda: all_work(scan), 90.0)
        times[victim.__name__] = time.monotonic() - start
        print(victim.__name__, times[victim.__name__], scan.done(), scan.workforce(), flush=True)
    expected, _ = references.of(instant(CHAIN))
    scan.end_well(expected, 200)
    gone = leave_nothing(service, pool)
    tell(f"chain {number}", began=began, **times, gone=gone)
    print(scan.log())


def test_what_people_do_to_jobs(service, pool, references):
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
