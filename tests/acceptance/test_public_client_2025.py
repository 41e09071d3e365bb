"""The public client, unmodified, does the workflow of 2025 on a service that works; every answer is compared whole."""

from __future__ import annotations

import pytest
from requests.exceptions import HTTPError
from rest_tools.client import RestClient

from api_documents import IDLE, NOW, as_of_2025, error
from client_cases import as_launched, done_manifest, example_case, read_as_theirs, reference_of
from skydriver.api import examples
from skydriver.testing.processes import wait_until
from whole_documents import settled

LABELS = {"for": "the workflow", "number": 7, "is_good": True}
ASKED = {"cluster": [["local", 2]], "priority": 3, "classifiers": LABELS}
SLOW = {"reco_algo": "dummy:8:0.5", "nsides": {"8": 0}, "cluster": {"local": 2}}
"""A scan that goes on for as long as a test needs it."""


@pytest.fixture(scope="module")
def case():
    return example_case()


@pytest.fixture(scope="module")
def reference(case, command, tmp_path_factory):
    return reference_of(case, command(tmp_path_factory.mktemp("reference")))


@pytest.fixture
def rc(either_service):
    client = RestClient(either_service.url, token="dummy")  # noqa: S106 - that is the point
    yield client
    client.close()


def body_of(case):
    """What is asked for, in the words of 2025."""
    kept = ("docker_tag", "reco_algo", "nsides", "real_or_simulated_event", "event_i3live_json")
    also = {"worker_memory": "8GB", "max_pixel_reco_time": 60, "predictive_scanning_threshold": 1.0}
    given = {"request_clusters": {"local": 2}, "priority": 3, "classifiers": LABELS}
    return {name: case.body[name] for name in kept} | also | given


def asked_of(case, document):
    """A manifest of 2023 that is expected, as the one of 2025 of a scan that was asked for so."""
    told = document["skydriver"] | {"request": case.asked | ASKED}
    return as_of_2025(document | {"skydriver": told})


def refusal(rc, *what):
    """What the user of the client sees of a refusal."""
    with pytest.raises(HTTPError) as caught:
        rc.request_seq(*what)
    response = caught.value.response
    assert response.json() == error(response.status_code, response.reason)
    return str(caught.value).partition(" for url: ")[0]


@pytest.fixture
def done(rc, case):
    """A scan that has ended: its id, its first manifest, and its tallies."""
    made = rc.request_seq("POST", "/scan", body_of(case))
    scan_id = made["scan_id"]
    status = f"/scan/{scan_id}/status"
    wait_until(lambda: rc.request_seq("GET", status)["scan_complete"], "the scan is complete", 60.0)
    tallies = rc.request_seq("GET", f"/scan/{scan_id}/manifest", {"projection": "progress"})["progress"]["tallies"]
    yield scan_id, made, tallies
    rc.request_seq("DELETE", f"/scan/{scan_id}", {"delete_completed_scan": True, "no_redirect": True})


def test_a_scan_from_launch_to_deletion(case, reference, rc, skyreader, done, either_service):
    scan_id, made, tallies = done
    assert settled(as_launched(made)) == settled(asked_of(case, case.manifest(scan_id)))
    assert rc.request_seq("POST", "/scan", body_of(case))["scan_id"] == scan_id

    final = rc.request_seq("GET", f"/scan/{scan_id}/result")
    assert settled(final) == settled(reference.result(scan_id))
    assert read_as_theirs(skyreader, final["skyscan_result"])[0] == reference.summary["best_fit"]["pixel"]
    expected = asked_of(case, done_manifest(case, reference, scan_id, tallies))
    manifest = rc.request_seq("GET", f"/scan/{scan_id}/manifest")
    assert settled(manifest) == settled(expected)
    assert rc.request_seq("GET", f"/scan/{scan_id}") == {"manifest": manifest, "result": final}
    status = rc.request_seq("GET", f"/scan/{scan_id}/status")
    assert settled(status) == settled(reference.status)
    assert status["scanner_server_logs"] == {"url": f"{either_service.url}/scan/{scan_id}/logs"}
    assert rc.request_seq("GET", f"/scan/{scan_id}/workforce") == IDLE
    assert rc.request_seq("GET", f"/scan/{scan_id}/i3-event") == {"i3_event": case.event}

    of_event = {"event_metadata.run_id": case.metadata["run_id"], "event_metadata.event_id": case.metadata["event_id"]}
    query = {"filter": of_event | {"scan_id": scan_id, "classifiers.number": {"$gte": 7}}}
    assert rc.request_seq("POST", "/scans/find", query) == {"manifests": [manifest]}
    some = query | {"manifest_projection": ["scan_id", "classifiers"], "limit": 5, "sort": "-timestamp"}
    cut = {"scan_id": scan_id, "classifiers": LABELS}
    assert rc.request_seq("POST", "/scans/find", some) == {"manifests": [cut], "cursor": None}
    nothing = {"filter": {"scan_id": scan_id, "classifiers.number": {"$lt": 7}}}
    assert rc.request_seq("POST", "/scans/find", nothing) == {"manifests": []}
    assert rc.request_seq("GET", "/scans/backlog") == {"entries": []}

    names = "scan_id|classifiers|event_i3live_json_dict|skydriver.answer.best_fit"
    cut = rc.request_seq("GET", f"/scan/{scan_id}/manifest", {"projection": names})
    assert settled(cut) == settled(
        {
            "scan_id": scan_id,
            "classifiers": LABELS,
            "event_i3live_json_dict": case.event,
            "skydriver": {"answer": {"best_fit": reference.summary["best_fit"]}},
        }
    )
    lines = rc.request_seq("GET", f"/scan/{scan_id}/logs")
    assert lines.keys() == {"scan_id", "lines", "next", "scanner_server"}
    words = [line["line"].partition(":")[0] for line in lines["lines"] if line["source"] == "service"]
    assert words == ["preparing", "starting", "running", "all fits are done", "done"]

    told = f"400 Client Error: delete_completed_scan: {scan_id} has a final result; true deletes it all the same"
    assert refusal(rc, "DELETE", f"/scan/{scan_id}") == told
    for _ in range(2):
        deleted = rc.request_seq("DELETE", f"/scan/{scan_id}", {"delete_completed_scan": True})
        assert deleted == {"manifest": manifest | {"is_deleted": True}, "result": final}
    hidden = f"404 Client Error: scan_id: the manifest of {scan_id} was deleted; include_deleted shows it"
    assert refusal(rc, "GET", f"/scan/{scan_id}") == hidden
    assert rc.request_seq("GET", f"/scan/{scan_id}", {"include_deleted": True}) == deleted
    assert rc.request_seq("POST", "/scans/find", query) == {"manifests": []}
    also = query | {"include_deleted": True}
    assert rc.request_seq("POST", "/scans/find", also) == {"manifests": [deleted["manifest"]]}
    assert rc.request_seq("GET", f"/scan/{scan_id}/result") == final


