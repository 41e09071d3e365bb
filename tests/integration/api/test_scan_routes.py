"""The routes of 2025 about one scan, compared whole: own scans, external ones, deleted ones."""

from __future__ import annotations

import httpx
import pytest

from api_documents import (
    BUSY,
    EVENT_ID,
    IDLE,
    NOW,
    REQUEST,
    TOLD_OF_EXTERNAL,
    error,
    manifest,
    manifest_2025,
    result,
)
from skydriver.api import examples
from skydriver.services.coordination.reconciler import Reconciler
from toy_scans import ToyWorker, settle

pytestmark = pytest.mark.usefixtures("clock")
ABORTED = {"status": "aborted", "state": "ABORTED__PRESTARTUP", "ended": NOW}
LOGS = ("id", "time", "source", "line")


@pytest.fixture
def external(client):
    """An external scan: its id and its token."""
    made = client.post("/scan", json=examples.EXTERNAL_SUBMISSION | {"force_new": True}).json()
    return made["scan_id"], made["skydriver"]["token"]


@pytest.fixture
def scanner(server, external):
    """Somebody with the token of the external scan."""
    headers = {"Authorization": f"Bearer {external[1]}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as connected:
        yield connected


def of_external(scan_id, *, told=None, **changes):
    """The manifest of 2025 of an external scan."""
    return manifest_2025(scan_id, told=TOLD_OF_EXTERNAL | (told or {}), **{"event_metadata": None} | changes)


def running(scan_id, **changes):
    """The same after its scanner's first words."""
    told = {"status": "running", "state": "IN_PROGRESS__WAITING_ON_FIRST_PIXEL_RECO"} | changes.pop("told", {})
    said = {name: examples.PATCH[name] for name in ("progress", "event_metadata", "scan_metadata")}
    return of_external(scan_id, told=told, **said | changes)


def test_a_new_scan(client, launch):
    scan_id = launch()
    whole = {"manifest": manifest_2025(scan_id), "result": {}}
    assert client.get(f"/scan/{scan_id}").json() == whole
    assert client.get(f"/scan/{scan_id}/manifest").json() == manifest_2025(scan_id)
    assert client.get(f"/scan/{scan_id}/result").json() == {}
    assert client.get(f"/scan/{scan_id}/i3-event").json() == {"i3_event": examples.EVENT}
    assert client.get(f"/scan/{scan_id}/workforce").json() == IDLE
    assert client.get(f"/scan/{scan_id}/ewms/workforce").json() == IDLE
    assert client.get(f"/scan/{scan_id}/ewms/taskforces").json() == []
    assert client.get(f"/scan/{scan_id}/ewms/workflow-id").json() == examples.WORKFLOW
    assert client.get(f"/scan-request/{scan_id}").json() == REQUEST
    assert client.get(f"/scan/manifest/{scan_id}").json() == manifest(scan_id)


def test_a_deleted_scan_answers_where_it_should(client, launch, server):
    scan_id = launch()
    deleted = {"manifest": manifest_2025(scan_id, is_deleted=True, told=ABORTED), "result": {}}
    for body in ({}, {"delete_completed_scan": False}, {"delete_completed_scan": True, "no_redirect": False}):
        answer = client.request("DELETE", f"/scan/{scan_id}", json=body)
        assert (answer.status_code, answer.json()) == (200, deleted)
    assert client.delete(f"/scan/{scan_id}").json() == deleted
    hidden = error(404, f"scan_id: the manifest of {scan_id} was deleted; include_deleted shows it")
    for path in (f"/scan/{scan_id}", f"/scan/{scan_id}/manifest"):
        assert client.get(path).json() == hidden
    assert client.get(f"/scan/{scan_id}", params={"include_deleted": "True"}).json() == deleted
    shown = client.get(f"/scan/{scan_id}/manifest", params={"include_deleted": "1"}).json()
    assert shown == deleted["manifest"]
    assert client.get(f"/scan/{scan_id}/result").json() == {}
    assert client.get(f"/scan/{scan_id}/i3-event").json() == {"i3_event": examples.EVENT}
    assert client.get(f"/scan-request/{scan_id}").json() == REQUEST
    assert client.get(f"/scan/{scan_id}/status").json()["ewms_deactivated"] == "ABORTED"
    logs = client.get(f"/scan/{scan_id}/logs").json()
    line = {"time": NOW, "source": "service", "line": "aborted: aborted, as was asked for"}
    assert logs == {
        "scan_id": scan_id,
        "lines": [{"id": logs["lines"][0]["id"], **line}],
        "next": None,
        "scanner_server": {"url": f"{server.url}/scan/{scan_id}/logs"},
    }


def test_a_projection_leaves_what_is_named(client, launch):
    scan_id = launch()
    whole = manifest_2025(scan_id)
    path = f"/scan/{scan_id}/manifest"
    cut = client.get(path, params={"projection": "priority|scan_id|skydriver.status|classifiers"}).json()
    assert cut == {
        "scan_id": scan_id,
        "priority": 0,
        "classifiers": {},
        "skydriver": {"status": "queued"},
    }
    assert client.get(path, params={"projection": "event_i3live_json_dict"}).json() == {
        "event_i3live_json_dict": examples.EVENT
    }
    for everything in ("", "*", "scan_id|*"):
        assert client.get(path, params={"projection": everything}).json() == whole
    body = {"manifest_projection": ["scan_id", "is_deleted"]}
    deleted = client.request("DELETE", f"/scan/{scan_id}", json=body).json()
    assert deleted == {"manifest": {"scan_id": scan_id, "is_deleted": True}, "result": {}}


def test_a_whole_external_scan(client, scanner, external):
    scan_id, _ = external
    manifest_path, result_path = f"/scan/{scan_id}/manifest", f"/scan/{scan_id}/result"
    event = {"event_i3live_json_dict": examples.EVENT}
    assert scanner.get(manifest_path).json() == of_external(scan_id, **event)
    assert scanner.get(manifest_path, params={"projection": "*"}).json() == of_external(scan_id, **event)
    assert scanner.get(manifest_path, params={"projection": "scan_id"}).json() == {"scan_id": scan_id}
    assert client.get(manifest_path).json() == of_external(scan_id)
    assert client.get(f"/scan/{scan_id}/workforce").json() == BUSY
    said = {name: examples.PATCH[name] for name in ("progress", "event_metadata", "scan_metadata")}
    for _ in range(2):
        assert scanner.patch(manifest_path, json=said).json() == running(scan_id, **event)
    assert client.get(manifest_path).json() == running(scan_id)
    for path in (f"/scan/{scan_id}/workforce", f"/scan/{scan_id}/ewms/workforce"):
        assert scanner.get(path).json() == BUSY

    assert scanner.put(result_path, json={"skyscan_result": {}, "is_final": False}).json() == {}
    partial = result(scan_id, examples.MAP, is_final=False)
    assert scanner.put(result_path, json=examples.PUT).json() == partial
    assert client.get(result_path).json() == partial
    told = {"state": "IN_PROGRESS__PARTIAL_RESULT_GENERATED", "first_pixel": NOW}
    assert client.get(f"/scan/{scan_id}").json() == {"manifest": running(scan_id, told=told), "result": partial}

    final = result(scan_id, examples.MAP, is_final=True)
    assert scanner.put(result_path, json=examples.PUT | {"is_final": True}).json() == final
    assert scanner.put(result_path, json=examples.PUT).json() == final
    told |= {"status": "done", "state": "SCAN_HAS_FINAL_RESULT", "fraction": 1.0, "ended": NOW}
    done = running(scan_id, told=told)
    assert client.get(f"/scan/{scan_id}").json() == {"manifest": done, "result": final}
    assert scanner.get(f"/scan/{scan_id}").json() == {"manifest": done | event, "result": final}
    assert client.get(f"/scan/{scan_id}/workforce").json() == IDLE

    refused = client.delete(f"/scan/{scan_id}")
    sentence = f"delete_completed_scan: {scan_id} has a final result; true deletes it all the same"
    assert (refused.status_code, refused.json()) == (400, error(400, sentence))
    assert client.get(manifest_path).json() == done
    deleted = {"manifest": done | {"is_deleted": True}, "result": final}
    for _ in range(2):
        answer = client.request("DELETE", f"/scan/{scan_id}", json={"delete_completed_scan": True})
        assert answer.json() == deleted
    assert client.get(result_path).json() == final
    late = scanner.patch(manifest_path, json=said | {"progress": {"summary": "late"}}).json()
    assert late == deleted["manifest"] | event | {"progress": {"summary": "late"}}


def test_a_result_that_was_deleted_is_hidden(client, scanner, external):
    scan_id, _ = external
    scanner.put(f"/scan/{scan_id}/result", json=examples.PUT | {"is_final": True})
    client.delete(f"/scan/result/{scan_id}")
    hidden = error(404, f"scan_id: the result of {scan_id} was deleted; include_deleted shows it")
    assert client.get(f"/scan/{scan_id}/result").json() == hidden
    assert client.get(f"/scan/{scan_id}").json()["result"] == {}
    there = result(scan_id, examples.MAP, is_final=True, is_deleted=True)
    include = {"include_deleted": True}
    assert client.get(f"/scan/{scan_id}/result", params=include).json() == there
    assert client.get(f"/scan/{scan_id}", params=include).json()["result"] == there


def test_the_map_so_far_is_the_result_of_a_scan_that_goes_on(client, launch, service):
    scan_id = launch(nsides={"1": 0}, reco_algo="pandel_mpe")
    settle(Reconciler(service))
    worker = ToyWorker(service)
    worker.lease()
    report = worker.report(only=3)
    worker.lease(report)
    assert client.get(f"/scan/{scan_id}/workforce").json() == BUSY
    found = client.get(f"/scan/{scan_id}/result").json()
    assert (found["is_final"], found["scan_id"]) == (False, scan_id)
    assert found == client.get(f"/scan/result/{scan_id}").json()
    assert client.get(f"/scan/{scan_id}").json()["result"] == found
    deleted = client.delete(f"/scan/{scan_id}").json()
    assert deleted["result"] == found
    assert deleted["manifest"]["skydriver"]["status"] == "aborted"


def test_a_log_comes_in_pages(client, launch, service):
    scan_id = launch(nsides={"1": 0})
    other = launch(nsides={"1": 0})
    settle(Reconciler(service))
    client.delete(f"/scan/{other}")
    client.delete(f"/scan/{scan_id}")
    whole = client.get(f"/scan/{scan_id}/logs").json()
    assert [line["line"].partition(":")[0] for line in whole["lines"]] == ["preparing", "starting", "aborted"]
    assert {tuple(line) for line in whole["lines"]} == {LOGS}
    assert whole["next"] is None
    pages, after = [], 0
    while after is not None:
        page = client.get(f"/scan/{scan_id}/logs", params={"limit": 2, "after": after}).json()
        pages.append(page["lines"])
        after = page["next"]
    assert [len(page) for page in pages] == [2, 1]
    assert [line for page in pages for line in page] == whole["lines"]
    last = whole["lines"][-1]["id"]
    nothing = client.get(f"/scan/{scan_id}/logs", params={"after": last}).json()
    assert (nothing["lines"], nothing["next"]) == ([], None)
    url = client.get(f"/scan/{scan_id}/status").json()["scanner_server_logs"]["url"]
    assert client.get(url).json() == whole


def test_a_scan_request_is_taken_back(client, launch):
    labels = {"classifiers": {"a": 1, "b": "two", "c": True}, "debug_mode": ["x"], "priority": -3}
    sizes = {"worker_memory": "2 GiB", "worker_disk": 3_000_000_000, "scanner_server_memory": "2GB"}
    for changes in ({}, labels | sizes, {"docker_tag": "external"}, {"cluster": {"local": 3}} | labels):
        scan_id = launch(**changes)
        asked = client.get(f"/scan-request/{scan_id}").json()
        again = client.post("/scan", json=asked | {"force_new": True}).json()
        assert again["scan_id"] != scan_id
        assert again["skydriver"]["request"] == asked
        assert client.get(f"/scan-request/{again['scan_id']}").json() == asked
        own = client.get(f"/scan/{scan_id}/manifest").json()
        repeated = client.get(f"/scan/{again['scan_id']}/manifest").json()
        assert repeated == own | {"scan_id": again["scan_id"]}


def test_an_external_scan_that_names_no_cluster_is_taken_back(client):
    body = {name: value for name, value in examples.EXTERNAL_SUBMISSION.items() if name != "cluster"}
    scan_id = client.post("/scan", json=body).json()["scan_id"]
    asked = client.get(f"/scan-request/{scan_id}").json()
    assert asked["cluster"] == []
    assert client.post("/scan", json=asked | {"force_new": True}).json()["skydriver"]["request"] == asked


def test_an_environment_is_not_told_again(client, launch):
    scan_id = launch(scanner_server_env={"PASSWORD": "hush"})
    for path in (f"/scan-request/{scan_id}", f"/scan/{scan_id}", f"/scan/{scan_id}/logs"):
        assert "hush" not in client.get(path).text


def test_a_workflow_is_noted_once(client, scanner, external):
    scan_id, _ = external
    path = f"/scan/{scan_id}/ewms/workflow-id"
    said = {"workflow_id": "WF-1", "ewms_address": "https://ewms.example"}
    noted = of_external(scan_id, ewms_workflow_id="WF-1", ewms_address="https://ewms.example")
    for _ in range(2):
        assert scanner.post(path, json=said).json() == noted
    refused = scanner.post(path, json=said | {"workflow_id": "WF-2"})
    assert refused.json() == error(409, f"workflow_id: {scan_id} has the workflow 'WF-1' already")
    there = {"workflow_id": "WF-1", "requested_ewms_workflow": True, "eligible_for_ewms": True}
    assert client.get(path).json() == there | {"ewms_address": "https://ewms.example"}
    assert client.get(f"/scan/{scan_id}/manifest").json() == noted


def test_the_event_is_found_by_its_hash(client, launch):
    scan_id = launch()
    assert client.get(f"/scan/{scan_id}/manifest").json()["i3_event_id"] == EVENT_ID
    event = client.get(f"/scan/{scan_id}/i3-event")
    assert event.headers["content-type"] == "application/json"
