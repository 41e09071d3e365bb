"""A worker over HTTP: it leases, reports and gives back; what it may not do is refused."""

from __future__ import annotations

import threading

import httpx
import pytest

from serving import serving
from skydriver.api import examples
from skydriver.services import tokens
from skydriver.services.coordination.leases import ENGINE
from skydriver.services.coordination.reconciler import Reconciler

REGISTER = examples.REGISTER | {"engine": ENGINE}


@pytest.fixture
def one_stage(launch, service):
    """A scan whose fits may be leased."""
    scan_id = launch(nsides={"1": 0}, reco_algo="dummy")
    reconciler = Reconciler(service)
    while reconciler.step():
        pass
    return scan_id


@pytest.fixture
def name(worker):
    """A worker that registered."""
    return worker.post("/workers/register", json=REGISTER).json()["worker"]


def outcome(index):
    """Of a fit that went well."""
    numbers = dict.fromkeys(("E_in", "E_tot", "x", "y", "z", "t"), 1.0)
    return {"index": index, "outcome": "done", "llh": 100.0 + index, "cpu_seconds": 0.01, "error": None} | numbers


def report_of(task):
    """All fits of a task."""
    return {"task": task["task"], "pixels": [outcome(pixel["index"]) for pixel in task["pixels"]]}


def fit_all(worker, name, **asked):
    """Lease and report until nothing is left."""
    report, tasks = None, []
    while True:
        task = worker.post("/workers/lease", json={"worker": name, "report": report} | asked).json()
        if task["task"] is None:
            return tasks
        tasks.append(task)
        report = report_of(task)


def test_a_worker_is_told_what_it_is_called_and_how_often_to_speak(worker):
    answer = worker.post("/workers/register", json=REGISTER).json()
    assert answer == {"worker": answer["worker"], "heartbeat_s": 0.5, "lease_s": 15.0}


@pytest.mark.parametrize(("wrong", "word"), [({"protocol": 2}, "protocol"), ({"engine": "skydriver-0.0.1"}, "engine")])
def test_a_worker_of_another_release_is_told_so(worker, wrong, word):
    answer = worker.post("/workers/register", json=REGISTER | wrong)
    assert answer.status_code == 426
    assert answer.json()["error"].startswith(f"{word}: ")


def test_a_worker_fits_a_scan_to_its_end(client, worker, name, service, one_stage, skyreader):
    tasks = fit_all(worker, name)
    first = tasks[0]
    pixels = [pixel for task in tasks for pixel in task["pixels"]]
    assert first == {
        "task": first["task"],
        "scan": one_stage,
        "event": first["event"],
        "reco": "dummy",
        "max_reco_time_s": 60.0,
        "nside": 1,
        "round": 0,
        "deadline_s": first["deadline_s"],
        "pixels": first["pixels"],
    }
    assert pixels[0].keys() == {"index", "direction", "seeds"}
    reconciler = Reconciler(service)
    while reconciler.step():
        pass
    found = client.get(f"/scan/result/{one_stage}").json()
    assert {name: found[name] for name in ("scan_id", "is_deleted", "is_final")} == {
        "scan_id": one_stage,
        "is_deleted": False,
        "is_final": True,
    }
    assert found["skydriver"]["provenance"]["algorithm"] == "dummy"
    assert found["skydriver"]["answer"]["n_pixels"] == 12
    rows = [[index, 100.0 + index, *[1.0] * 6] for index in range(12)]
    assert found["skyscan_result"]["nside-1"]["data"] == rows
    assert list(skyreader.SkyScanResult.deserialize(found["skyscan_result"]).nsides) == [1]
    manifest = client.get(f"/scan/manifest/{one_stage}").json()
    assert manifest["complete"]
    assert manifest["skydriver"]["answer"] == found["skydriver"]["answer"]
    assert manifest["progress"]["processing_stats"]["finished"]


def test_the_map_so_far_is_a_result_that_is_not_final(client, worker, name, one_stage):
    task = worker.post("/workers/lease", json={"worker": name}).json()
    one = {"worker": name, "task": task["task"], "pixels": [outcome(task["pixels"][0]["index"])]}
    assert worker.post("/workers/return", json=one).json() == {}
    found = client.get(f"/scan/result/{one_stage}").json()
    assert not found["is_final"]
    assert found["skyscan_result"]["nside-1"]["data"] == [[task["pixels"][0]["index"], 100.0, *[1.0] * 6]]
    assert found["skydriver"]["answer"] is None
    client.delete(f"/scan/manifest/{one_stage}")
    assert client.get(f"/scan/result/{one_stage}").json() == found


@pytest.mark.usefixtures("one_stage")
def test_reports_count_once_and_late_ones_are_no_error(worker, name):
    task = worker.post("/workers/lease", json={"worker": name}).json()
    said = report_of(task) | {"worker": name}
    assert worker.post("/workers/report", json=said).json() == {"accepted": len(task["pixels"])}
    assert worker.post("/workers/report", json=said).json() == {"accepted": 0}
    assert worker.post("/workers/report", json=said | {"task": "unknown"}).json() == {"accepted": 0}


