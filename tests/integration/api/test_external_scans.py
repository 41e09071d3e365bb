"""External scanners report: what is kept, what is refused, and how the scan's status follows."""

from __future__ import annotations

import copy

import httpx
import pytest

from api_documents import NOW, external_manifest, result, status
from skydriver.api import examples
from skydriver.services import tokens

pytestmark = pytest.mark.usefixtures("clock")
CLUSTER = {"collector": "a", "schedd": "b", "cluster_id": 7}


@pytest.fixture
def scan_id(launch):
    """An external scan."""
    return launch(docker_tag="external")


@pytest.fixture
def patch(client, scan_id):
    """A function that patches its manifest."""
    return lambda **said: client.patch(f"/scan/manifest/{scan_id}", json=said)


@pytest.fixture
def put(client, scan_id):
    """A function that puts its result."""
    return lambda skymap, *, is_final: client.put(
        f"/scan/result/{scan_id}", json={"skyscan_result": skymap, "is_final": is_final}
    )


def test_one_whose_scanner_never_spoke_waited_for_it_to_the_end(client, scan_id):
    client.delete(f"/scan/{scan_id}")
    assert client.get(f"/scan/{scan_id}/status").json()["scan_state"] == "ABORTED__WAITING_ON_SCANNER_SERVER_STARTUP"


def running(scan_id, **changes):
    """The manifest after the first words."""
    told = {"status": "running", "state": "IN_PROGRESS__WAITING_ON_FIRST_PIXEL_RECO"} | changes.pop("told", {})
    return external_manifest(
        scan_id,
        told=told,
        **{
            "progress": examples.PROGRESS,
            "event_metadata": examples.EVENT_METADATA,
            "scan_metadata": examples.SCAN_METADATA,
        }
        | changes,
    )


def other_map():
    skymap = copy.deepcopy(examples.MAP)
    skymap["nside-8"]["metadata"]["complete"] = True
    return skymap


def test_launching_one_answers_with_a_token_for_it_alone(client, server, launch):
    made = client.post("/scan", json=examples.EXTERNAL_SUBMISSION).json()
    token = made["skydriver"].pop("token")
    assert made == external_manifest(made["scan_id"])
    other = launch(docker_tag="external")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as scanner:
        assert scanner.patch(f"/scan/manifest/{made['scan_id']}", json={}).status_code == 200
        assert scanner.get(f"/scan/manifest/{made['scan_id']}").status_code == 200
        assert scanner.get(f"/scan/{made['scan_id']}/status").status_code == 200
        for method, path in [
            ("PATCH", f"/scan/manifest/{other}"),
            ("PUT", f"/scan/result/{other}"),
            ("GET", f"/scan/manifest/{other}"),
            ("DELETE", f"/scan/manifest/{made['scan_id']}"),
            ("POST", "/scan"),
            ("GET", "/scans?run_id=1&event_id=1&is_real_event=1"),
        ]:
            assert scanner.request(method, path).status_code == 403, path
        assert scanner.post("/workers/lease", json=examples.LEASE).status_code == 403


def test_the_first_progress_begins_the_scan(client, patch, scan_id):
    answer = patch(**{**examples.PATCH, "condor_cluster": None}, unknown="ignored")
    assert (answer.status_code, answer.json()) == (200, running(scan_id))
    assert client.get(f"/scan/manifest/{scan_id}").json() == running(scan_id)


def test_a_whole_scan(client, patch, put, scan_id, server):
    patch(**examples.PATCH)
    assert put(examples.MAP, is_final=False).json() == result(scan_id, examples.MAP, is_final=False)
    assert client.get(f"/scan/{scan_id}/status").json()["scan_state"] == "IN_PROGRESS__PARTIAL_RESULT_GENERATED"
    assert put(other_map(), is_final=True).json() == result(scan_id, other_map(), is_final=True)
    expected = status(
        logs=f"{server.url}/scan/{scan_id}/logs",
        scan_state="SCAN_HAS_FINAL_RESULT",
        ewms_deactivated="FINISHED",
        scan_complete=True,
        told={"status": "done", "progress": 1.0},
    )
    assert client.get(f"/scan/{scan_id}/status").json() == expected
    assert client.get(f"/scan/result/{scan_id}").json() == result(scan_id, other_map(), is_final=True)
    told = {"status": "done", "state": "SCAN_HAS_FINAL_RESULT", "fraction": 1.0, "first_pixel": NOW, "ended": NOW}
    done = running(scan_id, condor_clusters=[examples.PATCH["condor_cluster"]], complete=True, told=told)
    assert client.get(f"/scan/manifest/{scan_id}").json() == done


