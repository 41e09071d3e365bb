"""What operators are told: numbers of the database and of what happened, and whether the service is well."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from databases import make_service
from serving import LIMIT_S, serving
from skydriver.db.database import Database
from skydriver.errors import UnavailableError
from skydriver.services.coordination.abort import End
from skydriver.services.coordination.preparing import fail
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.coordination.states import Status
from skydriver.services.operators.health import STUCK_S
from skydriver.services.operators.levels import CLASSES, class_of
from skydriver.services.operators.pulse import Pulse
from toy_scans import ToyWorker, row_of, settle, store_scan


@pytest.fixture
def server(service):
    with serving(service) as running:
        yield running


def get(server, path):
    return httpx.get(f"{server.url}{path}", trust_env=False, timeout=LIMIT_S)


def metrics(server):
    """Values by name and labels."""
    answer = get(server, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_scan_is_counted_from_its_submission_to_its_end(service, server):
    store_scan(service, "scan1")
    worker = ToyWorker(service)
    settle(Reconciler(service))
    worker.lease()
    told = metrics(server)
    assert told["skydriver_scans", "running"] == 1
    assert told["skydriver_workers", "local"] == 1
    assert told["skydriver_leases",] == 1
    worker.work()
    settle(Reconciler(service))
    told = metrics(server)
    assert told["skydriver_scans", "running"] == 0
    assert told["skydriver_scans_ended_total", "done"] == 1
    row = row_of(service)
    assert told["skydriver_fits_total", "failed"] == row.fits_failed > 0
    assert told["skydriver_fits_total", "done"] == row.fits_done - row.fits_failed > 0
    for name in ("first_worker", "first_pixel", "final"):
        assert told[f"skydriver_{name}_seconds_count",] == 1
    assert told["skydriver_first_worker_seconds_sum",] <= told["skydriver_final_seconds_sum",]


def test_the_queue_is_told_by_class_of_priority(service, server):
    for i, priority in enumerate([-1, 0, 0, 1, 99, 100, 1000]):
        store_scan(service, f"scan{i}", priority=priority)
    told = metrics(server)
    assert {name: told["skydriver_queue_scans", name] for name in CLASSES} == {
        "alert": 2,
        "high": 2,
        "normal": 2,
        "low": 1,
    }
    assert told["skydriver_scans", "queued"] == 7
    assert told["skydriver_queue_oldest_seconds",] >= 0
    assert set(map(class_of, range(-2, 103))) == set(CLASSES)


def test_failures_are_counted_by_their_code(service, server):
    store_scan(service)
    fail(service, "scan1", End(Status.FAILED, "no_worker", "nobody"))
    told = metrics(server)
    assert told["skydriver_scan_failures_total", "no_worker"] == 1
    assert told["skydriver_scans_ended_total", "failed"] == 1


def test_errors_are_counted_by_their_code(server):
    for path in ("/scan/nothing/status", "/scan/result/nothing", "/events?last_event_id=x"):
        assert get(server, path).is_client_error
    told = metrics(server)
    assert told["skydriver_errors_total", "unknown"] == 2
    assert told["skydriver_errors_total", "bad_setting"] == 1


def test_no_label_names_a_scan(service, server):
    store_scan(service, "0123456789abcdefx")
    settle(Reconciler(service))
    get(server, "/scan/0123456789abcdefx/status")
    assert "0123456789abcdefx" not in get(server, "/metrics").text


def test_two_services_in_one_process_count_apart(server, database_url, tmp_path):
    get(server, "/scan/nothing/status")
    with serving(make_service(database_url, tmp_path)) as other:
        assert ("skydriver_errors_total", "unknown") not in metrics(other)


def test_numbers_are_told_while_the_database_is_away(monkeypatch, server):
    assert metrics(server)["skydriver_database_up",] == 1
    monkeypatch.setattr(Database, "reading", _away)
    told = metrics(server)
    assert told["skydriver_database_up",] == 0
    assert not any(name.startswith("skydriver_queue") for name, *_ in told)


def test_it_is_well_where_all_goes_on(service, server):
    store_scan(service)
    answer = get(server, "/health")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["database"], told["queued"], told["active"]) == ("ok", "ok", 1, 0)


def test_it_is_not_well_without_its_database(monkeypatch, server):
    well = get(server, "/health").json()
    monkeypatch.setattr(Database, "reading", _away)
    answer = get(server, "/health")
    assert answer.status_code == 503
    told = answer.json()
    assert told["error"] == told["database"] == "the database does not answer"
    assert told.keys() == well.keys() | {"code", "error"}
    assert answer.reason_phrase == told["error"]


def test_it_is_not_well_where_coordination_is_stuck(monkeypatch, server):
    monkeypatch.setattr(Pulse, "age_s", property(lambda _pulse: STUCK_S + 1))
    answer = get(server, "/health")
    assert answer.status_code == 503
    assert "coordination" in answer.json()["error"]


def test_coordination_says_that_it_goes_on(service):
    beats = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Pulse, "beat", lambda _pulse: beats.append(1))
        with Reconciler(service):
            settle_until(beats)
    assert beats


def settle_until(beats):
    from skydriver.testing.processes import wait_until

    wait_until(lambda: beats, "coordination goes round", LIMIT_S)


def _away(_database):
    raise UnavailableError("the database does not answer")
