"""The public client tries again by itself, with its own settings: what it asked for is done once."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from rest_tools.client import RestClient

from lossy_proxy import lossy_proxy
from postgres_server import TEMPLATE
from skydriver.api import examples
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

FIND = {"run_id": 1, "event_id": 21, "is_real_event": False, "include_deleted": True}
CLUSTER = {"collector": "a", "schedd": "b", "cluster_id": 7, "jobs": 3}


@pytest.fixture
def proxy(either_service):
    with lossy_proxy(either_service.url) as passing:
        yield passing


@pytest.fixture
def client(proxy):
    """A client with its own settings, whose answers may be lost on their way."""
    made = RestClient(proxy.url, token="dummy")  # noqa: S106 - a token that nobody issued
    yield made
    made.close()


@pytest.fixture
def lose(proxy):
    """A function that sends a request of which the first two answers are lost; what the three answers were."""

    def sent(client, *what):
        proxy.answered.clear()
        proxy.n_lost = 2
        got = asyncio.run(client.request(*what))
        assert [answered.method for answered in proxy.answered] == [what[0]] * 3
        assert {answered.status for answered in proxy.answered} == {200}
        answers = [json.loads(answered.content) for answered in proxy.answered]
        assert answers[-1] == got
        return answers

    return sent


def scans(client):
    return set(client.request_seq("GET", "/scans", FIND)["scan_ids"])


@pytest.mark.parametrize("headers", [None, {"Idempotency-Key": "of a retry"}])
def test_a_launch_whose_answer_is_lost_is_one_scan(client, lose, headers):
    before = scans(client)
    body = examples.SUBMISSION | {"reco_algo": f"dummy:{len(headers or {})}", "nsides": {"1": 0}}
    told = lose(client, "POST", "/scan", body, *([] if headers is None else [headers]))
    assert {answer["scan_id"] for answer in told} == scans(client) - before
    assert len(scans(client) - before) == 1


def test_what_a_scanner_says_and_what_is_deleted_counts_once(client, lose):
    body = examples.EXTERNAL_SUBMISSION | {"priority": 5}
    launched = lose(client, "POST", "/scan", body)
    assert len({answer["skydriver"].pop("token") for answer in launched}) == 3
    assert launched[0] == launched[1] == launched[2]
    scan_id = launched[0]["scan_id"]
    scanner = RestClient(client.address, token=client.request_seq("POST", "/scan", body)["skydriver"]["token"])
    path, result_path = f"/scan/manifest/{scan_id}", f"/scan/result/{scan_id}"
    said = examples.PATCH | {"condor_cluster": CLUSTER}
    for who, *what in [
        (scanner, "PATCH", path, said),
        (scanner, "PUT", result_path, examples.PUT),
        (scanner, "PUT", result_path, examples.PUT | {"is_final": True}),
        (client, "DELETE", result_path),
        (client, "DELETE", path),
    ]:
        first, second, third = lose(who, *what)
        assert first == second == third, what
    scanner.close()
    manifest = client.request_seq("GET", path, {"include_deleted": True})
    assert manifest["condor_clusters"] == [CLUSTER]
    assert manifest["progress"] == examples.PROGRESS
    assert client.request_seq("GET", result_path, {"include_deleted": True})["is_final"] is True


def test_what_is_done_with_a_scan_is_done_once(client, lose):
    slow = {"reco_algo": "dummy:8:0.5", "nsides": {"8": 0}, "cluster": {"local": 2}, "force_new": True}
    old = client.request_seq("POST", "/scan", examples.SUBMISSION | slow)["scan_id"]
    actions, before = f"/scan/{old}/actions", scans(client)
    told = lose(client, "POST", f"{actions}/add-workers", examples.ADD_WORKERS)
    assert [answer["skydriver"] for answer in told] == [{"n_workers": 4}] * 3
    told = lose(client, "POST", f"{actions}/rescan", examples.RESCAN)
    (new,) = scans(client) - before
    assert {answer["scan_id"] for answer in told} == {new}
    assert client.request_seq("GET", f"/scan/{old}/manifest")["scan_id"] == new
    told = lose(client, "DELETE", f"/scan/{new}")
    assert [(answer["manifest"]["scan_id"], answer["manifest"]["is_deleted"]) for answer in told] == [(new, True)] * 3


def test_a_launch_while_the_database_is_away_waits_for_it_and_is_one_scan(own_postgres, tmp_path):
    database_url = own_postgres.url(own_postgres.copy(TEMPLATE))
    with (
        running_service(tmp_path / "service", database_url=database_url) as running,
        lossy_proxy(running.url) as proxy,
        ThreadPoolExecutor(1) as another,
    ):
        client = RestClient(proxy.url)
        own_postgres.stop()
        launched = another.submit(client.request_seq, "POST", "/scan", examples.SUBMISSION)
        wait_until(lambda: len(proxy.answered) >= 3, "it tried three times")
        assert {answered.status for answered in proxy.answered} == {503}
        own_postgres.start()
        scan_id = launched.result(60)["scan_id"]
        assert [answered.status for answered in proxy.answered][-1] == 200
        assert scans(client) == {scan_id}
        client.close()


def test_a_launch_while_the_service_starts_anew_is_one_scan(tmp_path):
    with running_service(tmp_path / "service") as running, ThreadPoolExecutor(1) as another:
        client = RestClient(running.url)
        running.kill()
        launched = another.submit(client.request_seq, "POST", "/scan", examples.SUBMISSION)
        running.restart()
        scan_id = launched.result(60)["scan_id"]
        assert scans(client) == {scan_id}
        client.close()
