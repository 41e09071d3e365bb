"""The public client of the API, unmodified: what it does, and what its user sees when something is refused."""

from __future__ import annotations

import asyncio

import pytest
from requests.exceptions import HTTPError
from rest_tools.client import RestClient

from api_documents import external_manifest
from skydriver.api import examples
from skydriver.services import tokens


@pytest.fixture
def rc(server):
    """A client as scripts make it, with a token that nobody here issued; it repeats nothing."""
    client = RestClient(server.url, token="dummy", timeout=30, retries=0)  # noqa: S106 - that is the point
    yield client
    client.close()


def seen(rc, *request):
    """What a user sees of a refusal."""
    with pytest.raises(HTTPError) as caught:
        rc.request_seq(*request)
    return str(caught.value)


@pytest.mark.usefixtures("clock")
def test_the_workflow_of_2023(rc, service, server):
    made = rc.request_seq("POST", "/scan", examples.EXTERNAL_SUBMISSION)
    scan_id, token = made["scan_id"], made["skydriver"].pop("token")
    assert made == external_manifest(scan_id)
    assert tokens.check(service, token, "scan").scope == scan_id
    scanner = RestClient(server.url, token=token)
    scanner.request_seq("PATCH", f"/scan/manifest/{scan_id}", examples.PATCH)
    assert (
        rc.request_seq("GET", f"/scan/manifest/{scan_id}", {"include_deleted": True})["progress"] == examples.PROGRESS
    )
    scanner.request_seq("PUT", f"/scan/result/{scan_id}", examples.PUT)
    scanner.request_seq("PUT", f"/scan/result/{scan_id}", examples.PUT | {"is_final": True})
    scanner.close()
    assert rc.request_seq("GET", f"/scan/result/{scan_id}")["is_final"]
    asked = {"run_id": 1, "event_id": 21, "is_real_event": False}
    assert rc.request_seq("GET", "/scans", asked) == {"event_id": 21, "scan_ids": [scan_id]}
    assert rc.request_seq("DELETE", f"/scan/result/{scan_id}")["is_deleted"]
    assert rc.request_seq("DELETE", f"/scan/manifest/{scan_id}")["is_deleted"]
    assert rc.request_seq("GET", "/scans", asked) == {"event_id": 21, "scan_ids": []}
    asked["include_deleted"] = True
    assert rc.request_seq("GET", "/scans", asked) == {"event_id": 21, "scan_ids": [scan_id]}


def test_its_coroutines_work_too(rc):
    assert asyncio.run(rc.request("GET", "/")) == {}


@pytest.mark.parametrize(
    ("request_", "code", "sentence"),
    [
        (("GET", "/scan/manifest/abc"), 404, "scan_id: there is no scan abc"),
        (("GET", "/scan/result/abc"), 404, "scan_id: there is no scan abc"),
        (("DELETE", "/scan/manifest/abc"), 404, "scan_id: there is no scan abc"),
        (("GET", "/scans", {"run_id": 1, "event_id": 1}), 400, "is_real_event: it is missing"),
        (("GET", "/scan"), 405, "GET /scan: the methods here are POST"),
        (("POST", "/scan", examples.SUBMISSION | {"nsides": {"12": 0}}), 400, "nsides: 12 is not a power of two"),
        (("POST", "/scan", examples.SUBMISSION | {"cluster": {"local": 1}, "oops": 1}), 400, "oops"),
        (("POST", "/scan", {}), 400, "docker_tag"),
        (("POST", "/scan", examples.SUBMISSION | {"docker_tag": "v99.99"}), 400, "docker_tag: "),
        (("POST", "/scan", examples.SUBMISSION | {"reco_algo": "millipede"}), 400, "reco_algo"),
    ],
)
def test_a_refusal_says_our_sentence(rc, request_, code, sentence):
    message = seen(rc, *request_)
    assert message.startswith(f"{code} Client Error: ")
    assert sentence in message


def test_a_body_too_large_is_refused_in_words(rc, server):
    server._app.state.service.settings.__dict__["max_body_bytes"] = 1_000_000
    assert "413 Client Error: body: " in seen(rc, "POST", "/scan", {"event_i3live_json": "x" * 3_000_000})