def test_empty_metadata_are_none(patch):
    assert patch(event_metadata={}, scan_metadata={}).json()["scan_metadata"] is None
    assert patch(event_metadata=examples.EVENT_METADATA, scan_metadata=examples.SCAN_METADATA).status_code == 200


@pytest.mark.parametrize("name", ["event_metadata", "scan_metadata"])
def test_metadata_are_written_once(client, patch, scan_id, name):
    first = examples.PATCH[name]
    assert patch(**{name: first}).status_code == 200
    assert patch(**{name: dict(reversed(first.items()))}).status_code == 200
    refused = patch(**{name: first | {"run_id": 2}}, progress={"summary": "new"})
    assert refused.status_code == 400
    assert refused.json()["error"].startswith(f"{name}: ")
    assert client.get(f"/scan/manifest/{scan_id}").json()["progress"] is None


def test_equal_clusters_count_once(patch):
    other = CLUSTER | {"cluster_id": 8}
    assert patch(condor_cluster=CLUSTER).json()["condor_clusters"] == [CLUSTER]
    assert patch(condor_cluster=other).json()["condor_clusters"] == [CLUSTER, other]
    changed = CLUSTER | {"jobs": 3}
    assert patch(condor_cluster=changed).json()["condor_clusters"] == [changed, other]


def test_an_empty_result_is_taken_and_not_stored(client, put, scan_id):
    for is_final in (False, True):
        answer = put({}, is_final=is_final)
        assert (answer.status_code, answer.json()) == (200, {})
    assert client.get(f"/scan/result/{scan_id}").status_code == 404
    assert client.get(f"/scan/{scan_id}/status").json()["scan_state"].startswith("PENDING__")


def test_a_final_result_stays(client, put, scan_id):
    put(other_map(), is_final=True)
    assert put(examples.MAP, is_final=False).json() == result(scan_id, other_map(), is_final=True)
    assert client.get(f"/scan/result/{scan_id}").json() == result(scan_id, other_map(), is_final=True)
    assert put(other_map(), is_final=True).json() == result(scan_id, other_map(), is_final=True)


def test_an_aborted_scan_takes_what_comes_late_and_stays_aborted(client, patch, put, scan_id):
    patch(**examples.PATCH)
    client.delete(f"/scan/manifest/{scan_id}")
    late = patch(progress={"summary": "late"})
    assert late.status_code == 200
    told = {"status": "aborted", "state": "STOPPED__WAITING_ON_FIRST_PIXEL_RECO", "ended": NOW}
    clusters = [examples.PATCH["condor_cluster"]]
    assert late.json() == running(
        scan_id, is_deleted=True, complete=True, condor_clusters=clusters, progress={"summary": "late"}, told=told
    )
    assert put(examples.MAP, is_final=True).status_code == 200
    assert client.get(f"/scan/{scan_id}/status").json()["skydriver"]["status"] == "aborted"
    assert client.get(f"/scan/result/{scan_id}").json() == result(scan_id, examples.MAP, is_final=True)


def test_a_deleted_result_is_hidden_and_stays_deleted(client, put, scan_id):
    put(examples.MAP, is_final=True)
    deleted = result(scan_id, examples.MAP, is_final=True, is_deleted=True)
    path = f"/scan/result/{scan_id}"
    assert client.delete(path).json() == deleted
    assert client.delete(path).json() == deleted
    assert client.get(path).status_code == 404
    assert client.get(path, params={"include_deleted": True}).json() == deleted
    assert put(examples.MAP, is_final=True).json() == deleted


