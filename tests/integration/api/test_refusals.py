"""What a client did wrong, it is told in one sentence; nothing is stored, and the service goes on."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from api_documents import error
from skydriver.api import examples
from toy_scans import row_of

SCAN_ROUTES = [
    ("GET", "/scan/manifest/{}"),
    ("DELETE", "/scan/manifest/{}"),
    ("PATCH", "/scan/manifest/{}"),
    ("GET", "/scan/result/{}"),
    ("DELETE", "/scan/result/{}"),
    ("GET", "/scan/{}/status"),
    ("GET", "/scan-request/{}"),
    ("GET", "/scan/{}"),
    ("DELETE", "/scan/{}"),
    ("GET", "/scan/{}/manifest"),
    ("PATCH", "/scan/{}/manifest"),
    ("GET", "/scan/{}/result"),
    ("GET", "/scan/{}/i3-event"),
    ("GET", "/scan/{}/logs"),
    ("GET", "/scan/{}/workforce"),
    ("GET", "/scan/{}/ewms/workforce"),
    ("GET", "/scan/{}/ewms/taskforces"),
    ("GET", "/scan/{}/ewms/workflow-id"),
    ("POST", "/scan/{}/actions/rescan"),
]
WRITES = [
    ("DELETE", "/scan/a"),
    ("PATCH", "/scan/a/manifest"),
    ("PUT", "/scan/a/result"),
    ("POST", "/scan/a/actions/rescan"),
    ("POST", "/scan/a/actions/add-workers"),
    ("POST", "/scan/a/ewms/workflow-id"),
    ("POST", "/scan"),
    ("DELETE", "/scan/manifest/a"),
    ("PATCH", "/scan/manifest/a"),
    ("PUT", "/scan/result/a"),
    ("DELETE", "/scan/result/a"),
]

NO_OBJECTS = [
    *(b"nope", b"[1]", b'"text"', b"null", b"{", b'{"a": NaN}x', b"\xff\xfe", b"\x00"),
    *(b"[" * 100_000, b'{"a":' * 50_000),
]


@pytest.mark.parametrize(("method", "path"), SCAN_ROUTES)
def test_scans_that_there_are_not_are_unknown(client, method, path):
    answer = client.request(method, path.format("1a20d8bf3a1x0000000000000000"))
    assert answer.status_code == 404
    assert answer.json() == error(404, "scan_id: there is no scan 1a20d8bf3a1x0000000000000000")
    assert answer.reason_phrase == answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/scan/result/abc", examples.PUT),
        ("PUT", "/scan/abc/result", examples.PUT),
        ("POST", "/scan/abc/actions/add-workers", examples.ADD_WORKERS),
        ("POST", "/scan/abc/ewms/workflow-id", examples.SET_WORKFLOW),
    ],
)
def test_what_is_for_a_scan_that_there_is_not_is_refused(client, method, path, body):
    assert client.request(method, path, json=body).json() == error(404, "scan_id: there is no scan abc")


def test_what_can_be_no_id_reaches_no_database(client):
    for scan_id in ("a%00b", "%F0%9F%9A%80", "a'b", "x" * 41, "a b", "a%0d%0ab"):
        for method, path in SCAN_ROUTES:
            answer = client.request(method, path.format(scan_id))
            assert (answer.status_code, answer.json()["code"]) == (404, 404), scan_id


def test_routes_that_there_are_not_are_unknown(client):
    for path in ("/nothing", "/scan/", "/scan/a/b/c", "/workers/", "/redoc", "/docs/x"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json() == error(404, f"GET {path}: there is no such route; /docs lists them")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/scan/manifest/a", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/scan/result/a", "DELETE, GET, HEAD, PUT"),
        ("GET", "/scan", "POST"),
        ("POST", "/", "GET, HEAD"),
        ("GET", "/workers/lease", "POST"),
    ],
)
def test_methods_that_a_route_has_not_are_told_with_those_that_it_has(client, method, path, allowed):
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json() == error(405, f"{method} {path}: the methods here are {allowed}")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"event_id": 1, "is_real_event": 1}, "run_id: it is missing"),
        ({"run_id": "x", "event_id": 1, "is_real_event": 1}, "run_id: "),
        ({"run_id": 10**30, "event_id": 1, "is_real_event": 1}, "run_id: "),
        ({"run_id": -1, "event_id": 1, "is_real_event": 1}, "run_id: "),
        ({"run_id": 1, "event_id": 1, "is_real_event": "perhaps"}, "is_real_event: "),
        ({"run_id": 1, "event_id": 1, "is_real_event": 1, "include_deleted": ""}, "include_deleted: "),
    ],
)
def test_arguments_of_the_query_that_do_not_read_are_named(client, given, sentence):
    answer = client.get("/scans", params=given)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)


@pytest.mark.parametrize(
    ("path", "given", "sentence"),
    [
        ("manifest", {"include_deleted": "perhaps"}, "include_deleted: "),
        ("manifest", {"no_redirect": ""}, "no_redirect: "),
        ("manifest", {"projection": "progress|oops"}, "projection: a manifest has no 'oops'; it has scan_id, "),
        ("manifest", {"projection": "x" * 10_001}, "projection: "),
        ("logs", {"after": -1}, "after: "),
        ("logs", {"after": 2**63}, "after: "),
        ("logs", {"limit": 0}, "limit: "),
        ("logs", {"limit": 5001}, "limit: "),
        ("logs", {"limit": "all"}, "limit: "),
        ("status", {"no_redirect": "perhaps"}, "no_redirect: "),
    ],
)
def test_arguments_about_a_scan_that_do_not_read_are_named(client, launch, path, given, sentence):
    answer = client.get(f"/scan/{launch()}/{path}", params=given)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)


@pytest.mark.parametrize(
    ("method", "path", "said", "sentence"),
    [
        ("DELETE", "", {"force": 1}, "force: is no argument of DELETE /scan/ID"),
        ("DELETE", "", {"delete_completed_scan": "true"}, "delete_completed_scan: is 'true', neither true nor false"),
        ("DELETE", "", {"manifest_projection": "oops"}, "manifest_projection: a manifest has no 'oops'; it has "),
        ("DELETE", "", {"no_redirect": 1}, "no_redirect: is 1, neither true nor false"),
        ("PATCH", "/manifest", {"metadata": {}}, "metadata: is no argument of PATCH /scan/ID/manifest"),
        ("PATCH", "/manifest", {"progress": []}, "progress: it is not a JSON object"),
        (
            "PUT",
            "/result",
            examples.PUT | {"final": 1},
            "final: is no argument of PUT /scan/ID/result; is is_final meant",
        ),
        ("PUT", "/result", {"is_final": True}, "skyscan_result: it is missing"),
        ("POST", "/actions/rescan", {"abort": True}, "abort: is no argument of POST /scan/ID/actions/rescan"),
        ("POST", "/actions/rescan", {"abort_first": 1}, "abort_first: is 1, neither true nor false"),
        ("POST", "/actions/rescan", {"replace_scan": "no"}, "replace_scan: is 'no', neither true nor false"),
        ("POST", "/actions/rescan", {"manifest_projection": 3}, "manifest_projection: is 3, neither names"),
        ("POST", "/actions/rescan", {"a" * 500: 1}, "'aaaa"),
        ("POST", "/ewms/workflow-id", {"workflow_id": "a"}, "ewms_address: is missing"),
        ("POST", "/ewms/workflow-id", {"workflow_id": 1, "ewms_address": "a"}, "workflow_id: is 1, not a text of 1 to"),
        ("POST", "/ewms/workflow-id", {"workflow_id": "a\x00", "ewms_address": "a"}, "workflow_id: holds a text"),
        ("POST", "/ewms/workflow-id", {"workflow": "a"}, "workflow: is no argument of POST /scan/ID/ewms/workflow-id"),
    ],
)
def test_arguments_in_bodies_that_are_wrong_are_named_and_nothing_is_done(
    client, launch, service, method, path, said, sentence
):
    scan_id = launch(docker_tag="external")
    before = row_of(service, scan_id)
    answer = client.request(method, f"/scan/{scan_id}{path}", json=said)
    assert (answer.status_code, answer.json()["error"][: len(sentence)]) == (400, sentence)
    assert row_of(service, scan_id) == before
    asked = {"run_id": 1, "event_id": 21, "is_real_event": False, "include_deleted": True}
    assert client.get("/scans", params=asked).json()["scan_ids"] == [scan_id]


def test_keys_that_cannot_be_kept_are_refused(client, launch):
    for path, body in [("rescan", {}), ("add-workers", examples.ADD_WORKERS)]:
        for key in ("", "x" * 201, "é"):
            answer = client.post(
                f"/scan/{launch()}/actions/{path}", json=body, headers={b"Idempotency-Key": key.encode()}
            )
            assert (answer.status_code, answer.json()["error"][:17]) == (400, "Idempotency-Key: "), key


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_bodies_that_are_no_objects_are_refused(client, method, path):
    for body in NO_OBJECTS:
        answer = client.request(method, path, content=body)
        assert answer.status_code == 400, body[:20]
        assert answer.json()["error"].startswith("body: ")


def test_not_a_number_is_no_json_where_no_map_is_sent(client):
    answer = client.patch("/scan/manifest/a", content=b'{"progress": NaN}')
    assert answer.json()["error"].startswith("body: it is not JSON")


def test_not_a_number_is_named_where_it_is_an_argument(client):
    answer = client.post("/scan", content=b'{"predictive_scanning_threshold": NaN}')
    assert (answer.status_code, answer.json()["error"][:30]) == (400, "predictive_scanning_threshold:")


def test_a_submission_that_is_refused_says_why_in_body_and_phrase(client):
    answer = client.post("/scan", json=examples.SUBMISSION | {"nsides": {"8": 0, "12": 3}})
    assert (answer.status_code, answer.reason_phrase) == (400, answer.json()["error"])
    assert answer.json() == error(400, "nsides: 12 is not a power of two")


def test_a_body_beyond_the_limit_is_refused_by_its_declared_length(small):
    answer = small.post("/scan", content=b" " * 20_001)
    assert answer.json() == error(413, "body: 20001 bytes are more than 20000")


def test_who_sends_all_before_listening_hears_that_it_was_too_much(small):
    address = urlsplit(str(small.base_url))
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            b"POST /scan HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n"
        )
        for _ in range(60):
            connection.sendall(b" " * 1000)
            time.sleep(0.001)
        assert connection.makefile("rb").readline() == b"HTTP/1.1 413 body: 60000 bytes are more than 20000\r\n"


def test_a_body_beyond_the_limit_is_refused_without_a_declared_length(small):
    answer = small.post("/scan", content=iter([b" " * 9_000] * 5))
    assert answer.json() == error(413, "body: it is larger than 20000 bytes")
    assert small.get("/").json() == {}


def test_a_body_of_the_limit_is_taken(small):
    text = json.dumps(examples.SUBMISSION).encode()
    assert small.post("/scan", content=text + b" " * (20_000 - len(text))).status_code == 200


@pytest.mark.parametrize("head", [b"Content-Length: 30000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_of_a_body_that_is_cut_off_nothing_is_stored(client, server, head):
    text = json.dumps(examples.SUBMISSION).encode()
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"POST /scan HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
        connection.sendall((b"%x\r\n" % 30_000 if b"chunked" in head else b"") + text)
    asked = {"run_id": 1, "event_id": 21, "is_real_event": False}
    assert client.get("/scans", params=asked).json() == {"event_id": 21, "scan_ids": []}


def test_what_is_no_http_is_refused(server):
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"what is this\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b'{"code":400,"error":"request: it is not valid HTTP"}')


def test_names_that_point_here_from_elsewhere_and_pages_of_others_are_refused(client):
    answer = client.get("/", headers={"Host": "example.org"})
    assert (answer.status_code, answer.json()["code"]) == (403, 403)
    answer = client.post("/scan", json=examples.SUBMISSION, headers={"Origin": "http://example.org"})
    assert (answer.status_code, answer.json()["code"]) == (403, 403)


def test_any_token_will_do_on_this_machine_while_nobody_issues_them(client, launch):
    headers = {"Authorization": "Bearer dummy"}
    assert client.get(f"/scan/manifest/{launch()}", headers=headers).status_code == 200


def test_nobody_works_without_the_token_of_a_worker(client):
    for path in ("register", "lease", "report", "return", "heartbeat", "log", "token"):
        for headers in ({}, {"Authorization": "Bearer dummy"}, {"Authorization": "Basic dummy"}):
            answer = client.post(f"/workers/{path}", json={}, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_fault_of_ours_is_told_without_its_trace(client, launch, monkeypatch):
    scan_id = launch()
    monkeypatch.setattr("skydriver.services.scan_status.documents.n_workers", lambda *_: 1 / 0)
    answer = client.get(f"/scan/{scan_id}/status")
    assert answer.json() == error(500, "the service met an error of its own; its log says which")
    assert client.get("/").json() == {}
