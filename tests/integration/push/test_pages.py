"""Pages: whatever was announced and fitted in whatever order, all between two places is told once, in order."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from listening import events_of, told_of
from skydriver.db.commit_points import CommitPoint
from skydriver.db.schema.fits import DONE
from skydriver.db.stores import feed as feed_store
from skydriver.db.tables import feed, fits
from skydriver.services.push import pages
from skydriver.services.push.pages import read_page
from skydriver.services.push.positions import Position

KINDS = ("queued", "progress", "workers", "fit", "fit", "fit", "other scan")
PART = st.floats(0, 1)
HAPPENED = st.tuples(st.lists(st.sampled_from(KINDS), max_size=25), st.booleans())


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(pages, "NEWS", 3)
    monkeypatch.setattr(pages, "FITS", 4)


def happen(service, kinds, *, ends):
    """Store what happened to ``s``; its announcements and fits."""
    with service.database.transaction(CommitPoint.PLAN) as connection:
        for table in (feed, fits):
            connection.execute(delete(table))
        n_fits = 0
        for kind in [*kinds, *(["done"] if ends else [])]:
            if kind == "fit":
                n_fits += 1
                row = {
                    "scan": "s",
                    "nside": 8 * (1 + n_fits % 2),
                    "round": 0,
                    "pixel": n_fits,
                    "seeds": "",
                    "number": 0,
                }
                zero = {"payload": "", "failures": 0, "losses": 0}
                connection.execute(insert(fits).values(state=DONE, sequence=n_fits, llh=0.5, **row, **zero))
            else:
                connection.execute(insert(feed).values(time=1.0, **announced(kind, n_fits)))
        return feed_store.newest(connection), n_fits


def announced(kind, n_fits):
    if kind == "other scan":
        return {"scan": "t", "kind": "workers", "data": "{}"}
    if kind in {"queued", "done"}:
        return {"scan": "s", "kind": "state", "data": json.dumps({"status": kind})}
    return {"scan": "s", "kind": kind, "data": json.dumps({"fits_done": n_fits} if kind == "progress" else {})}


def all_pages(service, scan, at, until):
    told, is_over = [], False
    with service.database.reading() as connection:
        while True:
            page = read_page(connection, scan, at, until)
            assert page.told or not page.has_more
            told += page.told
            at, is_over = page.at, is_over or page.is_over
            if not page.has_more:
                assert at == until
                return told, is_over


@pytest.mark.usefixtures("small_pages")
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=HAPPENED, parts=st.tuples(PART, PART))
def test_all_between_two_places_is_told_once_and_in_order(service, happened, parts):
    newest, n_fits = happen(service, happened[0], ends=happened[1])
    everything, is_over = all_pages(service, "s", Position(0, 0), Position(newest, n_fits))
    assert is_over == happened[1]
    some = Position(int(parts[0] * newest), int(parts[1] * n_fits))
    told, _ = all_pages(service, "s", some, Position(newest, n_fits))
    before, _ = all_pages(service, "s", Position(0, 0), some)
    news, done = told_of(events_of(b"".join(one.text for one in everything)))
    joined = [told_of(events_of(b"".join(one.text for one in part))) for part in (before, told)]
    assert joined[0][0] + joined[1][0] == news
    assert joined[0][1] + joined[1][1] == done
    assert len(done) == n_fits
    assert all(later.at.covers(earlier.at) and later.at != earlier.at for earlier, later in pairwise(everything))


@pytest.mark.usefixtures("small_pages")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=HAPPENED)
def test_fits_come_before_what_is_said_of_them(service, happened):
    newest, n_fits = happen(service, happened[0], ends=happened[1])
    told, _ = all_pages(service, "s", Position(0, 0), Position(newest, n_fits))
    for one, event in zip(told, events_of(b"".join(one.text for one in told)), strict=True):
        if event.kind == "progress":
            assert one.at.fits >= event.data["fits_done"]
        if event.kind == "state" and event.data["status"] == "done":
            assert one.at.fits == n_fits
            assert one is told[-1]


@pytest.mark.usefixtures("small_pages")
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=HAPPENED)
def test_who_listens_to_all_is_told_every_announcement_and_no_fit(service, happened):
    newest, _ = happen(service, happened[0], ends=happened[1])
    told, is_over = all_pages(service, None, Position(0, 0), Position(newest, 0))
    events = events_of(b"".join(one.text for one in told))
    assert [event.kind == "pixels" for event in events] == [False] * len(events)
    assert len(events) == len([kind for kind in happened[0] if kind != "fit"]) + happened[1]
    assert not is_over
