"""Workers that fit nothing and answer at once: what remains is what leases cost."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from http_load import Connection, ask, get, in_own_process, post
from skydriver.db.database import Database
from skydriver.services import tokens
from skydriver.services.context import Service
from skydriver.services.coordination.wire import ENGINE, PROTOCOL

if TYPE_CHECKING:
    from skydriver.config import Settings

PIXELS = 16
FIT_SECONDS = 0.5 / PIXELS
"""What each fit is said to have taken, for tasks of so many pixels."""


@dataclass(frozen=True)
class Run:
    """One scan."""

    n_pixels: int
    n_tasks: int
    seconds: float
    cpu_seconds: float
    """Of the process that all workers are in."""

    @property
    def rate(self) -> float:
        """Pixels per second by the clock, from the first task to the last answer."""
        return self.n_pixels / self.seconds


def pixels_per_second(url: str, settings: Settings, scan: str, n_workers: int) -> Run:
    """Fit a scan that waits for workers, to its end."""
    with closing(Database(settings.url)) as database:
        token = tokens.mint(Service(settings, database), "worker", "local", 600.0)
    return in_own_process(lambda: _work(url, token, scan, n_workers))


def _work(url: str, token: str, scan: str, n_workers: int) -> Run:
    workers = [FakeWorker(url, token) for _ in range(n_workers)]
    while not any([worker.ask() and worker.hear() for worker in workers]):  # noqa: C419 - all of them
        time.sleep(0.02)
    begun = [worker for worker in workers if worker.task]
    start, cpu = time.perf_counter(), time.process_time()
    while begun or not _all_fits_done(url, scan):
        for worker in workers:
            worker.ask()
        begun = [worker for worker in workers if worker.hear()]
    seconds, spent = time.perf_counter() - start, time.process_time() - cpu
    for worker in workers:
        worker.connection.socket.close()
    return Run(sum(w.n_pixels for w in workers), sum(w.n_tasks for w in workers), seconds, spent)


def _all_fits_done(url: str, scan: str) -> bool:
    return ask(url, get(f"/scan/{scan}/status"))["skydriver"]["status"] in {"finishing", "done"}


class FakeWorker:
    """One worker, with a connection of its own: it asks, and hears later, so that several may ask at once."""

    def __init__(self, url: str, token: str) -> None:
        self.connection, self._token = Connection(url), token
        self.n_pixels = self.n_tasks = 0
        self.task: dict | None = None
        about = {"pool": "local", "protocol": PROTOCOL, "engine": ENGINE, "numerics": "none"}
        self._id = self._say("/workers/register", about | {"host": "here", "pid": 1, "cpu": "none"})["worker"]

    def ask(self) -> bool:
        """Ask for a task, with the report of the one before."""
        report = None if self.task is None else _report(self.task)
        said = orjson.dumps({"worker": self._id, "wait_s": 0.0, "report": report})
        self.connection.socket.sendall(post("/workers/lease", said, self._token))
        return True

    def hear(self) -> bool:
        """Take the answer; whether it is a task."""
        while not self.connection.take_in():
            pass
        task = orjson.loads(self.connection.answer()[1])
        self.task = task if task["task"] else None
        if self.task is not None:
            self.n_pixels += len(task["pixels"])
            self.n_tasks += 1
        return self.task is not None

    def _say(self, path: str, said: dict) -> dict:
        return self.connection.told(post(path, orjson.dumps(said), self._token))


def _report(task: dict) -> dict:
    return {"task": task["task"], "pixels": [_fitted(pixel) for pixel in task["pixels"]]}


def _fitted(pixel: dict) -> dict:
    """A smooth map, so that the sweeps of a scan end as usual."""
    x, y, z = pixel["direction"]
    vertex = {"x": 10.0 * x, "y": 10.0 * y, "z": 10.0 * z, "t": 1e4}
    llh = 1e3 * (1.0 - 0.6 * x - 0.8 * y) + math.sin(40.0 * z)
    done = {"index": pixel["index"], "outcome": "done", "llh": llh, "E_in": 1e4, "E_tot": 2e4}
    return done | vertex | {"cpu_seconds": FIT_SECONDS, "error": None}
