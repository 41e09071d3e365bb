"""Scans stored as a submission stores them, and workers of a test's own that fit them in its process."""

from __future__ import annotations

import hashlib
import json
import random

import zstandard
from sqlalchemy import insert, select

from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import events, fits, results, scans
from skydriver.events.realtime import read_event
from skydriver.services.coordination import leases, workers
from skydriver.services.coordination.backlog import rank
from skydriver.services.coordination.wire import ENGINE, Registration, Report
from skydriver.testing.events import toy_event

NSIDES = "1:0,2:3,8:6"


def store_scan(
    service, scan_id="scan1", *, reco="pandel_mpe", nsides=NSIDES, threshold=1.0, n_workers=4, **values: object
):
    """A scan of the toy event that waits for its turn."""
    source = toy_event()
    event = read_event(source)
    about = {"run_id": 123456, "event_id": 42, "is_real": True}
    with service.database.transaction(CommitPoint.SUBMIT) as connection:
        now = service.database.now(connection)
        if connection.execute(select(events.c.id)).first() is None:
            stored = {"id": event.content_hash, "mjd": event.header.mjd, "n_bytes": len(source), "created": now}
            connection.execute(insert(events).values(blob=zstandard.compress(source), **stored, **about))
        given = {"owner": "local", "priority": 0, "generation": 2023, "created": now, "updated": now}
        asked = {
            "reco": reco,
            "nsides": nsides,
            "threshold": threshold,
            "max_reco_time_s": 10.0,
            "n_workers": n_workers,
            "n_local": n_workers,
        }
        texts = {"request": "{}", "request_hash": "0", "clusters": "[]", "condor_clusters": "[]"}
        zero = dict.fromkeys(["fits_done", "fits_failed", "cpu_seconds", "n_stopped", "n_lost", "fraction"], 0)
        flags = {"is_deleted": False, "is_served": False, "status": "queued", "target": "done"}
        told = {"event_type": "", "mjd": event.header.mjd, "is_real_event": True}
        texts["event_metadata"] = json.dumps({"run_id": 123456, "event_id": 42} | told)
        texts |= {"told_run_id": 123456, "told_event_id": 42}
        given["rank"] = rank(values.get("created", now), values.get("priority", 0), 60.0)
        row = {"id": scan_id, "event": event.content_hash, "engine": ENGINE} | about | given | asked
        connection.execute(insert(scans).values(**(row | texts | zero | flags | values)))
    return scan_id


def toy_fit(pixel):
    """A value that depends on the direction and on all seeds, as a fit's does; two pixels in nine have none."""
    direction, seeds = pixel["direction"], pixel["seeds"]
    noise = int.from_bytes(hashlib.sha256(json.dumps([direction, seeds]).encode()).digest()[:4]) / 2**32
    if noise < 0.05:
        return {"index": pixel["index"], "outcome": "failed", "error": "no luck"}
    llh = 1000.0 * (1.0 - direction[0]) + 200.0 * noise - 20.0 * len(seeds)
    numbers = dict(zip(("E_in", "E_tot", "x", "y", "z", "t"), (noise, None, *direction, 1e4 * noise), strict=True))
    return {"index": pixel["index"], "outcome": "done", "llh": llh, "cpu_seconds": 0.01 + noise / 100} | numbers


class ToyWorker:
    """A worker that fits when it is told to."""

    def __init__(self, service, name="w", numerics="n", pool="local") -> None:
        self.service = service
        self.token = name
        said = Registration(pool=pool, protocol=1, engine=ENGINE, numerics=numerics, host="here", pid=1, cpu="toy")
        self.id = workers.register(service, name, said).worker
        self.task = None

    def lease(self, report=None):
        found = leases.lease(self.service, self.id, report)
        self.task = None if found is None else json.loads(found.to_json())
        return self.task

    def report(self, *, of=None, only=None):
        """What it has to say of its task, or of an earlier one."""
        task = of or self.task
        return Report.model_validate({"task": task["task"], "pixels": [toy_fit(p) for p in task["pixels"]][:only]})

    def work(self):
        """Fit until nothing is left."""
        report = self.report() if self.task else None
        while self.lease(report):
            report = self.report()


def settle(reconciler):
    """Take steps until there is nothing to do."""
    reconciler._swept = 0.0
    while reconciler.step():
        pass


def row_of(service, scan_id="scan1"):
    with service.database.reading() as connection:
        return connection.execute(select(scans).where(scans.c.id == scan_id)).one()


def document_of(service, scan_id="scan1"):
    with service.database.reading() as connection:
        return connection.execute(select(results.c.document).where(results.c.scan == scan_id)).scalar_one_or_none()


def fits_of(service, scan_id="scan1"):
    with service.database.reading() as connection:
        return connection.execute(select(fits).where(fits.c.scan == scan_id)).mappings().all()


def chooser(seed):
    return random.Random(seed)  # noqa: S311 - not for secrets
