"""Scans of a real service that are disturbed, and what holds of each however it was."""

from __future__ import annotations

import os
import random
import time
from contextlib import closing
from typing import NamedTuple

import httpx
from sqlalchemy import func, select

from feed_laws import check_scan
from skydriver.cli.submit import arguments_of, local_cluster, nsides_of
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.db.schema.fits import DONE
from skydriver.db.stores.workers import ALIVE
from skydriver.db.tables import fits, scan_log, scans, workers
from skydriver.errors import UnavailableError
from skydriver.services.coordination.states import ENDED, Status
from skydriver.testing.processes import wait_until

N_KILLS = int(os.environ.get("SKYDRIVER_KILLS", "2"))
START = int(os.environ.get("SKYDRIVER_FUZZ_START", "0"))
SEED = int(os.environ.get("SKYDRIVER_FUZZ_SEED", "20260101"))
NUMBERS = range(START, START + N_KILLS)
"""Of the repetitions: each kind of database has its turn. `make soak` has more, and goes on where it was stopped."""
BOUND_S = 120.0
"""A scan ends within so long, however it is disturbed."""
QUICK_LEASES = {"lease_s": 2.0, "heartbeat_s": 0.5}
"""Settings of services under test: who is silent is not waited for."""


class Asked(NamedTuple):
    """What is asked for."""

    reco: str
    nsides: str
    threshold: float
    n_fits: int
    """There are about so many."""

    def options(self) -> tuple[str, ...]:
        """Of the command scan."""
        early = ("--predictive-scanning-threshold", str(self.threshold))
        return ("--reco", self.reco, "--nsides", self.nsides, *early)

    def arguments(self, n_workers: int) -> dict[str, object]:
        """Of POST /scan."""
        return arguments_of("example", simulated=None) | {
            "docker_tag": "latest",
            "reco_algo": self.reco,
            "nsides": nsides_of(self.nsides),
            "cluster": local_cluster(n_workers),
            "predictive_scanning_threshold": self.threshold,
        }


SWEEPS = Asked("pandel_mpe", "4:0,16:24", 1.0, 1500)
"""Many quick fits, most of which start from others'."""
EARLY = Asked("pandel_mpe", "4:0,16:24", 0.5, 1500)
"""The same, with the second stage begun before the first is over."""
SLOW = Asked("dummy:7:0.01", "2:0,8:12", 0.5, 200)
"""Few slow fits."""
ALL = (SWEEPS, EARLY, SLOW)


def chooser(*names: object) -> random.Random:
    """Random numbers that depend on the seed and on what they are for."""
    return random.Random(f"{SEED} {names}")  # noqa: S311 - no secrets


class References:
    """The maps of scans without a service, each made once.

    Parameters
    ----------
    scan_once
        A function from an event and options to the answer of its scan, and the folder of its products.
    """

    def __init__(self, scan_once) -> None:
        self._scan_once = scan_once

    def of(self, asked: Asked) -> tuple[bytes, int]:
        """The map's JSON, and the number of fits."""
        answer, folder = self._scan_once("example", *asked.options())
        (file,) = (f for f in folder.glob("*.json") if f.name.count(".") == 3)
        return file.read_bytes(), answer["n_fits"]


class Memory:
    """The database of a service, seen from beside it.

    Parameters
    ----------
    database
        Open.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def done(self, scan_id: str) -> int:
        """How many fits are; -1 while the database is away."""
        query = select(func.count()).select_from(fits).where(fits.c.scan == scan_id, fits.c.state == DONE)
        try:
            with self.database.reading() as connection:
                return int(connection.execute(query).scalar_one())
        except UnavailableError:
            return -1

    def scan(self, scan_id: str):
        """Its row."""
        with self.database.reading() as connection:
            return connection.execute(select(scans).where(scans.c.id == scan_id)).one()

    def is_over(self, scan_id: str) -> bool:
        """Whether it ended; not while the database is away."""
        try:
            return self.scan(scan_id).status in ENDED
        except UnavailableError:
            return False

    def n_workers(self) -> int:
        """How many registered, and are not known to be gone."""
        query = select(func.count()).select_from(workers).where(workers.c.state == ALIVE)
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def rows(self, table, scan_id: str):
        """All of a scan."""
        with self.database.reading() as connection:
            return connection.execute(select(table).where(table.c.scan == scan_id)).all()


def url_of(running) -> str:
    """The URL of a service's database."""
    given = running.environment.get("SKYDRIVER_DATABASE_URL")
    return Settings(data=running.folder / "data", database_url=given).url