def test_a_request_is_sent_back_and_scanned_again(case, reference, rc, done):
    scan_id, _, tallies = done
    asked = rc.request_seq("GET", f"/scan-request/{scan_id}")
    assert asked == case.asked | ASKED
    assert rc.request_seq("POST", "/scan", asked)["scan_id"] == scan_id
    second = rc.request_seq("POST", "/scan", asked | {"force_new": True})
    expected = asked_of(case, case.manifest(second["scan_id"]))
    assert settled(as_launched(second)) == settled(expected)

    body = {"abort_first": True, "replace_scan": True}
    third = rc.request_seq("POST", f"/scan/{second['scan_id']}/actions/rescan", body)
    new = third["scan_id"]
    marks = LABELS | {"rescan": True, "origin_scan_id": second["scan_id"]}
    told = expected["skydriver"] | {"request": case.asked | ASKED | {"classifiers": marks}}
    as_new = expected | {"scan_id": new, "classifiers": marks, "skydriver": told}
    assert settled(as_launched(third)) == settled(as_new)
    assert rc.request_seq("POST", f"/scan/{second['scan_id']}/actions/rescan", body)["scan_id"] == new
    wait_until(lambda: rc.request_seq("GET", f"/scan/{second['scan_id']}/status")["scan_complete"], "it is complete")

    final = rc.request_seq("GET", f"/scan/{second['scan_id']}/result")
    assert settled(final) == settled(reference.result(new))
    whole = asked_of(case, done_manifest(case, reference, new, tallies))
    manifest = rc.request_seq("GET", f"/scan/{second['scan_id']}/manifest")
    whole |= {"classifiers": marks, "skydriver": whole["skydriver"] | {"request": told["request"]}}
    assert settled(manifest) == settled(whole)
    old = rc.request_seq("GET", f"/scan/{second['scan_id']}/manifest", {"no_redirect": True})
    ended = (old["skydriver"]["status"], old["replaced_by_scan_id"], old["is_deleted"])
    assert ended in {("aborted", new, False), ("done", new, False)}
    assert rc.request_seq("GET", f"/scan-request/{new}") == asked
    gone = rc.request_seq("DELETE", f"/scan/{second['scan_id']}", {"delete_completed_scan": True})
    assert gone == {"manifest": manifest | {"is_deleted": True}, "result": final}


def test_workers_are_added_to_a_scan_that_runs(rc):
    made = rc.request_seq("POST", "/scan", examples.SUBMISSION | SLOW)
    scan_id = made["scan_id"]
    workforce = f"/scan/{scan_id}/workforce"
    wait_until(lambda: rc.request_seq("GET", workforce)["n_running"] == 2, "both workers work on it")
    busy = {"statuses": {"RUNNING": {"running": 2}}, "n_running": 2, "top_errors": {}}
    body = {"n_workers": 1, "cluster_location": "local"}
    for _ in range(2):
        answer = rc.request_seq("POST", f"/scan/{scan_id}/actions/add-workers", body)
        assert answer == busy | {"skydriver": {"n_workers": 3}}
    deleted = rc.request_seq("DELETE", f"/scan/{scan_id}")
    told = {"status": "aborted", "ended": NOW, "code": None, "reason": None}
    assert settled({name: deleted["manifest"]["skydriver"][name] for name in told}) == settled(told)
    assert rc.request_seq("GET", workforce) == IDLE
    sentence = f"409 Client Error: scan_id: {scan_id} is aborted, and needs no more workers"
    assert refusal(rc, "POST", f"/scan/{scan_id}/actions/add-workers", body | {"n_workers": 2}) == sentence
