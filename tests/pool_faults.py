"""Scans on a pool that is disturbed, and what holds of each in the end."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from sqlalchemy import func, select

from condor_pools import eventually
from disturbed import Asked, memory_of
from pool_scans import service_with
from skydriver.db.tables import pools, scans, submissions, tokens
from skydriver.testing.processes import command_of

START = int(os.environ.get("SKYDRIVER_FUZZ_START", "0"))
N = int(os.environ.get("SKYDRIVER_POOL_FAULTS", "1"))
NUMBERS = range(START, START + N)
"""Of the repetitions; `make soak` has more."""
SLOW = Asked("dummy:7:0.05", "2:0,8:12", 1.0, 240)
"""Some seconds for a few jobs."""
MEDIUM = Asked("dummy:7:0.1", "2:0,8:12", 1.0, 240)
LONG = Asked("dummy:7:0.2", "2:0,8:24", 1.0, 432)
"""Is not over before it is ended."""
QUICK = {"lease_s": 3.0, "heartbeat_s": 0.5, "cluster_poll_s": 0.5}
WORKER_MEMORY = "500MB"


@contextmanager
def service_on(pool, folder, bundle, clusters, **given):
    """A service for all tests of a file, which leaves nothing, whatever became of them."""
    with service_with(folder, bundle, clusters, **QUICK | given) as running:
        yield running
        with memory_of(running) as memory, memory.database.reading() as connection:
            ids = connection.execute(select(scans.c.id)).scalars().all()
            going = [each for each in ids if not memory.is_over(each)]
        with running.client() as client:
            for each in going:
                client.abort(each)
        leave_nothing(running, pool)


def child_of(service) -> int:
    """The process of a service that talks to a schedd; it has few of its variables."""

    def found():
        mine = []
        for path in Path("/proc").glob("[0-9]*"):
            pid = int(path.name)
            if parent_of(pid) == service.pid and b"skydriver.clusters.htcondor.child" in command_of(pid):
                mine.append(pid)
        return mine

    return eventually(found)[0]


def parent_of(pid: int) -> int | None:
    """Of a process; None where it ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def instant(asked: Asked) -> Asked:
    """Of the same map, in no time: how long a fit of `dummy` takes changes nothing else."""
    return asked._replace(reco=asked.reco.rpartition(":")[0])


class PoolScan:
    """A scan on clusters, submitted.

    Parameters
    ----------
    service
        The service.
    clusters
        Numbers of workers by cluster.
    """

    def __init__(self, service, clusters, asked=SLOW, **arguments) -> None:
        self.service = service
        self.asked = asked
        self.start = time.monotonic()
        given = asked.arguments(1) | {"cluster": clusters, "worker_memory": WORKER_MEMORY, "force_new": True}
        with service.client(60.0) as client:
            self.id = client.submit(given | arguments)["scan_id"]

    def status(self) -> dict:
        with self.service.client(60.0) as client:
            return client.status(self.id)

    def workforce(self) -> dict:
        return self.status()["ewms_workforce"]

    def manifest(self) -> dict:
        with self.service.client(60.0) as client:
            return client.manifest(self.id)

    def log(self) -> str:
        with self.service.client(60.0) as client:
            return "\n".join(line["line"] for line in client.logs(self.id)["lines"])

    def abort(self) -> None:
        with self.service.client(60.0) as client:
            client.abort(self.id)
            assert client.status(self.id)["scan_state"].startswith("ABORTED")

    def is_over(self) -> bool:
        with memory_of(self.service) as memory:
            return memory.is_over(self.id)

    def done(self) -> int:
        with memory_of(self.service) as memory:
            return memory.done(self.id)

    def wait_for_fits(self, n: int, timeout_s: float = 60.0) -> float:
        """Until so many more fits are done; after how many seconds."""
        start = time.monotonic()
        wanted = self.done() + n
        eventually(lambda: self.done() >= wanted, timeout_s)
        return time.monotonic() - start

    def end(self, timeout_s: float) -> dict:
        """Its status once it is over."""
        try:
            eventually(self.is_over, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.status()}\n{self.log()}") from error
        return self.status()

    def end_well(self, expected: bytes, timeout_s: float = 90.0) -> dict:
        """It is done, and its map is this one."""
        found = self.end(timeout_s)
        assert found["scan_state"] == "SCAN_HAS_FINAL_RESULT", (found, self.log())
        with memory_of(self.service) as memory:
            assert memory.scan(self.id).n_lost == 0
        answer = httpx.get(f"{self.service.url}/scan/result/{self.id}", timeout=30.0)
        assert b'"skyscan_result":' + expected in answer.content
        return found

    def fail(self, code: str, *words: str, timeout_s: float = 60.0) -> str:
        """It failed with this code, and the reason holds these words; the reason."""
        found = self.end(timeout_s)
        assert found["scan_state"].startswith("FAILED"), found
        assert found["skydriver"]["code"] in code.split("|"), found["skydriver"]
        reason = found["skydriver"]["reason"]
        for word in words:
            assert word in reason, reason
        return reason


def leave_nothing(service, *pools_used, timeout_s: float = 30.0) -> float:
    """No job, no process, no token and no submission is left, and no traceback is logged; after how many seconds."""
    start = time.monotonic()
    for pool in pools_used:
        eventually(lambda pool=pool: not pool.queue(), timeout_s)
        eventually(lambda pool=pool: not pool.payloads(), timeout_s)
    eventually(lambda: not _stored(service), timeout_s)
    took = time.monotonic() - start
    assert not list((service.folder / "data" / "jobs").glob("*")), "files of jobs are left in the data folder"
    for log in service.folder.glob("*.log"):
        text = log.read_text(errors="replace")
        assert "Traceback" not in text, text[-3000:]
    return took


def _stored(service):
    """Tokens of pools, and what is not known to be gone, of scans that ended."""
    count = select(func.count())
    with memory_of(service) as memory, memory.database.reading() as connection:
        ours = select(pools.c.id)
        n_tokens = connection.execute(count.select_from(tokens).where(tokens.c.scope.in_(ours))).scalar_one()
        n_open = connection.execute(count.select_from(submissions).where(submissions.c.state != "gone")).scalar_one()
        n_active = connection.execute(count.select_from(pools).where(pools.c.state == "active")).scalar_one()
    return [n_tokens, n_open, n_active] if n_tokens or n_open or n_active else None


def tokens_of(folder: Path, *texts: str) -> Path:
    """A folder of tokens as an operator makes it."""
    folder.mkdir(mode=0o700)
    for number, text in enumerate(texts):
        path = folder / f"token-{number}"
        path.touch(0o600)
        path.write_text(text)
    return folder


def tell(what: str, **seconds: float) -> None:
    """What was measured, for who runs the soak."""
    print(f"POOL FAULT {what}: " + ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()))
