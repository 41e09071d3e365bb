"""More workers for a scan: how many may fit it then, however often it is asked for."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from api_documents import IDLE, NOW, error
from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import feed, scans
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.preparation import MAX_WORKERS
from toy_scans import ToyWorker, row_of, settle

pytestmark = pytest.mark.usefixtures("clock")
LOCAL = {"n_workers": 3, "cluster_location": "local"}


@pytest.fixture
def add(client):
    """A function that adds workers to a scan."""
    return lambda scan_id, body=LOCAL, **options: client.post(
        f"/scan/{scan_id}/actions/add-workers", json=body, **options
    )


def set_status(service, scan_id, **values):
    with service.database.transaction(CommitPoint.MEASURE) as connection:
        connection.execute(update(scans).where(scans.c.id == scan_id).values(**values))


def news_of(service, scan_id):
    with service.database.reading() as connection:
        rows = connection.execute(select(feed.c.kind, feed.c.data).where(feed.c.scan == scan_id).order_by(feed.c.id))
        return [(row.kind, json.loads(row.data)) for row in rows]


def test_more_workers_may_fit_it_at_once(client, launch, service, add):
    scan_id = launch(nsides={"1": 0})
    settle(Reconciler(service))
    workers = [ToyWorker(service, name) for name in "abcde"]
    assert [worker.lease() is not None for worker in workers] == [True, True, False, False, False]
    answer = add(scan_id, {"n_workers": 2, "cluster_location": "local"})
    expected = {"statuses": {"RUNNING": {"running": 2}}, "n_running": 2, "top_errors": {}}
    assert (answer.status_code, answer.json()) == (200, expected | {"skydriver": {"n_workers": 4}})
    assert [worker.lease() is not None for worker in workers[2:]] == [True, True, False]
    assert client.get(f"/scan/{scan_id}/workforce").json()["n_running"] == 4
    assert news_of(service, scan_id)[-1] == ("workers", {"n_workers": 4})
    lines = client.get(f"/scan/{scan_id}/logs").json()["lines"]
    assert lines[-1]["line"] == "2 workers more of local: 4 may fit it at once"


@pytest.mark.parametrize("where", ["local", {"collector": "local", "schedd": "local"}])
@pytest.mark.parametrize("n_workers", [3, "3", 3.0])
def test_the_cluster_may_be_named_in_both_ways(launch, add, where, n_workers):
    answer = add(launch(), {"n_workers": n_workers, "cluster_location": where})
    assert answer.json() == IDLE | {"skydriver": {"n_workers": 5}}


def test_the_request_stays_what_was_asked_for(client, launch, add):
    scan_id = launch()
    before = client.get(f"/scan-request/{scan_id}").json()
    add(scan_id)
    assert client.get(f"/scan-request/{scan_id}").json() == before


def test_it_may_be_repeated(launch, add):
    scan_id, other = launch(), launch()
    first = add(scan_id).json()
    for _ in range(3):
        assert add(scan_id).json() == first
    keys = [{"Idempotency-Key": name} for name in ("one", "two", "x" * 200)]
    totals = [add(scan_id, headers=key).json()["skydriver"]["n_workers"] for key in keys for _ in range(2)]
    assert totals == [8, 8, 11, 11, 14, 14]
    assert add(scan_id).json()["skydriver"] == {"n_workers": 14}
    assert add(scan_id, LOCAL | {"n_workers": 2}).json()["skydriver"] == {"n_workers": 16}
    forced = [add(scan_id, LOCAL | {"force_new": True}).json()["skydriver"]["n_workers"] for _ in range(2)]
    assert forced == [19, 22]
    assert add(other, headers=keys[0]).json()["skydriver"] == {"n_workers": 5}


def test_an_equal_request_after_a_while_is_another(launch, add, monkeypatch):
    scan_id = launch()
    assert add(scan_id).json()["skydriver"] == {"n_workers": 5}
    monkeypatch.setattr("skydriver.db.database.Database.now", lambda *_: NOW + 61.0)
    assert add(scan_id).json()["skydriver"] == {"n_workers": 8}


def test_a_key_is_for_one_request(launch, add):
    scan_id, key = launch(), {"Idempotency-Key": "mine"}
    add(scan_id, headers=key)
    refused = add(scan_id, LOCAL | {"n_workers": 4}, headers=key)
    assert refused.json() == error(409, "Idempotency-Key: 'mine' came before with another request")


def test_many_at_once_are_one(launch, add, service):
    scan_id = launch()
    with ThreadPoolExecutor(8) as pool:
        assert {answer.status_code for answer in pool.map(lambda _: add(scan_id), range(16))} == {200}
    assert row_of(service, scan_id).n_workers == 5


def test_there_is_a_limit(launch, add):
    body = {"n_workers": 1_000_000, "cluster_location": "local"}
    assert add(launch(), body).json()["skydriver"] == {"n_workers": MAX_WORKERS}


@pytest.mark.parametrize("status", ["done", "aborted", "failed"])
def test_a_scan_that_ended_needs_none(launch, add, service, status):
    scan_id = launch()
    first = add(scan_id)
    set_status(service, scan_id, status=status, ended=NOW)
    assert add(scan_id).json() == first.json(), "what was done before is not refused when it is repeated"
    refused = add(scan_id, LOCAL | {"n_workers": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, 409)
    assert refused.json()["error"] == f"scan_id: {scan_id} is {status}, and needs no more workers"
    assert row_of(service, scan_id).n_workers == 5


def test_an_external_scan_gets_none(launch, add):
    scan_id = launch(docker_tag="external")
    sentence = f"scan_id: {scan_id} is of an external scanner, whose workers are not ours"
    assert add(scan_id).json() == error(409, sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "n_workers: is missing"),
        ({"n_workers": 1}, "cluster_location: is missing"),
        ({"n_workers": 0, "cluster_location": "local"}, "n_workers: is 0, not a whole number from 1 to 1000000"),
        ({"n_workers": -1, "cluster_location": "local"}, "n_workers: is -1, "),
        ({"n_workers": 1.5, "cluster_location": "local"}, "n_workers: is 1.5, "),
        ({"n_workers": True, "cluster_location": "local"}, "n_workers: is true, "),
        ({"n_workers": 10**30, "cluster_location": "local"}, "n_workers: "),
        ({"n_workers": 1, "cluster_location": "sub-2"}, "cluster_location: there is no cluster 'sub-2' here"),
        ({"n_workers": 1, "cluster_location": ""}, "cluster_location: "),
        ({"n_workers": 1, "cluster_location": "a\x00b"}, "cluster_location: "),
        ({"n_workers": 1, "cluster_location": {"collector": "local"}}, "cluster_location: is an object, neither"),
        ({"n_workers": 1, "cluster_location": {"collector": "local", "schedd": 1}}, "cluster_location: "),
        ({"n_workers": 1, "cluster_location": ["local"]}, "cluster_location: is a list of 1, neither"),
        (LOCAL | {"njobs": 1}, "njobs: is no argument of POST /scan/ID/actions/add-workers"),
        (LOCAL | {"n_worker": 1}, "n_worker: is no argument of POST /scan/ID/actions/add-workers; is n_workers meant?"),
        (LOCAL | {"force_new": "yes"}, "force_new: is 'yes', neither true nor false"),
        (LOCAL | {"no_redirect": 1}, "no_redirect: is 1, neither true nor false"),
    ],
)
def test_what_is_wrong_is_named(launch, add, service, body, sentence):
    scan_id = launch()
    refused = add(scan_id, body)
    assert (refused.status_code, refused.json()["error"][: len(sentence)]) == (400, sentence)
    assert row_of(service, scan_id).n_workers == 2