def test_numbers_that_json_lacks_are_taken_from_programs_that_write_them(client, scan_id):
    text = (
        b'{"skyscan_result": {"nside-8": {"columns": ["index", "llh"], "metadata": {},'
        b' "data": [[0, NaN], [1, -Infinity], [2, 0.1]]}}, "is_final": true}'
    )
    answer = client.put(f"/scan/result/{scan_id}", content=text)
    assert answer.json()["skyscan_result"]["nside-8"]["data"] == [
        [0, "<skyreader.nan>"],
        [1, "<skyreader.nan>"],
        [2, 0.1],
    ]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"skyscan_result": [], "is_final": True}, "skyscan_result"),
        ({"is_final": True}, "skyscan_result"),
        ({"skyscan_result": examples.MAP}, "is_final"),
        ({"skyscan_result": examples.MAP, "is_final": "true"}, "is_final"),
        ({"skyscan_result": {"alpha": 1}, "is_final": True}, "skyscan_result"),
        ({"skyscan_result": {"nside-8": {"columns": [], "data": []}}, "is_final": True}, "skyscan_result"),
        (
            {"skyscan_result": {"nside-8": {"columns": ["a"], "metadata": {}, "data": [[1, 2]]}}, "is_final": True},
            "row 0",
        ),
        (
            {"skyscan_result": {"nside-8": {"columns": ["a"], "metadata": {}, "data": [["x"]]}}, "is_final": True},
            "row 0",
        ),
    ],
)
def test_what_is_no_result_is_refused_and_not_stored(client, scan_id, said, named):
    answer = client.put(f"/scan/result/{scan_id}", json=said)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert client.get(f"/scan/result/{scan_id}").status_code == 404


@pytest.mark.parametrize(
    ("said", "code", "named"),
    [
        ({"progress": "half"}, 400, "progress"),
        ({"progress": {"a": "x" * 1_000_001}}, 413, "progress"),
        ({"event_metadata": {"run_id": 1}}, 400, "event_metadata.event_id"),
        ({"event_metadata": examples.EVENT_METADATA | {"mjd": "now"}}, 400, "event_metadata.mjd"),
        ({"event_metadata": examples.EVENT_METADATA | {"run_id": 2**70}}, 400, "event_metadata.run_id"),
        ({"scan_metadata": [1]}, 400, "scan_metadata"),
        ({"condor_cluster": {"collector": "a", "schedd": "b"}}, 400, "condor_cluster.cluster_id"),
    ],
)
def test_what_is_no_progress_is_refused_and_not_stored(client, patch, scan_id, said, code, named):
    answer = patch(**said)
    assert answer.status_code == code, answer.text
    assert answer.json()["error"].startswith(named)
    assert client.get(f"/scan/manifest/{scan_id}").json() == external_manifest(scan_id)


def test_what_is_nested_too_deep_to_store_is_refused(client, scan_id):
    deep = b'{"progress": ' + b'{"a":' * 400 + b"1" + b"}" * 401
    answer = client.patch(f"/scan/manifest/{scan_id}", content=deep)
    assert (answer.status_code, answer.json()["error"][:10]) == (400, "progress: ")


@pytest.mark.parametrize("number", [b"1" + b"0" * 400, b'"\\ud800"'])
def test_what_no_document_can_hold_is_refused(client, scan_id, number):
    stage = b'{"columns": ["llh", "x"], "metadata": {}, "data": [[NaN, ' + number + b"]]}"
    answer = client.put(
        f"/scan/result/{scan_id}", content=b'{"skyscan_result": {"nside-8": ' + stage + b'}, "is_final": true}'
    )
    assert (answer.status_code, answer.json()["error"][:16]) == (400, "skyscan_result: ")


def test_nobody_reports_to_a_scan_that_the_service_does(client, launch, server):
    own = launch()
    assert client.patch(f"/scan/manifest/{own}", json=examples.PATCH).status_code == 409
    assert client.put(f"/scan/result/{own}", json=examples.PUT).status_code == 409
    assert client.get(f"/scan/{own}/status").json() == status(logs=f"{server.url}/scan/{own}/logs")


def test_the_token_of_a_worker_does_not_write_scans(worker, scan_id, service):
    assert tokens.check(service, worker.headers["authorization"].removeprefix("Bearer "), "worker").scope == "local"
    assert worker.patch(f"/scan/manifest/{scan_id}", json=examples.PATCH).status_code == 403
    assert worker.get(f"/scan/manifest/{scan_id}").status_code == 403