def test_heartbeats_say_whether_to_go_on(client, worker, name, one_stage):
    task = worker.post("/workers/lease", json={"worker": name}).json()
    said = {"worker": name, "task": task["task"]}
    status = client.get(f"/scan/{one_stage}/status").json()
    assert status["ewms_workforce"] == {"statuses": {"RUNNING": {"running": 1}}, "n_running": 1, "top_errors": {}}
    assert worker.post("/workers/heartbeat", json=said).json() == {"answer": "continue"}
    client.delete(f"/scan/manifest/{one_stage}")
    assert worker.post("/workers/heartbeat", json=said).json() == {"answer": "stop"}


def test_what_went_wrong_in_fits_is_told(client, worker, name, one_stage):
    for _ in range(100):
        task = worker.post("/workers/lease", json={"worker": name}).json()
        if task["task"] is None:
            break
        failed = [{"index": pixel["index"], "outcome": "failed", "error": "it is odd"} for pixel in task["pixels"]]
        worker.post("/workers/report", json={"worker": name, "task": task["task"], "pixels": failed})
    told = client.get(f"/scan/{one_stage}/status").json()
    assert told["skydriver"]["fits_failed"] > 0
    assert set(told["ewms_workforce"]["top_errors"]) == {"it is odd"}


def test_a_worker_that_waits_gets_work_as_soon_as_there_is_some(worker, name, launch, service):
    answers = []
    asked = {"worker": name, "wait_s": 30.0}
    waiting = threading.Thread(target=lambda: answers.append(worker.post("/workers/lease", json=asked).json()))
    waiting.start()
    scan_id = launch(nsides={"1": 0}, reco_algo="dummy")
    reconciler = Reconciler(service)
    while reconciler.step():
        pass
    waiting.join(10)
    assert not waiting.is_alive()
    assert answers[0]["scan"] == scan_id


def test_a_token_speaks_for_its_own_workers_also_when_it_is_renewed(server, worker, name, service):
    new = worker.post("/workers/token", json={}).json()
    assert 590 < new["expires_s"] <= 600
    for token, code in [(new["token"], 200), (tokens.mint(service, "worker", "local", 60.0), 403)]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(f"{server.url}/workers/heartbeat", json={"worker": name}, headers=headers)
        assert answer.status_code == code


def test_a_token_is_for_its_pool(worker):
    answer = worker.post("/workers/register", json=REGISTER | {"pool": "other"})
    assert (answer.status_code, answer.json()["error"][:6]) == (403, "pool: ")


def test_an_unknown_worker_is_told_to_register(worker):
    for path, more in [
        ("lease", {}),
        ("heartbeat", {}),
        ("log", {"lines": []}),
        ("report", {"task": "a", "pixels": []}),
    ]:
        answer = worker.post(f"/workers/{path}", json={"worker": "nobody"} | more)
        assert (answer.status_code, answer.json()["error"][:8]) == (404, "worker: ")


@pytest.mark.parametrize(
    ("path", "said", "named"),
    [
        ("register", {}, "pool: it is missing"),
        ("register", REGISTER | {"pid": 2**40}, "pid: "),
        ("register", REGISTER | {"host": "x" * 300}, "host: "),
        ("lease", {"worker": "a", "wait_s": 31}, "wait_s: "),
        ("report", {"worker": "a", "task": "b", "pixels": [{"index": "x", "outcome": "done"}]}, "pixels.0.index: "),
        ("log", {"worker": "a", "lines": ["x"] * 1001}, "lines: "),
        ("log", {"worker": "a\0", "lines": []}, "worker: "),
    ],
)
def test_words_out_of_shape_are_refused_by_name(worker, path, said, named):
    answer = worker.post(f"/workers/{path}", json=said)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(named)


@pytest.mark.usefixtures("one_stage")
def test_the_pulses_to_fit_are_served_by_their_hash(worker, name):
    task = worker.post("/workers/lease", json={"worker": name}).json()
    answer = worker.get(f"/workers/event/{task['event']}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content.startswith(b"PK")
    assert worker.get(f"/workers/event/{'0' * 64}").status_code == 404
    assert worker.get("/workers/event/x").status_code == 404


def test_what_a_worker_says_of_its_scan_is_kept(worker, name, one_stage):
    worker.post("/workers/lease", json={"worker": name})
    said = {"worker": name, "scan": one_stage, "lines": ["a", "b"]}
    assert worker.post("/workers/log", json=said).json() == {}


def test_work_is_not_given_to_a_worker_that_went_away_while_it_waited(service, worker_headers):
    with serving(service) as server:
        headers = worker_headers
        worker = httpx.post(f"{server.url}/workers/register", json=REGISTER, headers=headers).json()["worker"]
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{server.url}/workers/lease", json={"worker": worker, "wait_s": 30.0}, headers=headers, timeout=0.2
            )
        made = httpx.post(
            f"{server.url}/scan", json=examples.SUBMISSION | {"nsides": {"1": 0}, "reco_algo": "dummy"}, timeout=30
        ).json()
        reconciler = Reconciler(service)
        while reconciler.step():
            pass
        status = httpx.get(f"{server.url}/scan/{made['scan_id']}/status").json()
        assert status["ewms_workforce"]["n_running"] == 0
