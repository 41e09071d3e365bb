"""Listeners hear everything, once, in order: from whatever place on, over whichever service, however slowly."""

from __future__ import annotations

import asyncio
import socket
import time
from asyncio import to_thread
from urllib.parse import urlsplit

import httpx
import pytest

from databases import make_service
from listening import events_of, hear, listening, stored, told_of
from serving import LIMIT_S, serving
from skydriver.api import event_stream
from skydriver.db.commit_points import CommitPoint
from skydriver.db.database import Database
from skydriver.db.stores import feed, fits
from skydriver.errors import UnavailableError
from skydriver.services import manifests
from skydriver.services.push import channels, listeners, pump, starts
from skydriver.services.push.listeners import Listener, Listeners
from skydriver.services.push.starts import begin
from skydriver.testing.processes import wait_until
from toy_scans import store_scan

PATH = "/scan/scan1/events"
NSIDES = "1:0,2:3"


def get(server, path, **options):
    return httpx.get(f"{server.url}{path}", trust_env=False, timeout=LIMIT_S, **options)


def test_who_listens_from_the_start_hears_all_of_it(service, server, run):
    store_scan(service, nsides=NSIDES)
    with listening(server, PATH, **{"from": "start"}) as heard:
        run()
        events = heard.wait_until_over()
    news, done = told_of(events)
    assert (news, done) == stored(service, "scan1")
    assert len(done) > 20
    assert events[-1].kind == "state"
    assert events[-1].data["status"] == "done"
    assert all(event.data["scan_id"] == "scan1" for event in events)


def test_from_every_event_on_the_rest_is_told(service, server, run):
    store_scan(service, nsides=NSIDES)
    run()
    everything = hear(server, PATH, **{"from": "start"}).events
    news, done = stored(service, "scan1")
    assert told_of(everything) == (news, done)
    for n, event in enumerate(everything[:-1], 1):
        rest = hear(server, PATH, event.id).events
        assert [(e.id, e.kind, e.data) for e in rest] == [(e.id, e.kind, e.data) for e in everything[n:]]
    assert get(server, PATH, headers={"Last-Event-ID": everything[-1].id}).status_code == 204
    assert get(server, f"{PATH}?last_event_id={everything[-1].id}&from=start").status_code == 204


def test_who_comes_without_an_id_is_told_how_it_is_and_then_what_follows(service, server, run):
    store_scan(service, nsides=NSIDES)
    run(2)
    before = stored(service, "scan1")
    with listening(server, PATH) as heard:
        (first, *_) = heard.wait(1)
        assert first.kind == "snapshot"
        assert first.data == get(server, "/scan/scan1/status").json()
        run()
        _, *rest = heard.wait_until_over()
    news, done = told_of(rest)
    after = stored(service, "scan1")
    assert (before[0] + news, before[1] + done) == after


def test_an_ended_scan_is_one_snapshot_and_then_nothing(service, server, run):
    store_scan(service, nsides=NSIDES)
    run()
    (only,) = hear(server, PATH).events
    assert only.data["skydriver"]["status"] == "done"
    assert get(server, PATH, headers={"Last-Event-ID": only.id}).status_code == 204


def test_what_one_service_does_is_heard_at_another(service, database_url, tmp_path, run):
    store_scan(service, nsides=NSIDES)
    with (
        serving(make_service(database_url, tmp_path)) as other,
        listening(other, PATH, **{"from": "start"}) as heard,
    ):
        run()
        assert told_of(heard.wait_until_over()) == stored(service, "scan1")


def test_all_scans_are_told_to_who_listens_to_all(service, server, run):
    with listening(server, "/events") as heard:
        first = heard.wait(1)[0]
        assert first.data["scans"]["queued"] == 0
        store_scan(service, "scan1", nsides=NSIDES)
        store_scan(service, "scan2", nsides=NSIDES)
        run()
        expected = sorted(stored(service, "scan1")[0] + stored(service, "scan2")[0])
        events = heard.wait(1 + len(expected))[1:]
    assert [(int(event.id), event.kind) for event in events] == expected
    assert {event.data["scan_id"] for event in events} == {"scan1", "scan2"}


def test_who_takes_nothing_for_long_is_told_all_of_it_in_the_end(monkeypatch, service, run):
    monkeypatch.setattr(channels, "MOST_BYTES", 300)
    store_scan(service, nsides=NSIDES)
    texts = []

    async def take_slowly():
        these = Listeners(service, lambda: False)
        start = begin(service, "scan1", None, lambda: b"{}", from_start=True)
        telling = these.told("scan1", start, Listener())
        texts.append(await anext(telling))
        for _ in range(3):
            await to_thread(run, 3)
            texts.append(await anext(telling))
        await to_thread(run)
        texts.extend([text async for text in telling])

    asyncio.run(take_slowly())
    assert told_of(events_of(b"".join(texts))) == stored(service, "scan1")


def test_an_abort_is_told_with_all_that_belongs_to_it(service, server, run):
    store_scan(service, nsides=NSIDES)
    run(1)
    with listening(server, PATH) as heard:
        heard.wait(1)
        manifests.delete_manifest(service, "scan1")
        events = heard.wait_until_over()
    assert {(e.kind, e.data.get("status")) for e in events} >= {("state", "aborted"), ("deleted", None)}


