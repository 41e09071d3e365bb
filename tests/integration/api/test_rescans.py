"""Scanning again: the new scan, what becomes of the old one, and where people are sent who ask for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import func, select, update

from api_documents import NOW, REQUEST, TOLD_OF_EXTERNAL, error, manifest, manifest_2025
from skydriver.api import examples
from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import feed, scans
from skydriver.services import rescanning

pytestmark = pytest.mark.usefixtures("clock")
ABORTED = {"status": "aborted", "state": "ABORTED__PRESTARTUP", "ended": NOW}
BOTH = {"abort_first": True, "replace_scan": True}
FOLLOWED = ("", "/manifest", "/result", "/i3-event", "/status", "/logs", "/workforce", "/ewms/workforce")
ALSO = ("/ewms/taskforces", "/ewms/workflow-id")


@pytest.fixture
def rescan(client):
    """A function that scans a scan again, and gives the new one's id."""

    def rescanned(scan_id, body=None, **options):
        answer = client.post(f"/scan/{scan_id}/actions/rescan", json=body or {}, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["scan_id"]

    return rescanned


def again(new, origin, *, told=None, classifiers=None, **changes):
    """The manifest of a scan that repeats another of the example."""
    marks = (classifiers or {}) | {"rescan": True, "origin_scan_id": origin}
    asked = (told or {}).get("request", REQUEST)
    return manifest_2025(new, told=(told or {}) | {"request": asked | {"classifiers": marks}}, **changes)


def count_scans(service):
    with service.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(scans)).scalar_one()


def news_of(service, scan_id):
    with service.database.reading() as connection:
        rows = connection.execute(select(feed.c.kind, feed.c.data).where(feed.c.scan == scan_id).order_by(feed.c.id))
        return [tuple(row) for row in rows]


def test_a_rescan_is_a_new_scan_that_says_where_it_comes_from(client, launch):
    old = launch()
    answer = client.post(f"/scan/{old}/actions/rescan")
    new = answer.json()["scan_id"]
    assert (answer.status_code, answer.json()) == (200, again(new, old))
    assert new != old
    assert client.get(f"/scan/{new}/manifest").json() == again(new, old)
    assert client.get(f"/scan/{old}/manifest").json() == manifest_2025(old)
    assert client.get(f"/scan-request/{new}").json() == REQUEST
    assert client.post("/scan", json=client.get(f"/scan-request/{new}").json()).status_code == 200


def test_a_rescan_of_a_rescan_comes_from_that(client, launch, rescan):
    mine = {"for": "an example"}
    old = launch(classifiers=mine)
    second = rescan(old)
    third = rescan(second)
    asked = {"request": REQUEST}
    assert client.get(f"/scan/{third}/manifest").json() == again(third, second, told=asked, classifiers=mine)
    assert client.get(f"/scan-request/{third}").json() == REQUEST | {"classifiers": mine}


def test_it_may_end_the_old_scan_and_take_its_place(client, launch, service):
    old = launch()
    new = client.post(f"/scan/{old}/actions/rescan", json=BOTH).json()
    assert new == again(new["scan_id"], old)
    replaced = manifest_2025(old, told=ABORTED, replaced_by_scan_id=new["scan_id"])
    found = client.get(f"/scan/{old}/manifest", params={"no_redirect": True})
    assert (found.status_code, found.json()) == (200, replaced)
    kinds = [kind for kind, _ in news_of(service, old)]
    assert kinds == ["state", "state", "replaced"]
    assert new["scan_id"] in news_of(service, old)[-1][1]
    assert [kind for kind, _ in news_of(service, new["scan_id"])] == ["state"]


