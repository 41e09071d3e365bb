"""The examples in the documentation work as they are, and answers have the keys that they are documented with."""

from __future__ import annotations

import pytest

from skydriver.api import examples
from skydriver.services.coordination.reconciler import Reconciler


@pytest.fixture
def document(client):
    """The OpenAPI document, as it is served."""
    return client.get("/openapi.json").json()


def example_of(document, method, path):
    """The body of a request, and what is answered."""
    operation = document["paths"][path][method]
    body = operation.get("requestBody")
    answer = operation["responses"]["200"]["content"]["application/json"]["example"]
    return body and body["content"]["application/json"]["example"], answer


def same_keys(told, is_there):
    """Whether an answer is what it is documented as; parts that are null say nothing."""
    for name in told.keys() | is_there.keys():
        assert name in told, f"{name} is not documented"
        assert name in is_there, f"{name} is not there"
    for name in ("skydriver", "ewms_workforce"):
        if name in told:
            assert told[name].keys() == is_there[name].keys()
    return True


def test_a_scan_goes_by_the_examples(client, document):
    body, answer = example_of(document, "post", "/scan")
    made = client.post("/scan", json=body).json()
    assert same_keys(answer, made)
    path = f"/scan/manifest/{made['scan_id']}"
    assert same_keys(example_of(document, "get", "/scan/manifest/{scan_id}")[1], client.get(path).json())
    status = client.get(f"/scan/{made['scan_id']}/status").json()
    assert same_keys(example_of(document, "get", "/scan/{scan_id}/status")[1], status)
    asked = {"run_id": 1, "event_id": 21, "is_real_event": False}
    assert same_keys(example_of(document, "get", "/scans")[1], client.get("/scans", params=asked).json())
    assert same_keys(example_of(document, "delete", "/scan/manifest/{scan_id}")[1], client.delete(path).json())


def test_the_routes_of_2025_go_by_the_examples(client, document, launch):
    scan_id = launch(cluster={"local": 2}, classifiers={"for": "an example"})
    for path in (
        "",
        "/manifest",
        "/i3-event",
        "/status",
        "/logs",
        "/workforce",
        "/ewms/workforce",
        "/ewms/workflow-id",
    ):
        _, answer = example_of(document, "get", f"/scan/{{scan_id}}{path}")
        got = client.get(f"/scan/{scan_id}{path}").json()
        assert same_keys(answer, got), path
    asked = client.get(f"/scan-request/{scan_id}").json()
    assert same_keys(example_of(document, "get", "/scan-request/{scan_id}")[1], asked)
    body, answer = example_of(document, "post", "/scan/{scan_id}/actions/add-workers")
    assert same_keys(answer, client.post(f"/scan/{scan_id}/actions/add-workers", json=body).json())
    body, answer = example_of(document, "post", "/scan/{scan_id}/actions/rescan")
    new = client.post(f"/scan/{scan_id}/actions/rescan", json=body).json()
    assert same_keys(answer, new)
    body, answer = example_of(document, "delete", "/scan/{scan_id}")
    assert same_keys(answer, client.request("DELETE", f"/scan/{new['scan_id']}", json=body).json())


def test_an_external_scanner_goes_by_the_examples(client, document, launch):
    scan_id = launch(docker_tag="external")
    for method, path in [("patch", "/scan/manifest/{scan_id}"), ("put", "/scan/result/{scan_id}")]:
        body, answer = example_of(document, method, path)
        got = client.request(method.upper(), path.format(scan_id=scan_id), json=body)
        assert got.status_code == 200
        assert same_keys(answer, got.json())
    for method, path in [
        ("patch", "/scan/{scan_id}/manifest"),
        ("put", "/scan/{scan_id}/result"),
        ("post", "/scan/{scan_id}/ewms/workflow-id"),
    ]:
        body, answer = example_of(document, method, path)
        got = client.request(method.upper(), path.format(scan_id=scan_id), json=body)
        assert same_keys(answer, got.json())
    for method in ("get", "delete"):
        answer = example_of(document, method, "/scan/result/{scan_id}")[1]
        assert same_keys(answer, client.request(method.upper(), f"/scan/result/{scan_id}").json())


def test_a_worker_goes_by_the_examples(worker, document, launch, service):
    scan_id = launch()
    reconciler = Reconciler(service)
    while reconciler.step():
        pass
    said = {"scan": scan_id}
    for name in ("register", "lease", "heartbeat", "report", "return", "log", "token"):
        body, answer = example_of(document, "post", f"/workers/{name}")
        got = worker.post(f"/workers/{name}", json={key: said.get(key, value) for key, value in body.items()})
        assert got.status_code == 200, (name, got.text)
        assert same_keys(answer, got.json())
        said |= {key: value for key, value in got.json().items() if key in {"worker", "task"}}


def test_the_page_and_what_it_is_made_of_are_served(client):
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for path, kind in [("/docs/page.js", "text/javascript"), ("/docs/page.css", "text/css")]:
        assert path in page.text
        assert client.get(path).headers["content-type"].startswith(kind)


def test_the_event_of_the_examples_is_small():
    assert len(str(examples.EVENT)) < 10_000
