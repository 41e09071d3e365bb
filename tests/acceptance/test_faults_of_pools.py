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
from pool_faults import (
    IS_PATIENT,
    NUMBERS,
    PoolScan,
    child_of,
    instant,
    leave_nothing,
    parent_of,
    service_on,
    tell,
    tokens_of,
)
from pool_scans import table
from skydriver.testing.processes import command_of

N_JOBS = 3
CHAIN = Asked("dummy:7:0.25", "2:0,8:24", 1.0, 432)
"""Lasts through all that is done to it."""
HALF = Asked("dummy:7:0.1", "2:0,8:12", 1.0, 240)


@pytest.fixture(scope="module")
def pool():
    with condor_pool("faults") as pool:
        yield pool


@pytest.fixture(scope="module")
def service(pool, tmp_path_factory):
    made = bundle_of(tmp_path_factory, "pool")
    folder = tmp_path_factory.mktemp("service")
    with service_on(pool, folder, made.path, {"east": table(pool)}, workers=1) as running:
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


@pytest.mark.parametrize("number", NUMBERS)
def test_jobs_of_a_machine_that_forgot_them_leave_the_queue(service, pool, references, number):
    """Its startd died, and what ran there with it; until their lease ends their schedd takes them for running."""
    scan = PoolScan(service, {"east": N_JOBS, "local": 1}, HALF)
    eventually(lambda: scan.workforce()["n_running"] == N_JOBS + 1, 60.0)
    Trouble(scan, pool, None).kill_daemon("startd")
    eventually(lambda: not workers_of(pool), 30.0)
    scan.end_well(references.of(instant(HALF))[0])
    if not IS_PATIENT:
        pool.clear()  # as their schedd does it when the lease ends, after two minutes
    tell(f"startd {number}", gone=leave_nothing(service, pool, timeout_s=180.0))


@pytest.mark.skipif(not IS_PATIENT, reason="make soak waits for the end of a job's lease")
def test_jobs_of_a_machine_that_forgot_them_start_again(service, pool, references):
    scan = PoolScan(service, {"east": N_JOBS}, HALF)
    eventually(lambda: all_work(scan), 60.0)
    start = time.monotonic()
    Trouble(scan, pool, None).kill_daemon("startd")
    eventually(lambda: not workers_of(pool), 30.0)
    eventually(lambda: all_work(scan), 200.0)
    tell("startd", recovered=time.monotonic() - start)
    scan.end_well(references.of(instant(HALF))[0])
    leave_nothing(service, pool)


@pytest.mark.skipif(not IS_PATIENT, reason="make soak waits until workers give up")
def test_workers_end_by_themselves_when_their_service_is_gone(pool, tmp_path_factory, tmp_path):
    made = bundle_of(tmp_path_factory, "pool")
    with service_on(pool, tmp_path, made.path, {"east": table(pool)}) as running:
        scan = PoolScan(running, {"east": N_JOBS}, CHAIN)
        eventually(lambda: all_work(scan), 60.0)
        start = time.monotonic()
        running.kill()
        eventually(lambda: not workers_of(pool), 120.0)
        ended = time.monotonic() - start
        eventually(lambda: {job["JobStatus"] for job in pool.queue()} == {4})
        running.restart()
        scan.abort()
        tell("service gone", ended=ended, gone=leave_nothing(running, pool))


def test_a_token_that_expires_while_jobs_run(own_token, pool, references):
    """Workers end by themselves when the scan is over; their jobs leave the queue once there is a good token."""
    service, folder = own_token
    scan = PoolScan(service, {"east": N_JOBS}, HALF)
    eventually(lambda: all_work(scan), 60.0)
    good = next(folder.iterdir())
    text = good.read_text()
    good.write_text(pool.token(lifetime_s=1))
    os.kill(child_of(service), signal.SIGKILL)  # or it would go on with the session that it has
    scan.end_well(references.of(instant(HALF))[0])
    eventually(lambda: not workers_of(pool))
    eventually(lambda: "expired at 20" in scan.log())
    good.write_text(text)
    tell("token", gone=leave_nothing(service, pool))


@pytest.fixture
def own_token(pool, tmp_path_factory, tmp_path):
    """A service with a folder of tokens of its own."""
    folder = tokens_of(tmp_path / "tokens", pool.token())
    made = bundle_of(tmp_path_factory, "pool")
    cluster = table(pool, token_directory=str(folder))
    with service_on(pool, tmp_path / "service", made.path, {"east": cluster}) as running:
        yield running, folder