@pytest.mark.parametrize("body", [{}, BOTH, {"replace_scan": True}])
def test_it_may_be_repeated(client, launch, service, body):
    old = launch()
    path, key = f"/scan/{old}/actions/rescan", {"Idempotency-Key": "mine"}
    first = client.post(path, json=body)
    for _ in range(3):
        assert client.post(path, json=body).json() == first.json()
    with_key = [client.post(path, json=body, headers=key).json() for _ in range(3)]
    assert with_key[0] == with_key[1] == with_key[2]
    assert with_key[0]["scan_id"] != first.json()["scan_id"]
    assert count_scans(service) == 3
    forced = client.post(path, json=body | {"force_new": True}).json()
    assert forced["scan_id"] not in {first.json()["scan_id"], with_key[0]["scan_id"]}
    last = client.get(f"/scan/{old}/manifest", params={"no_redirect": 1}).json()["replaced_by_scan_id"]
    assert last == (forced["scan_id"] if body.get("replace_scan") else None)
    for headers in ({}, key):
        client.post(path, json=body, headers=headers)
        now = client.get(f"/scan/{old}/manifest", params={"no_redirect": 1}).json()["replaced_by_scan_id"]
        assert now == last, "a repeated request undoes nothing that came after it"
    assert count_scans(service) == 4


def test_a_key_is_for_one_request(client, launch):
    old, other = launch(), launch(priority=1)
    key = {"Idempotency-Key": "mine"}
    new = client.post(f"/scan/{old}/actions/rescan", headers=key).json()["scan_id"]
    sentence = f"Idempotency-Key: 'mine' came before with another request, which is scan {new}"
    for path, body in [(old, BOTH), (other, {})]:
        refused = client.post(f"/scan/{path}/actions/rescan", json=body, headers=key)
        assert refused.json() == error(409, sentence)
    assert client.post("/scan", json=examples.SUBMISSION, headers=key).json() == error(409, sentence)


def test_many_at_once_are_one(client, launch, service):
    old = launch()
    ask = lambda _: client.post(f"/scan/{old}/actions/rescan", json=BOTH).json()["scan_id"]  # noqa: E731 - short
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1
    assert count_scans(service) == 2


def test_all_of_it_happens_or_nothing(client, launch, service, monkeypatch):
    old = launch()
    monkeypatch.setattr(rescanning.scan_log, "add", lambda *_: 1 / 0)
    assert client.post(f"/scan/{old}/actions/rescan", json={"replace_scan": True}).status_code == 500
    assert count_scans(service) == 1
    assert client.get(f"/scan/{old}/manifest").json() == manifest_2025(old)


def set_status(service, scan_id, **values):
    with service.database.transaction(CommitPoint.MEASURE) as connection:
        connection.execute(update(scans).where(scans.c.id == scan_id).values(**values))


@pytest.mark.parametrize("end", ["deleted", "done", "failed"])
def test_whatever_became_of_a_scan_it_can_be_scanned_again(client, launch, service, rescan, end):
    old = launch()
    if end == "deleted":
        client.delete(f"/scan/{old}")
    else:
        set_status(service, old, status=end, ended=NOW)
    before = client.get(f"/scan/manifest/{old}", params={"include_deleted": 1}).json()
    new = rescan(old, BOTH)
    assert client.get(f"/scan/{new}/manifest").json() == again(new, old)
    assert client.get(f"/scan/manifest/{old}", params={"include_deleted": 1}).json() == before


def test_who_asks_for_a_replaced_scan_is_sent_to_the_last_one(client, launch, rescan):
    first = launch()
    second = rescan(first, {"replace_scan": True})
    third = rescan(second, {"replace_scan": True})
    for part in (*FOLLOWED, *ALSO):
        for old in (first, second):
            answer = client.get(f"/scan/{old}{part}", params={"include_deleted": True, "x": "a b"})
            elsewhere = f"/scan/{third}{part}?include_deleted=true&x=a+b"
            assert (answer.status_code, answer.headers["location"]) == (307, elsewhere)
            sentence = f"scan_id: {old} was replaced by {third}; no_redirect asks for itself"
            assert answer.json() == error(307, sentence)
        bare = client.get(f"/scan/{first}{part}")
        assert bare.headers["location"] == f"/scan/{third}{part}"
        followed = client.get(f"/scan/{first}{part}", follow_redirects=True)
        assert followed.json() == client.get(f"/scan/{third}{part}").json()
        own = client.get(f"/scan/{first}{part}", params={"no_redirect": "true"})
        assert own.status_code == 200
    itself = client.get(f"/scan/{second}/manifest", params={"no_redirect": "True"}).json()
    assert itself == again(second, first, replaced_by_scan_id=third)