def memory_of(running):
    """The `Memory` of a service, to be closed."""
    return closing(_Closing(Database(url_of(running))))


class _Closing(Memory):
    def close(self) -> None:
        self.database.close()


class Disturbed:
    """A scan, submitted.

    Parameters
    ----------
    running
        The service, or one of those that share a database.
    memory
        Its database.
    asked
        What for.
    n_workers
        How many may fit it.
    """

    def __init__(self, running, memory: Memory, asked: Asked, n_workers: int = 2) -> None:
        self.running = running
        self.memory = memory
        self.asked = asked
        self.kills: list[tuple[str, int]] = []
        """What was killed, and how many fits were done then."""
        self.recovered: list[float] = []
        """Seconds after a restart began until another fit was done."""
        with running.client(60.0) as client:
            self.id = client.submit(asked.arguments(n_workers))["scan_id"]

    def wait_for(self, n_done: int, seconds: float = BOUND_S) -> None:
        """Until so many fits are done, or the scan is over."""
        what = f"{n_done} fits of {self.id} are done"
        wait_until(lambda: self.memory.done(self.id) >= n_done or self.memory.is_over(self.id), what, seconds)

    def note(self, what: str) -> None:
        """Something was killed just now."""
        self.kills.append((what, -1 if self.memory.is_over(self.id) else self.memory.done(self.id)))

    def recover(self, begin) -> None:
        """Start something again with `begin`, and see how long it takes until another fit is done."""
        before, start = max(self.memory.done(self.id), self.kills[-1][1]), time.monotonic()
        begin()
        self.wait_for(before + 1)
        self.recovered.append(time.monotonic() - start)

    @property
    def n_hit(self) -> int:
        """How many kills the scan had to survive."""
        return sum(done >= 0 for _, done in self.kills)

    def end_well(self, references: References, name: str = "") -> None:
        """Wait for its end, and check all that must hold."""
        wait_until(lambda: self.memory.is_over(self.id), f"{self.id} is over", BOUND_S)
        expected, n_fits = references.of(self.asked)
        scan = self.memory.scan(self.id)
        assert (scan.status, scan.code, scan.reason) == (Status.DONE, None, None)
        _check_counts(scan, self.memory.rows(fits, self.id), n_fits if self.asked.threshold == 1.0 else None)
        check_scan(self.memory.database, self.id)
        _check_log([row.line for row in self.memory.rows(scan_log, self.id)])
        answer = httpx.get(f"{self.running.url}/scan/result/{self.id}", timeout=30.0)
        assert answer.status_code == 200
        assert answer.json()["is_final"] is True
        assert b'"skyscan_result":' + expected in answer.content
        said = ", ".join(f"{what} at {done}" for what, done in self.kills)
        slow = ", ".join(f"{seconds:.1f}" for seconds in self.recovered)
        print(
            f"FAULTS {name} {self.asked.reco} {scan.fits_done} fits: {said}; {self.n_hit} hit; again after [{slow}] s"
        )


def _check_counts(scan, rows, n_fits: int | None) -> None:
    """No fit is lost, and none counted twice."""
    assert {row.state for row in rows} == {DONE}
    assert len(rows) == scan.fits_done
    assert n_fits in {None, len(rows)}
    assert scan.n_lost == 0


def _check_log(lines) -> None:
    """Each transition was made once."""
    for status in ("preparing", "starting", "running", "done"):
        assert sum(line.startswith(f"{status}: ") for line in lines) == 1, lines


def only_its_own_are_left(*services) -> None:
    """Of those that were ever started, only the services live, their workers, and the workers' fits."""

    def strays():
        found = {}
        for running in services:
            alive, workers = running.processes.alive(), set(running.workers())
            own = {pid for pid in workers if alive.get(pid) == running.pid}
            found |= {p: up for p, up in alive.items() if p != running.pid and p not in own and up not in own}
        return found

    try:
        wait_until(lambda: not strays(), "no process is left", 15.0)
    except TimeoutError as error:
        raise AssertionError(f"{error}: {strays()}") from error
