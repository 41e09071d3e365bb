"""Clusters that do not do what is wanted of them: what becomes of scans, and what an operator reads of it."""

from __future__ import annotations

import io
import json
import signal
import tarfile
import time

import pytest

from bundles import bundle_of
from condor_pools import condor_pool, eventually
from pool_faults import LONG, MEDIUM, NUMBERS, SLOW, PoolScan, instant, leave_nothing, service_on, tell, tokens_of
from pool_scans import table
from skydriver.db.commit_points import CommitPoint
from skydriver.testing.commit_faults import COMMAND, FAULT, FAULTS_MET, Fault

NO_WORKER_S = 45.0
N_JOBS = 2


@pytest.fixture(scope="module")
def pool():
    with condor_pool("nothing") as pool:
        yield pool


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_of(tmp_path_factory, "pool").path


@pytest.fixture(scope="module")
def clusters(pool, tmp_path_factory):
    """One of each kind of trouble, all of them this one pool."""
    folder = tmp_path_factory.mktemp("tokens")
    with condor_pool("foreign", slots=1) as foreign:
        foreigner = foreign.token()
    tokens = {
        "tokenless": tokens_of(folder / "none"),
        "expired": tokens_of(folder / "expired", pool.token(lifetime_s=1)),
        "foreign": tokens_of(folder / "foreign", foreigner),
    }
    others = {
        "good": {},
        "nobody": {"schedd": "nobody.test"},
        "picky": {"requirements": 'TARGET.Machine == "another.test"'},
        "never": {"requirements": "false"},
        "large": {"max_memory_mb": 4_000_000},
        "tight": {"max_memory_mb": 128},
    }
    return {name: table(pool, token_directory=str(path)) for name, path in tokens.items()} | {
        name: table(pool) | values for name, values in others.items()
    }


@pytest.fixture(scope="module")
def service(pool, bundle, clusters, tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    with service_on(pool, folder, bundle, clusters, workers=1, no_worker_timeout_s=NO_WORKER_S) as running:
        yield running


MEMORY = {"large": "100GB", "tight": "60MB"}


@pytest.fixture(scope="module", params=NUMBERS)
def failing(service, clusters):
    """A scan on each of them that is to fail, all at once."""
    names = [name for name in clusters if name != "good"]
    return {name: PoolScan(service, {name: N_JOBS}, LONG, worker_memory=MEMORY.get(name, "500MB")) for name in names}


REASONS = {
    "tokenless": ("no_cluster", "there is no token in", "condor_token_create"),
    "expired": ("no_cluster", "the token token-0 in", "expired at 20"),
    "foreign": ("no_cluster", "accepts no token in", "t-foreign-"),
    "nobody": ("no_cluster|no_worker", "knows no schedd nobody.test"),
    "picky": ("no_worker", "no slot of picky can run its jobs", "do not fulfil the cluster's requirements"),
    "never": ("no_worker", "no slot of never can run its jobs", "do not fulfil the cluster's requirements"),
    "large": ("no_worker", "no slot of large can run its jobs", "MB of memory"),
    "tight": ("no_cluster", "needs more than the 128 MB that it may have", "memory usage exceeded request_memory"),
}


@pytest.mark.parametrize("name", REASONS)
def test_it_fails_with_the_pools_own_reason(pool, failing, name):
    scan = failing[name]
    code, *words = REASONS[name]
    scan.fail(code, *words, timeout_s=NO_WORKER_S + 45.0)
    took = time.monotonic() - scan.start
    told = json.dumps(scan.workforce()["top_errors"]) + scan.log()
    assert words[0] in told, told
    if name == "nobody":
        is_nowhere(pool, scan)
        assert scan.manifest()["condor_clusters"] == []
    tell(name, until_failed=took)


def is_nowhere(pool, scan):
    """No job of it is, or ever was, in the queue of the only pool that there is."""
    history = pool.run("condor_history", "-json", "-attributes", "SkyDriverScanId").stdout
    assert scan.id not in history
    assert scan.id not in json.dumps(pool.queue())


def test_local_workers_carry_on_where_there_are_some(service, pool, references):
    scan = PoolScan(service, {"nobody": N_JOBS, "local": 1})
    scan.end_well(references.of(instant(SLOW))[0])
    assert "nobody refuses: the collector" in scan.log()
    is_nowhere(pool, scan)


def test_a_job_that_lacks_memory_gets_more_until_it_runs(service, pool, references):
    scan = PoolScan(service, {"good": 1}, MEDIUM, worker_memory="150MB")
    scan.end_well(references.of(instant(MEDIUM))[0])
    (error,) = [words for words in scan.workforce()["top_errors"] if "held for memory with 144 MB" in words]
    assert "memory usage exceeded" in error
    tell("memory", until_done=time.monotonic() - scan.start, gone=leave_jobs(pool))


def leave_jobs(pool):
    """Until the queue is empty; after how many seconds."""
    start = time.monotonic()
    eventually(lambda: not pool.queue())
    return time.monotonic() - start


def broken_bundle(path):
    """A worker that cannot start."""
    with tarfile.open(path, "w:gz") as archive:
        text = b"echo no module named skydriver >&2\nexit 3\n"
        entry = tarfile.TarInfo("start.sh")
        entry.size, entry.mode = len(text), 0o755
        archive.addfile(entry, io.BytesIO(text))
    return path


@pytest.mark.parametrize("number", NUMBERS)
def test_workers_that_cannot_start_are_given_up(pool, tmp_path, number):
    bundle = broken_bundle(tmp_path / "bundle.tar.gz")
    with service_on(pool, tmp_path, bundle, {"east": table(pool)}) as running:
        scan = PoolScan(running, {"east": 4})
        scan.fail("no_cluster", "of its jobs failed", "ended with code 3", "no module named skydriver", timeout_s=90.0)
        took = time.monotonic() - scan.start
        assert any("no module named skydriver" in words for words in scan.workforce()["top_errors"])
        tell(f"broken bundle {number}", until_failed=took, gone=leave_nothing(running, pool))


POINTS = (CommitPoint.INTEND, CommitPoint.SUBMITTED, CommitPoint.POOL)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_service_killed_at_its_commits_submits_once(pool, bundle, references, tmp_path, number):
    met = tmp_path / "met"
    options = {"command": COMMAND, "environment": {FAULTS_MET: str(met)}}
    with service_on(pool, tmp_path / "service", bundle, {"east": table(pool)}, **options) as running:
        scan, most, times = None, 0, []
        for point in POINTS:
            for when in ("before", "after"):
                running.stop(signal.SIGKILL)
                running.environment[FAULT] = str(Fault(point, when))
                running.start()
                scan = scan or PoolScan(running, {"east": N_JOBS})
                eventually(lambda: not running.is_alive, 60.0)
                most = max(most, len(pool.queue()))
        running.stop(signal.SIGKILL)
        running.environment[FAULT] = ""
        start = time.monotonic()
        running.start()
        eventually(lambda: scan.done() > 0, 60.0)
        times.append(time.monotonic() - start)
        most = max(most, len([job for job in pool.queue() if job["JobStatus"] in {1, 2, 5}]))
        scan.end_well(references.of(instant(SLOW))[0])
        assert most == N_JOBS
        assert met.read_text().splitlines() == [f"{p}:{w}:1" for p in POINTS for w in ("before", "after")]
        tell(f"commits {number}", first_fit=times[0], gone=leave_nothing(running, pool))