def test_writes_are_sent_on_as_they_are(client, launch, rescan):
    old = launch()
    new = rescan(old, {"replace_scan": True})
    path = f"/scan/{old}/actions/add-workers"
    body = {"n_workers": 1, "cluster_location": "local"}
    sent_on = client.post(path, json=body)
    assert (sent_on.status_code, sent_on.headers["location"]) == (307, f"/scan/{new}/actions/add-workers")
    assert client.post(path, json=body, follow_redirects=True).json()["skydriver"] == {"n_workers": 3}
    assert client.post(path, json=body | {"no_redirect": True}).json()["skydriver"] == {"n_workers": 3}
    assert client.delete(f"/scan/{old}").status_code == 307
    deleted = client.delete(f"/scan/{old}", follow_redirects=True).json()["manifest"]
    assert (deleted["scan_id"], deleted["is_deleted"]) == (new, True)
    own = client.request("DELETE", f"/scan/{old}", json={"no_redirect": True}).json()["manifest"]
    assert (own["scan_id"], own["is_deleted"]) == (old, True)


def test_routes_of_2023_the_request_and_a_rescan_are_of_the_very_scan(client, launch, rescan):
    old = launch()
    rescan(old, {"replace_scan": True})
    assert client.get(f"/scan/manifest/{old}").json() == manifest(old)
    assert client.get(f"/scan/result/{old}").status_code == 404
    assert client.get(f"/scan-request/{old}").json() == REQUEST
    new = rescan(old, {"force_new": True})
    assert client.get(f"/scan/{new}/manifest").json() == again(new, old)
    assert client.delete(f"/scan/manifest/{old}").json()["scan_id"] == old


def test_an_external_scanner_is_never_sent_elsewhere(client, server):
    made = client.post("/scan", json=examples.EXTERNAL_SUBMISSION).json()
    old, token = made["scan_id"], made["skydriver"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as scanner:
        new = scanner.post(f"/scan/{old}/actions/rescan", json=BOTH).json()
        assert new["skydriver"].pop("token") != token
        asked = {"request": REQUEST | {"docker_tag": "external", "worker_memory_bytes": 8_000_000_000}}
        assert new == again(new["scan_id"], old, told=TOLD_OF_EXTERNAL | asked, event_metadata=None)
        for part in (*FOLLOWED, *ALSO):
            assert scanner.get(f"/scan/{old}{part}").status_code == (403 if part == "/logs" else 200), part
            assert client.get(f"/scan/{old}{part}").status_code == 307, part
        assert scanner.patch(f"/scan/{old}/manifest", json={}).json()["scan_id"] == old
        assert scanner.put(f"/scan/{old}/result", json=examples.PUT).json()["scan_id"] == old
        assert scanner.get(f"/scan/{old}/status").json()["ewms_deactivated"] == "ABORTED"
        assert scanner.get(f"/scan/{new['scan_id']}/status").status_code == 403
    assert client.patch(f"/scan/{old}/manifest", json={}).json()["scan_id"] == old


def test_a_scanner_gets_another_token_when_its_rescan_is_repeated(client):
    old = client.post("/scan", json=examples.EXTERNAL_SUBMISSION).json()["scan_id"]
    answers = [client.post(f"/scan/{old}/actions/rescan", json={"manifest_projection": "scan_id"}) for _ in range(2)]
    first, second = (answer.json() for answer in answers)
    assert first["scan_id"] == second["scan_id"]
    assert first.keys() == {"scan_id", "skydriver"}
    assert first["skydriver"].keys() == {"token"}
    assert first["skydriver"] != second["skydriver"]


def test_only_what_is_wanted_of_the_new_manifest_is_answered(client, launch):
    old = launch()
    answer = client.post(f"/scan/{old}/actions/rescan", json={"manifest_projection": "scan_id|classifiers"}).json()
    assert answer == {"scan_id": answer["scan_id"], "classifiers": {"rescan": True, "origin_scan_id": old}}


def test_what_cannot_be_scanned_any_more_is_said(client, launch, service):
    old = launch()
    set_status(service, old, request='{"docker_tag": "latest"}')
    refused = client.post(f"/scan/{old}/actions/rescan")
    assert (refused.status_code, refused.json()["error"]) == (400, "reco_algo: is missing")
    assert count_scans(service) == 1
