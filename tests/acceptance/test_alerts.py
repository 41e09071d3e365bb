"""An alert among bulk scans of a service: it has all workers for itself, and nothing of the rest is lost or starves."""

from __future__ import annotations

import json
import os
from contextlib import closing

import pytest
from sqlalchemy import select

from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.db.stores import feed
from skydriver.db.tables import results, scans, tasks
from skydriver.testing.events import toy_event
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

ASKED = {
    "docker_tag": "latest",
    "nsides": {"1": 0},
    "real_or_simulated_event": "real",
    "cluster": {"local": 2},
    "event_i3live_json": json.loads(toy_event()),
    "force_new": True,
}
BULK = ASKED | {"reco_algo": "dummy:7:0.005"}
N_BULK = int(os.environ.get("SKYDRIVER_BULK", "60"))
LIMIT_S = 180.0


@pytest.fixture
def running(tmp_path, database_url):
    """A service with two workers that lets scans age a hundred steps a second, and its database."""
    sqlite = database_url.startswith("sqlite")
    with running_service(
        tmp_path / "service",
        database_url=None if sqlite else database_url,
        workers=2,
        ageing_s=0.01,
        max_active_scans=3,
    ) as running:
        settings = Settings(data=tmp_path / "service" / "data", database_url=None if sqlite else database_url)
        with closing(Database(settings.url)) as database, running.client() as client:
            yield client, database


def rows(database, table, *conditions):
    with database.reading() as connection:
        return connection.execute(select(table).where(*conditions)).all()


def status_of(client, scan):
    return client.status(scan)["skydriver"]["status"]


def test_an_alert_has_all_workers_and_no_bulk_scan_is_lost(running):
    client, database = running
    bulk = [client.submit(BULK)["scan_id"] for _ in range(N_BULK)]
    wait_until(lambda: status_of(client, bulk[0]) != "queued", "the bulk is at work", LIMIT_S)
    alert = client.submit(ASKED | {"reco_algo": "dummy:7:0.05", "priority": 100})["scan_id"]
    wait_until(lambda: status_of(client, alert) == "done", "the alert is answered", LIMIT_S)
    assert any(status_of(client, scan) == "queued" for scan in bulk), "the bulk was there to the end"
    with database.reading() as connection:
        news = [item for item in feed.after(connection, 0, 10_000, alert) if item.kind == "state"]
    times = {json.loads(item.data)["status"]: item.time for item in news}
    assert list(times) == ["queued", "preparing", "starting", "running", "finishing", "done"]
    others = rows(database, tasks, tasks.c.scan != alert, tasks.c.issued.between(times["running"], times["finishing"]))
    mine = rows(database, tasks, tasks.c.scan == alert)
    assert len({task.worker for task in mine}) == 2
    assert len(others) <= 1, "one may have been given out while the first worker came"
    wait_until(lambda: status_of(client, bulk[-1]) == "done", "the bulk is done", LIMIT_S)
    wait_until(lambda: not rows(database, scans, scans.c.ended.is_(None)), "all are", LIMIT_S)
    assert {scan.status for scan in rows(database, scans)} == {"done"}
    assert len(rows(database, results, results.c.is_final)) == N_BULK + 1
    assert len({result.document for result in rows(database, results, results.c.scan != alert)}) == 1


def test_a_steady_stream_of_more_important_scans_starves_nobody(running):
    client, database = running
    waiting = [client.submit(BULK | {"priority": 50})["scan_id"] for _ in range(6)]
    patient = client.submit(BULK | {"priority": 0})["scan_id"]
    while status_of(client, patient) != "done":
        assert len(waiting) < 500, "it starves"
        while len(rows(database, scans, scans.c.status == "queued", scans.c.priority == 50)) < 4:
            waiting.append(client.submit(BULK | {"priority": 50})["scan_id"])
    ended = rows(database, scans, scans.c.id == patient)[0].ended
    later = rows(database, scans, scans.c.priority == 50, scans.c.launched < ended)
    assert len(later) > 6, "others came after it and went before it"
    assert rows(database, scans, scans.c.status == "queued", scans.c.priority == 50)
