"""Documents of scans that the service does, compared whole."""

from __future__ import annotations

import pytest

from api_documents import NOW, REQUEST, error, manifest, manifest_2025, status
from skydriver.api import examples

pytestmark = pytest.mark.usefixtures("clock")
ASKED = {"run_id": 1, "event_id": 21, "is_real_event": "False"}


def test_a_launch_answers_with_the_manifest(client):
    answer = client.post("/scan", json=examples.SUBMISSION)
    scan_id = answer.json()["scan_id"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == manifest(scan_id)
    assert client.get(f"/scan/manifest/{scan_id}").json() == manifest(scan_id)


def test_asked_in_the_words_of_2025_it_answers_with_the_manifest_of_2025(client):
    answer = client.post("/scan", json=examples.SUBMISSION | {"cluster": {"local": 2}, "priority": 3}).json()
    asked = REQUEST | {"priority": 3, "cluster": answer["skydriver"]["request"]["cluster"]}
    assert answer == manifest_2025(answer["scan_id"], told={"request": asked})
    assert client.get(f"/scan/manifest/{answer['scan_id']}").json() == manifest(
        answer["scan_id"], told={"request": asked}
    )


def test_an_aborted_scan_is_complete_and_hidden_unless_asked_for(client, launch):
    scan_id = launch()
    told = {"status": "aborted", "state": "STOPPED__PRESTARTUP", "ended": NOW}
    aborted = manifest(scan_id, is_deleted=True, complete=True, told=told)
    path = f"/scan/manifest/{scan_id}"
    assert client.delete(path).json() == aborted
    assert client.request("DELETE", path, json={"ignored": 1}).json() == aborted
    hidden = client.get(path)
    assert hidden.status_code == 404
    assert hidden.json() == error(404, f"scan_id: the manifest of {scan_id} was deleted; include_deleted shows it")
    for spelled in ("True", "true", "1"):
        assert client.get(path, params={"include_deleted": spelled}).json() == aborted


def test_the_status_of_a_scan_is_told_also_when_it_is_deleted(client, launch, server):
    scan_id = launch()
    logs = f"{server.url}/scan/{scan_id}/logs"
    assert client.get(f"/scan/{scan_id}/status").json() == status(logs=logs)
    client.delete(f"/scan/manifest/{scan_id}")
    assert client.get(f"/scan/{scan_id}/status").json() == status(
        logs=logs,
        scan_state="ABORTED__PRESTARTUP",
        is_deleted=True,
        ewms_deactivated="ABORTED",
        told={"status": "aborted"},
    )


def test_scans_are_found_by_their_event(client, launch):
    first, second, third = [launch() for _ in range(3)]
    client.delete(f"/scan/manifest/{second}")
    found = client.get("/scans", params=ASKED | {"unknown": "ignored"}).json()
    assert found == {"event_id": 21, "scan_ids": sorted([first, third])}
    found = client.get("/scans", params=ASKED | {"include_deleted": "True"}).json()
    assert found == {"event_id": 21, "scan_ids": sorted([first, second, third])}
    found = client.get("/scans", params=ASKED | {"is_real_event": "1"}).json()
    assert found == {"event_id": 21, "scan_ids": []}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_is_no_result_before_the_first_pixel(client, launch, method):
    scan_id = launch()
    answer = client.request(method, f"/scan/result/{scan_id}")
    assert answer.status_code == 404
    assert scan_id in answer.json()["error"]


def test_a_dry_run_stores_nothing(client):
    answer = client.post("/scan", json=examples.SUBMISSION | {"dry_run": True})
    assert (answer.status_code, answer.json()["n_pixels"]) == (200, 768 + 768)
    assert client.get("/scans", params=ASKED).json() == {"event_id": 21, "scan_ids": []}


def test_the_root_is_an_empty_document(client):
    assert client.get("/").json() == {}


def test_head_says_what_get_would_without_its_body(client, launch):
    path = f"/scan/manifest/{launch()}"
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))


def test_what_was_set_in_the_environment_is_not_told(client, launch):
    scan_id = launch(scanner_server_env={"PASSWORD": "hush"})
    assert "hush" not in client.get(f"/scan/manifest/{scan_id}").text