@pytest.mark.parametrize("last_id", ["x", "1-", "-1", "1-2-3-4", "99999999999999999999"])
@pytest.mark.parametrize("path", [PATH, "/events"])
def test_a_damaged_id_is_refused(service, server, path, last_id):
    store_scan(service, nsides=NSIDES)
    answer = get(server, path, headers={"Last-Event-ID": last_id})
    assert answer.status_code == 400
    assert "last_event_id" in answer.json()["error"]


def test_an_id_from_the_future_is_taken_for_the_present(service, server, run):
    store_scan(service, nsides=NSIDES)
    with listening(server, PATH, f"{10**17}-{10**17}") as heard:
        run()
        assert told_of(heard.wait_until_over()) == stored(service, "scan1")


def test_there_are_no_events_of_what_is_not_there(server):
    assert get(server, "/scan/nothing/events").status_code == 404
    assert get(server, f"{PATH}?from=end").status_code == 400


def test_head_ends_at_once(service, server):
    store_scan(service, nsides=NSIDES)
    answer = httpx.head(f"{server.url}{PATH}", trust_env=False, timeout=5)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"


def test_there_are_no_more_listeners_than_the_service_bears(monkeypatch, service, server):
    store_scan(service, nsides=NSIDES)
    monkeypatch.setattr(listeners, "MOST", 1)
    with listening(server, PATH) as heard:
        heard.wait(1)
        assert get(server, PATH).status_code == 503


def test_who_is_gone_is_noticed(service, server):
    store_scan(service, nsides=NSIDES)
    counted = server._app.state.listeners
    with listening(server, PATH) as heard:
        heard.wait(1)
        assert counted.count == 1
    wait_until(lambda: counted.count == 0 and not counted._pump._channels, "nobody listens any more", 10)


def test_comments_say_that_the_connection_lives(monkeypatch, service, server):
    store_scan(service, nsides=NSIDES)
    monkeypatch.setattr(listeners, "QUIET_S", 0.05)
    with httpx.stream("GET", f"{server.url}{PATH}", trust_env=False, timeout=LIMIT_S) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("retry")) == "retry: 1000"
        assert next(line for line in lines if line.startswith(":")) == ":"


def test_the_end_of_the_service_ends_all_streams_at_once(service):
    store_scan(service, nsides=NSIDES)
    with serving(service) as server, listening(server, PATH) as one, listening(server, "/events") as two:
        one.wait(1), two.wait(1)
        begun = time.monotonic()
        server.stop()
        one.wait_until_over(), two.wait_until_over()
        assert time.monotonic() - begun < 5


def test_what_comes_while_the_database_is_away_is_told_when_it_is_back(monkeypatch, service, server, run):
    store_scan(service, nsides=NSIDES)
    failures = []

    def away(_database):
        failures.append(1)
        raise UnavailableError("away")

    monkeypatch.setattr(pump, "RETRY_S", 0.01)
    with listening(server, PATH, **{"from": "start"}) as heard:
        run(1)
        heard.wait(1)
        with monkeypatch.context() as while_away:
            while_away.setattr(Database, "reading", away)
            wait_until(lambda: len(failures) > 1, "nothing is found", LIMIT_S)
        run()
        assert told_of(heard.wait_until_over()) == stored(service, "scan1")


def test_who_comes_back_while_the_database_is_away_is_told_so(monkeypatch, service, server):
    store_scan(service, nsides=NSIDES)

    def away(_database):
        raise UnavailableError("the database does not answer")

    monkeypatch.setattr(Database, "reading", away)
    assert get(server, PATH, headers={"Last-Event-ID": "1-1"}).status_code == 503


def test_who_takes_nothing_is_hung_up_on(monkeypatch, service, server):
    store_scan(service, nsides=NSIDES)
    monkeypatch.setattr(event_stream, "STALLED_S", 0.2)
    monkeypatch.setattr(listeners, "QUIET_S", 0.01)
    monkeypatch.setattr(starts, "event", lambda _at, _kind, _data: b":" + b"x" * 50_000_000 + b"\n\n")
    counted = server._app.state.listeners
    with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port)) as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % PATH.encode())
        wait_until(lambda: counted.count == 1, "it listens", LIMIT_S)
        wait_until(lambda: counted.count == 0, "nobody listens any more", LIMIT_S)
        n_bytes = sum(len(part) for part in iter(lambda: connection.recv(1 << 20), b""))
    assert n_bytes < 50_000_000


def test_of_a_scan_whose_events_are_kept_no_more_its_end_is_told_once(service, server, run):
    store_scan(service, nsides=NSIDES)
    run()
    events = hear(server, PATH, **{"from": "start"}).events
    store_scan(service, "scan2", nsides=NSIDES)
    manifests.delete_manifest(service, "scan2")  # which is the newest announcement of all, and stays
    with service.database.transaction(CommitPoint.PURGE) as connection:
        feed.forget(connection, "scan1")
        fits.forget(connection, "scan1")
    (only,) = hear(server, PATH, events[0].id).events
    assert (only.kind, only.data["skydriver"]["status"]) == ("snapshot", "done")
    assert [event.kind for event in hear(server, PATH, **{"from": "start"}).events] == ["snapshot"]
    for last_id in (only.id, events[-1].id):
        assert get(server, PATH, headers={"Last-Event-ID": last_id}).status_code == 204
