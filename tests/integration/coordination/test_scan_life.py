"""A scan's life, step by step, on both databases."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert, select, update

from databases import make_service
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import scan_log
from skydriver.db.tables import fits, scans, tasks
from skydriver.errors import UnavailableError, UnknownError
from skydriver.services.coordination import leases, workers
from skydriver.services.coordination.abort import abort
from skydriver.services.coordination.partial import partial_map
from skydriver.services.coordination.purging import purge
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.coordination.silence import free_all_local
from skydriver.services.coordination.turn import take_turn
from skydriver.services.coordination.watchdog import Watchdog
from skydriver.services.coordination.wire import ENGINE, Registration, Report
from skydriver.services.results import delete_result, result
from toy_scans import ToyWorker, document_of, fits_of, row_of, settle, store_scan


@pytest.fixture
def reconciler(service):
    return Reconciler(service)


def log_of(service, scan_id="scan1"):
    with service.database.reading() as connection:
        return [line for *_, line in scan_log.read(connection, scan_id)]


def end_by_hand(service, scan_id="scan1"):
    with take_turn(service, CommitPoint.ABORT) as turn:
        return abort(turn, scan_id)


def test_workers_fill_no_disk_with_what_they_say(service, monkeypatch):
    monkeypatch.setattr(scan_log, "MOST_OF_WORKERS", 10)
    store_scan(service)
    with service.database.transaction(CommitPoint.LOG) as connection:
        for n in range(5):
            scan_log.add_of_worker(connection, 0.0, "scan1", "w", [f"{n}a", f"{n}b", f"{n}c"])
        scan_log.add_of_worker(connection, 0.0, "scan1", "w", [])
        scan_log.add(connection, 0.0, "scan1", "service", ["done"])
    lines = log_of(service)
    assert lines[:9] == ["0a", "0b", "0c", "1a", "1b", "1c", "2a", "2b", "2c"]
    assert lines[9:] == ["further lines are not kept", "done"]


def test_from_queue_to_result(service, reconciler):
    store_scan(service)
    assert row_of(service).status == "queued"
    settle(reconciler)
    assert row_of(service).status == "starting"
    worker = ToyWorker(service)
    worker.lease()
    assert row_of(service).status == "running"
    worker.work()
    assert row_of(service).status == "finishing"
    settle(reconciler)
    row = row_of(service)
    assert (row.status, row.fraction, row.code) == ("done", 1.0, None)
    assert row.created <= row.launched <= row.first_pixel <= row.ended
    assert json.loads(document_of(service)).keys() == {"nside-1", "nside-2", "nside-8"}
    progress = json.loads(row.progress)
    assert progress["processing_stats"]["finished"] is True
    assert progress["summary"].startswith("120 of 120 pixels")
    assert [line.partition(":")[0] for line in log_of(service) if "nside" not in line] == [
        "preparing",
        "starting",
        "running",
        "all fits are done",
        "done",
    ]


def test_turns_go_by_priority_then_age_and_places_are_limited(database_url, tmp_path):
    service = make_service(database_url, tmp_path, max_active_scans=2)
    for number, priority in enumerate([0, 5, 0, 5]):
        store_scan(service, f"scan{number}", priority=priority)
    settle(Reconciler(service))
    assert [row_of(service, f"scan{k}").status for k in range(4)] == ["queued", "starting", "queued", "starting"]
    end_by_hand(service, "scan1")
    settle(Reconciler(service))
    assert [row_of(service, f"scan{k}").status for k in range(4)] == ["starting", "aborted", "queued", "starting"]


def test_work_goes_by_priority(service, reconciler):
    for number, priority in enumerate([0, 7]):
        store_scan(service, f"scan{number}", priority=priority)
    settle(reconciler)
    assert ToyWorker(service).lease()["scan"] == "scan1"


def test_no_more_workers_than_asked_for(service, reconciler):
    store_scan(service, n_workers=2)
    settle(reconciler)
    found = [ToyWorker(service, f"w{k}").lease() for k in range(3)]
    assert [task is not None for task in found] == [True, True, False]
    pixels = [p["index"] for task in found[:2] for p in task["pixels"]]
    assert len(set(pixels)) == len(pixels)


def test_other_numerics_get_nothing(service, reconciler):
    store_scan(service)
    settle(reconciler)
    assert ToyWorker(service, "one", "these").lease()
    assert ToyWorker(service, "two", "those").lease() is None
    assert ToyWorker(service, "three", "these").lease()


@pytest.mark.parametrize(("word", "value"), [("protocol", 2), ("engine", "skydriver-0.0.0")])
def test_other_releases_are_refused(service, word, value):
    said = {"pool": "local", "protocol": 1, "engine": ENGINE, "numerics": "n", "host": "h", "pid": 1, "cpu": "c"}
    with pytest.raises(workers.OutdatedError, match=word):
        workers.register(service, "t", Registration(**(said | {word: value})))


def test_abort_takes_everything_back_and_keeps_what_is_there(service, reconciler):
    store_scan(service)
    settle(reconciler)
    worker, other = ToyWorker(service, "a"), ToyWorker(service, "b")
    worker.lease()
    other.lease()
    worker.lease(worker.report())
    done = row_of(service).fits_done
    assert end_by_hand(service)
    assert not end_by_hand(service)
    assert workers.heartbeat(service, other.id, other.task["task"]) == "stop"
    assert leases.report(service, other.id, other.report()) == 0
    assert worker.lease(worker.report()) is None
    row = row_of(service)
    assert (row.status, row.fits_done) == ("aborted", done)
    assert {fit["state"] for fit in fits_of(service)} == {2}
    assert partial_map(service, "scan1").partial
    settle(reconciler)
    assert row_of(service).status == "aborted"


def test_what_is_to_be_aborted_is_by_the_reconciler(service, reconciler):
    store_scan(service, target="aborted")
    settle(reconciler)
    assert row_of(service).status == "aborted"


def test_a_heartbeat_keeps_a_task_and_says_when_it_is_lost(service, reconciler):
    store_scan(service)
    settle(reconciler)
    worker = ToyWorker(service)
    task = worker.lease()["task"]
    assert workers.heartbeat(service, worker.id, None) == "continue"
    with service.database.transaction(CommitPoint.EXPIRE) as connection:
        connection.execute(update(tasks).values(until=service.database.now(connection) - 1))
    assert workers.heartbeat(service, worker.id, task) == "continue"
    settle(reconciler)
    assert workers.heartbeat(service, worker.id, task) == "continue"
    with service.database.transaction(CommitPoint.EXPIRE) as connection:
        connection.execute(update(tasks).values(until=service.database.now(connection) - 1))
    settle(reconciler)
    assert workers.heartbeat(service, worker.id, task) == "stop"
    assert leases.report(service, worker.id, worker.report()) > 0


def test_unknown_workers_are_told_to_register(service):
    for call in (
        lambda: leases.lease(service, "nobody", None),
        lambda: leases.report(service, "nobody", Report(task="t", pixels=[])),
        lambda: leases.give_back(service, "nobody", Report(task="t", pixels=[])),
        lambda: workers.heartbeat(service, "nobody", None),
        lambda: workers.owns(service, "t", "nobody"),
    ):
        with pytest.raises(UnknownError, match="nobody"):
            call()


def test_a_failed_fit_is_tried_by_another_worker_alone(service, reconciler):
    store_scan(service)
    settle(reconciler)
    one, two = ToyWorker(service, "one"), ToyWorker(service, "two")
    task = one.lease()
    bad = task["pixels"][0]["index"]
    said = [
        {"index": p["index"], "outcome": "failed" if p["index"] == bad else "done", "llh": 1.0} for p in task["pixels"]
    ]
    following = one.lease(Report.model_validate({"task": task["task"], "pixels": said}))
    assert bad not in [p["index"] for p in following["pixels"]]
    assert [p["index"] for p in two.lease()["pixels"]] == [bad]


def test_a_fit_that_kills_its_workers_is_given_up(service, reconciler):
    store_scan(service)
    settle(reconciler)
    for number in range(5):
        worker = ToyWorker(service, f"w{number}")
        task = worker.lease()
        poison = task["pixels"][0]["index"]
        assert number == 0 or len(task["pixels"]) == 1
        workers.gone(service, worker.token, "killed by SIGKILL")
    row = row_of(service)
    assert (row.fits_done, row.fits_failed, row.n_lost) == (1, 1, 1)
    (given_up,) = [fit for fit in fits_of(service) if fit["state"] == 2]
    assert given_up["pixel"] == poison
    assert given_up["llh"] is None
    assert "5 workers died" in given_up["error"]
    ToyWorker(service, "last").work()
    settle(reconciler)
    assert row_of(service).status == "done"


def test_a_service_that_begins_takes_leave_of_the_workers_of_the_one_before(service, reconciler):
    store_scan(service)
    settle(reconciler)
    worker = ToyWorker(service)
    worker.lease()
    free_all_local(service, "local", "the service was started again")
    assert workers.heartbeat(service, worker.id, worker.task["task"]) == "stop"
    assert {(fit["state"], fit["losses"]) for fit in fits_of(service)} == {(0, 0)}


def test_a_service_beside_others_takes_leave_only_of_workers_that_ended(service, reconciler):
    store_scan(service)
    settle(reconciler)
    ended, alive = ToyWorker(service, "ended"), ToyWorker(service, "alive")
    ended.lease()
    alive.lease()
    free_all_local(service, "local", "the service was started again", lambda worker: worker.id == ended.id)
    assert workers.heartbeat(service, ended.id, ended.task["task"]) == "stop"
    assert workers.heartbeat(service, alive.id, alive.task["task"]) == "continue"


@pytest.mark.parametrize("pool", ["local", "far"])
def test_a_fit_that_failed_is_left_to_others_of_whatever_pool(service, reconciler, pool):
    store_scan(service)
    settle(reconciler)
    failing, other = ToyWorker(service, "failing"), ToyWorker(service, "other", pool=pool)
    task = failing.lease()
    pixels = [{"index": pixel["index"], "outcome": "failed"} for pixel in task["pixels"]]
    following = failing.lease(Report.model_validate({"task": task["task"], "pixels": pixels}))
    failed = {pixel["index"] for pixel in task["pixels"]}
    assert failed.isdisjoint(pixel["index"] for pixel in following["pixels"])
    assert {pixel["index"] for pixel in other.lease()["pixels"]} <= failed


def test_a_worker_logs_only_on_its_own_scans(service, reconciler):
    store_scan(service)
    store_scan(service, "scan2", n_workers=0)
    settle(reconciler)
    worker = ToyWorker(service)
    worker.lease()
    workers.log_lines(service, worker.id, "scan1", ["mine\x00\ud800", "x" * 5000])
    workers.log_lines(service, worker.id, "scan2", ["not mine"])
    workers.log_lines(service, worker.id, None, ["of nothing"])
    assert [len(line) for line in log_of(service)[-2:]] == [len("mine\\ud800"), 2000]
    assert not any("not mine" in line for line in log_of(service, "scan2"))


def test_a_scan_without_workers_fails_and_says_so(service, reconciler):
    store_scan(service)
    clock = iter(range(0, 10**9, 10**6))
    reconciler._watchdog = Watchdog(service.settings, lambda: next(clock))
    settle(reconciler)
    settle(reconciler)
    row = row_of(service)
    assert (row.status, row.code) == ("failed", "no_worker")
    assert "doctor" in row.reason
    assert not fits_of(service)


def test_a_scan_whose_fits_fail_ends_with_their_number(service, reconciler):
    store_scan(service, reco="crash_dummy:1.0:error")
    settle(reconciler)
    report = None
    for _ in range(200):
        worker = ToyWorker(service)
        task = worker.lease(None)
        if task is None:
            break
        said = [{"index": p["index"], "outcome": "failed", "error": "it broke"} for p in task["pixels"]]
        report = Report.model_validate({"task": task["task"], "pixels": said})
        leases.report(service, worker.id, report)
        settle(reconciler)
    row = row_of(service)
    assert (row.status, row.code) == ("failed", "fits_fail")
    assert any("it broke" in line for line in log_of(service))


def test_an_error_of_our_own_ends_its_scan_alone(service, reconciler, monkeypatch):
    store_scan(service)
    store_scan(service, "scan2")
    settle(reconciler)
    monkeypatch.setattr("skydriver.services.coordination.reconciler.measure", lambda _service, _scan: 1 / 0)
    reconciler._measured.clear()
    with service.database.transaction(CommitPoint.MEASURE) as connection:
        connection.execute(update(scans).where(scans.c.id == "scan1").values(fits_done=1))
        connection.execute(update(scans).where(scans.c.id == "scan2").values(fits_done=-1))
    reconciler.step()
    assert (row_of(service).status, row_of(service).code) == ("failed", "internal")
    assert "ZeroDivisionError" in row_of(service).reason
    assert row_of(service, "scan2").status == "starting"


def test_a_ledger_of_a_turn_that_was_not_committed_is_forgotten(service, reconciler):
    store_scan(service)
    settle(reconciler)
    worker = ToyWorker(service)
    report = None
    while True:
        task = worker.lease(report)
        report = worker.report()
        with service.database.reading() as connection:
            if connection.execute(select(tasks.c.id).where(tasks.c.state == "open")).first() is None:
                break
        if row_of(service).fits_done + len(task["pixels"]) == 12:
            break
    state = {"fail": True}

    def break_commit(_name, when):
        if state["fail"] and when == "before":
            raise UnavailableError("the database is away")

    service.database._watch = break_commit
    with pytest.raises(UnavailableError):
        worker.lease(report)
    state["fail"] = False
    assert service.ledgers.take("scan1") is None
    worker.lease(report)
    worker.work()
    settle(reconciler)
    assert row_of(service).status == "done"


def test_old_fits_are_taken_away_and_the_result_stays(database_url, tmp_path):
    service = make_service(database_url, tmp_path, fits_kept_s=1000.0)
    store_scan(service)
    settle(Reconciler(service))
    ToyWorker(service).work()
    settle(Reconciler(service))
    assert not purge(service)
    with service.database.transaction(CommitPoint.PURGE) as connection:
        connection.execute(update(scans).values(ended=scans.c.ended - 2000.0))
    assert purge(service)
    assert not purge(service)
    assert not fits_of(service)
    assert document_of(service)


def test_the_map_so_far_outlives_its_fits(database_url, tmp_path):
    service = make_service(database_url, tmp_path, fits_kept_s=0.0)
    store_scan(service)
    settle(Reconciler(service))
    worker = ToyWorker(service)
    worker.lease()
    worker.lease(worker.report())
    assert end_by_hand(service)
    before = result(service, "scan1")
    assert purge(service)
    assert not fits_of(service)
    assert result(service, "scan1") == before
    assert json.loads(delete_result(service, "scan1"))["is_deleted"]
    with pytest.raises(UnknownError, match="deleted"):
        result(service, "scan1")


def test_the_map_so_far_of_a_scan_that_ended_can_be_deleted(service, reconciler):
    store_scan(service)
    settle(reconciler)
    worker = ToyWorker(service)
    worker.lease()
    worker.lease(worker.report())
    with pytest.raises(UnknownError, match="no result"):
        delete_result(service, "scan1")
    assert end_by_hand(service)
    before = result(service, "scan1")
    assert json.loads(delete_result(service, "scan1")) == json.loads(before) | {"is_deleted": True}
    assert json.loads(result(service, "scan1", include_deleted=True)) == json.loads(before) | {"is_deleted": True}
    with pytest.raises(UnknownError, match="deleted"):
        result(service, "scan1")


def test_a_partial_map_is_of_what_is_finished(service, reconciler):
    store_scan(service)
    assert partial_map(service, "scan1") is None
    assert partial_map(service, "nothing") is None
    settle(reconciler)
    worker = ToyWorker(service)
    first = worker.lease()
    worker.lease(worker.report())
    found = partial_map(service, "scan1")
    done = [fit["pixel"] for fit in fits_of(service) if fit["state"] == 2]
    assert sorted(found.stages[1]["index"].tolist()) == sorted(done)
    assert set(done) <= {p["index"] for p in first["pixels"]}
    assert found.partial


def test_a_scan_of_nobody_is_seen_to_by_the_reconciler(service, reconciler):
    """A crash cannot leave a scan that wants nothing, but if it did, it would go on."""
    store_scan(service)
    settle(reconciler)
    with service.database.transaction(CommitPoint.PLAN) as connection:
        connection.exec_driver_sql("DELETE FROM fits")
    settle(reconciler)
    assert len(fits_of(service)) == 12


def test_reconciler_runs_by_itself_and_ends(service):
    store_scan(service)
    with Reconciler(service) as running:
        worker = ToyWorker(service)
        for _ in range(1000):
            if worker.lease():
                break
            running._rung.wait(0.01)
        worker.work()
        for _ in range(1000):
            if row_of(service).status == "done":
                break
            running._thread.join(0.01)
    assert not running._thread.is_alive()
    assert row_of(service).status == "done"


def test_a_worker_that_asks_anew_has_left_its_task(service, reconciler):
    store_scan(service)
    settle(reconciler)
    worker = ToyWorker(service)
    first, second = worker.lease(), worker.lease()
    assert [p["index"] for p in second["pixels"]] == [p["index"] for p in first["pixels"]]
    assert workers.heartbeat(service, worker.id, first["task"]) == "stop"
    assert workers.heartbeat(service, worker.id, second["task"]) == "continue"


def test_a_scan_that_waited_for_a_release_is_fitted_by_the_next(service, reconciler):
    store_scan(service, engine="skydriver-0.0.1")
    settle(reconciler)
    assert ToyWorker(service).lease()
    assert row_of(service).engine == ENGINE


@pytest.mark.parametrize("error", [OSError("too many open files"), MemoryError(), UnavailableError("away")])
def test_trouble_that_passes_ends_no_scan(service, reconciler, monkeypatch, error):
    store_scan(service)
    settle(reconciler)

    def trouble(_service, _scan):
        raise error

    monkeypatch.setattr("skydriver.services.coordination.reconciler.measure", trouble)
    reconciler._measured.clear()
    assert not reconciler._step_safely()
    assert row_of(service).status == "starting"
    monkeypatch.undo()
    reconciler._left_alone.clear()
    ToyWorker(service).work()
    settle(reconciler)
    assert row_of(service).status == "done"


def test_fits_that_were_begun_early_in_vain_hold_no_worker(service, reconciler):
    store_scan(service, threshold=0.5)
    settle(reconciler)
    in_vain = dict(fits_of(service)[0]) | {"seeds": "1.0.5", "number": -1, "failures": 1}
    with service.database.transaction(CommitPoint.PLAN) as connection:
        connection.execute(insert(fits).values(**in_vain))
    slow = ToyWorker(service, "slow")
    assert len(slow.lease()["pixels"]) == 1
    pair = ToyWorker(service, "one"), ToyWorker(service, "two")
    while row_of(service).status != "finishing":
        for worker in pair:  # what failed on one is left to the other
            worker.work()
    assert workers.heartbeat(service, slow.id, slow.task["task"]) == "stop"
    assert {fit["state"] for fit in fits_of(service)} == {2}
    settle(reconciler)
    assert row_of(service).status == "done"
