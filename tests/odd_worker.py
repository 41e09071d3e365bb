"""A worker of a test's own, that speaks with a real service as workers do, and does not behave."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import httpx

from disturbed import url_of
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.services import tokens
from skydriver.services.context import Service
from skydriver.services.coordination.wire import ENGINE
from skydriver.worker.attempt import attempt
from skydriver.worker.jobs import LateFitter
from skydriver.worker.numerics import numerics_id
from skydriver.worker.pulses_file import from_bytes
from skydriver.worker.task import PixelTask

Json = dict[str, Any]
NUMBERS = ("llh", "E_in", "E_tot", "x", "y", "z", "t")


def minted(running, pool: str, seconds: float) -> str:
    """A worker's token, made on the database beside the service."""
    url = url_of(running)
    with closing(Database(url)) as database:
        return tokens.mint(Service(Settings(data=running.folder, database_url=url), database), "worker", pool, seconds)


class OddWorker:
    """Leases and fits, truly; what it says of it, and when, is up to the test.

    Parameters
    ----------
    running
        The service.
    seconds
        How long its token is good.
    """

    def __init__(self, running, seconds: float = 600.0, pool: str = "odd") -> None:
        headers = {"Authorization": f"Bearer {minted(running, pool, seconds)}"}
        self.http = httpx.Client(base_url=running.url, headers=headers, timeout=30.0)
        said = {"pool": pool, "protocol": 1, "engine": ENGINE, "numerics": numerics_id(), "host": "odd", "pid": 1}
        self.name = self.answer("register", **said, cpu="odd")["worker"]
        self._fitters: dict[tuple[str, str], LateFitter] = {}

    def close(self) -> None:
        """Hang up."""
        self.http.close()

    def post(self, route: str, **said: object) -> httpx.Response:
        """What it is told, whatever that is."""
        return self.http.post(f"/workers/{route}", json=said)

    def answer(self, route: str, **said: object) -> Json:
        """What it is told, where that is no refusal."""
        answer = self.post(route, **said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def lease(self, report: Json | None = None, wait_s: float = 5.0) -> Json | None:
        """A task, with the report of the one before."""
        task = self.answer("lease", worker=self.name, wait_s=wait_s, report=report)
        return None if task["task"] is None else task

    def fit(self, task: Json) -> Json:
        """The true report of a task."""
        fitter = self._fitter(task)
        return {"task": task["task"], "pixels": [_outcome(fitter, pixel) for pixel in task["pixels"]]}

    def report(self, report: Json) -> int:
        """How many of its pixels counted."""
        return self.answer("report", worker=self.name, **report)["accepted"]

    def _fitter(self, task: Json) -> LateFitter:
        key = task["event"], task["reco"]
        if key not in self._fitters:
            pulses = self.http.get(f"/workers/event/{task['event']}")
            assert pulses.status_code == 200
            self._fitters[key] = LateFitter(task["reco"], from_bytes(pulses.content))
            self._fitters[key].bind()
        return self._fitters[key]


def _outcome(fitter: LateFitter, pixel: Json) -> Json:
    start = time.process_time()
    asked = PixelTask(tuple(pixel["direction"]), tuple(tuple(seed) for seed in pixel["seeds"]))
    fit, error = attempt([fitter], asked)
    numbers = {name: value if value == value else None for name, value in zip(NUMBERS, fit, strict=True)}  # noqa: PLR0124 - NaN
    about = {"index": pixel["index"], "outcome": "failed" if error else "done", "error": error or None}
    return about | numbers | {"cpu_seconds": time.process_time() - start}
