"""Alerts: launched at once, given the workers of others, and kept waiting by nobody; and age, so that all get on."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from databases import make_service
from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import scans
from skydriver.services.coordination import leases, workers
from skydriver.services.coordination.reconciler import Reconciler
from toy_scans import ToyWorker, row_of, settle, store_scan


@pytest.fixture
def service(database_url, tmp_path):
    return make_service(database_url, tmp_path)


@pytest.fixture
def reconciler(service):
    return Reconciler(service)


def statuses(service, *names):
    return [row_of(service, name).status for name in names]


def heartbeat(service, worker):
    return workers.heartbeat(service, worker.id, worker.task["task"])


def set_columns(service, scan_id, **values):
    with service.database.transaction(CommitPoint.SUBMIT) as connection:
        connection.execute(update(scans).where(scans.c.id == scan_id).values(**values))


def busy_workers(service, reconciler, n=3):
    """Workers, each with a task of a scan that is no alert."""
    store_scan(service, "bulk", n_workers=n, nsides="8:0")
    settle(reconciler)
    found = [ToyWorker(service, f"w{k}") for k in range(n)]
    assert all(worker.lease()["scan"] == "bulk" for worker in found)
    return found


def test_an_alert_needs_no_place(database_url, tmp_path):
    service = make_service(database_url, tmp_path, max_active_scans=1)
    for name, priority in [("bulk", 0), ("urgent", 99), ("alert", 100), ("other", 250)]:
        store_scan(service, name, priority=priority)
    settle(Reconciler(service))
    assert statuses(service, "urgent", "bulk", "alert", "other") == ["queued", "queued", "starting", "starting"]
    for name in ("alert", "other"):
        set_columns(service, name, status="failed")
    settle(Reconciler(service))
    assert statuses(service, "urgent", "bulk") == ["starting", "queued"]


def test_whoever_waited_long_enough_comes_before_what_is_more_important(database_url, tmp_path):
    service = make_service(database_url, tmp_path, max_active_scans=2)
    hour_ago = row_of(service, store_scan(service, "new", priority=50)).created - 3600.0
    store_scan(service, "newer", priority=59)
    store_scan(service, "old", priority=0, created=hour_ago)
    store_scan(service, "oldest", priority=-2, created=hour_ago)
    settle(Reconciler(service))
    assert statuses(service, "old", "newer", "new", "oldest") == ["starting", "starting", "queued", "queued"]
    worker = ToyWorker(service)
    assert worker.lease()["scan"] == "old"
    worker.work()
    settle(Reconciler(service))
    assert statuses(service, "old", "new", "oldest")[:1] == ["done"]


def test_no_age_makes_an_alert(service, reconciler):
    long_ago = row_of(service, store_scan(service, "alert", priority=100)).created - 1e7
    store_scan(service, "ancient", priority=99, created=long_ago)
    settle(reconciler)
    assert ToyWorker(service).lease()["scan"] == "alert"


def test_an_alert_gets_as_many_workers_as_it_can_use(service, reconciler):
    busy = busy_workers(service, reconciler)
    assert [heartbeat(service, worker) for worker in busy] == ["continue"] * 3
    store_scan(service, "alert", priority=100, n_workers=2, nsides="8:0")
    settle(reconciler)
    assert [heartbeat(service, worker) for worker in busy] == ["yield", "yield", "continue"]
    assert heartbeat(service, busy[0]) == "yield", "it is told until it comes"
    for worker in busy[:2]:
        assert leases.give_back(service, worker.id, worker.report(only=1)) == 1
        assert worker.lease()["scan"] == "alert"
    assert [heartbeat(service, worker) for worker in busy] == ["continue"] * 3
    assert row_of(service, "bulk").fits_done == 2


def test_a_worker_that_does_not_come_is_replaced(service, reconciler, monkeypatch):
    busy = busy_workers(service, reconciler)
    store_scan(service, "alert", priority=100, n_workers=1)
    settle(reconciler)
    assert [heartbeat(service, worker) for worker in busy] == ["yield", "continue", "continue"]
    clock = service.asked._clock() + 3.5
    monkeypatch.setattr(service.asked, "_clock", lambda: clock)
    assert heartbeat(service, busy[2]) == "yield"


def test_one_alert_does_not_take_from_another(service, reconciler):
    store_scan(service, "first", priority=100, n_workers=1)
    settle(reconciler)
    worker = ToyWorker(service)
    worker.lease()
    store_scan(service, "second", priority=500)
    settle(reconciler)
    assert heartbeat(service, worker) == "continue"


def test_workers_of_other_numerics_are_left_alone(service, reconciler):
    store_scan(service, "bulk")
    settle(reconciler)
    store_scan(service, "alert", priority=100)
    settle(reconciler)
    ToyWorker(service, "theirs", numerics="theirs").lease()
    mine = ToyWorker(service, "mine", numerics="mine")
    assert mine.lease()["scan"] == "bulk"
    assert heartbeat(service, mine) == "continue"


def handed_out(service, reconciler):
    """A worker that holds all that is left of an alert's round; the alert may have one more."""
    store_scan(service, "bulk")
    settle(reconciler)
    store_scan(service, "alert", priority=100, n_workers=2, nsides="1:0")
    settle(reconciler)
    worker, report = ToyWorker(service, "a"), None
    while (task := worker.lease(report)) and row_of(service, "alert").fits_done + len(task["pixels"]) < 12:
        report = worker.report()
    return worker


def test_workers_wait_for_an_alert_between_its_rounds(service, reconciler):
    one = handed_out(service, reconciler)
    two, three = ToyWorker(service, "b"), ToyWorker(service, "c")
    assert two.lease() is None, "it waits for what the alert wants next"
    assert three.lease()["scan"] == "bulk", "the alert may have no third one"
    leases.report(service, one.id, one.report())
    assert two.lease()["scan"] == "alert"


def test_an_alert_that_does_not_get_on_holds_up_nobody(service, reconciler):
    handed_out(service, reconciler)
    set_columns(service, "alert", updated=row_of(service, "alert").updated - 11.0)
    assert ToyWorker(service, "b").lease()["scan"] == "bulk"


def test_the_service_itself_does_an_alert_first(service, reconciler, monkeypatch):
    store_scan(service, "bulk", nsides="1:0")
    settle(reconciler)
    ToyWorker(service).work()
    store_scan(service, "alert", priority=100)
    assert statuses(service, "bulk") == ["finishing"]
    settle(reconciler)
    ToyWorker(service).lease()
    settle(reconciler)
    assert statuses(service, "alert", "bulk") == ["running", "finishing"]
    monkeypatch.setattr(reconciler, "_others_from", 1e-9)
    assert reconciler.step()
    assert statuses(service, "alert", "bulk") == ["running", "done"], "it does not wait for ever"
    assert reconciler._others_from > 1.0


def test_after_the_alert_all_goes_on(service, reconciler):
    store_scan(service, "bulk", nsides="1:0")
    settle(reconciler)
    worker = ToyWorker(service)
    worker.work()
    store_scan(service, "alert", priority=100, nsides="1:0")
    settle(reconciler)
    worker.work()
    settle(reconciler)
    assert statuses(service, "alert", "bulk") == ["done", "done"]
