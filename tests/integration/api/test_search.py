"""POST /scans/find and GET /scans/backlog, as clients see them, on both databases."""

from __future__ import annotations

import json

import httpx
import pytest
from sqlalchemy import insert, select

from api_documents import error
from skydriver.api import search_examples
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import documents
from skydriver.db.tables import scans
from skydriver.errors import UnavailableError
from skydriver.services.search import filters
from skydriver.services.search import find as finding
from toy_scans import store_scan

N = 25


@pytest.fixture
def store(service):
    """A function that stores scans by what is different in each."""
    store_scan(service, "s000", created=0.0)
    with service.database.reading() as connection:
        pattern = dict(connection.execute(select(scans)).mappings().one())

    def stored(rows):
        with service.database.transaction(CommitPoint.SUBMIT) as connection:
            connection.execute(insert(scans), [pattern | row for row in rows])

    return stored


@pytest.fixture
def many(store):
    """`N` scans; several share a time, a priority and a code, which is null of some."""
    rows = [
        {"id": f"s{n:03}", "created": float(n // 3), "priority": n % 4, "code": [None, "x", "y"][n % 3]}
        for n in range(1, N)
    ]
    store(rows)
    return ["s000", *(row["id"] for row in rows)]


@pytest.fixture
def find(client):
    """A function that finds."""

    def found(**arguments):
        answer = client.post("/scans/find", json=arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return found


def ids(document):
    return [manifest["scan_id"] for manifest in document["manifests"]]


def pages(find, limit, **arguments):
    """The ids on all pages, and how many pages there were."""
    found, cursor, n = [], None, 0
    while n == 0 or cursor is not None:
        page = find(limit=limit, cursor=cursor, **arguments)
        found, cursor, n = [*found, *ids(page)], page["cursor"], n + 1
        assert len(page["manifests"]) <= limit
    return found, n


def test_everything_is_found_oldest_first(find, many, client):
    assert ids(find()) == many
    assert find().keys() == {"manifests"}
    assert client.post("/scans/find").json() == find()


@pytest.mark.usefixtures("many")
def test_a_manifest_is_found_as_it_is_documented(find):
    [manifest] = find(filter={"scan_id": "s001"})["manifests"]
    assert manifest.keys() == search_examples.MANIFEST_OF_2025.keys()
    assert manifest["skydriver"].keys() == search_examples.MANIFEST_OF_2025["skydriver"].keys()
    assert manifest["event_i3live_json_dict"] == "use 'i3_event_id'"


SORTS = [
    None,
    "-timestamp",
    "skydriver.code",
    "-skydriver.code",
    [["priority", 1], ["skydriver.code", -1], ["timestamp", 1]],
    ["-priority", "-scan_id"],
    "event_metadata.run_id",
    "is_deleted",
]


def test_pages_hold_each_scan_once_in_order(find, many):
    for sort in SORTS:
        whole = ids(find(sort=sort))
        assert sorted(whole) == many
        for limit in (4, N - 1, N, 1000):
            assert pages(find, limit, sort=sort) == (whole, -(-N // limit)), (sort, limit)


@pytest.mark.usefixtures("many")
def test_scans_are_sorted_with_null_first(find):
    codes = [m["skydriver"]["code"] for m in find(sort="skydriver.code")["manifests"]]
    assert codes == sorted(codes, key=lambda code: (code is not None, code or ""))
    assert [m["skydriver"]["code"] for m in find(sort="-skydriver.code")["manifests"]] == codes[::-1]


def test_pages_lose_and_double_nothing_while_scans_are_added(find, many, store):
    first = find(limit=10)
    store([{"id": "s999", "created": 1e9}, {"id": "s0005", "created": 0.5}])
    second = find(limit=1000, cursor=first["cursor"])
    assert ids(first) + ids(second) == [*many, "s999"]


def test_deleted_scans_are_found_where_they_are_asked_for(find, store):
    store([{"id": "t", "is_deleted": True}])
    assert ids(find()) == ["s000"]
    assert ids(find(include_deleted=True)) == ids(find(include_deleted=True, limit=5)) == ["s000", "t"]
    assert ids(find(filter={"is_deleted": True})) == []


@pytest.mark.usefixtures("store")
def test_only_what_is_wanted_is_told(find):
    assert find(manifest_projection="scan_id|skydriver.status", limit=1) == {
        "manifests": [{"scan_id": "s000", "skydriver": {"status": "queued"}}],
        "cursor": None,
    }
    [manifest] = find(manifest_projection=["event_i3live_json_dict"])["manifests"]
    assert manifest.keys() == {"event_i3live_json_dict"}
    assert isinstance(manifest["event_i3live_json_dict"], dict)


WRONG = [
    ({"filter": {"priority": {"$where": 1}}}, "filter: $where is no operator here"),
    ({"filter": {"scan_id": {"$regex": "("}}}, "filter: $regex '(' is no pattern of RE2: missing ): ("),
    ({"limit": -1}, "limit: is -1, not a whole number from 1 to 1000"),
    ({"cursor": "abc", "limit": 1}, "cursor: is damaged; begin without one"),
    ({"sort": "progress"}, "sort: scans are not sorted by 'progress'"),
    ({"manifest_projection": 1}, "manifest_projection: is 1, neither names"),
    ({"what": 1}, "what: is no argument of POST /scans/find"),
]


def test_what_is_wrong_is_said(client):
    for given, sentence in WRONG:
        answer = client.post("/scans/find", json=given)
        assert (answer.status_code, answer.json()["code"]) == (400, 400)
        assert answer.json()["error"].startswith(sentence)


def nested(inner, depth=filters.MAX_NESTED):
    for _ in range(depth // 2):
        inner = {"$or": [{"$and": [inner, {"priority": 0}]}, {"timestamp": None}]}
    return inner


LARGEST = [
    nested({"progress" + ".1" * 3 + ".a" * 6: {"$ne": {"a": [{"b": 1}]}}}),
    nested({"progress" + ".a" * 9: None}),
    nested({"progress.a": {"$not": {"$regex": "a"}}}, filters.MAX_NESTED - 2),
    {"$or": [{f"progress.{n}.a.b.c": n} for n in range(filters.MAX_TERMS)]},
    {"$and": [{f"progress.{n}.a.b.c": None} for n in range(filters.MAX_TERMS)]},
    {"$and": [{"priority": {"$ne": n}} for n in range(1, filters.MAX_TERMS)]},
    {"progress.a": {"$nin": [[n] * 9 for n in range(10)]}},
    {"progress.a": {"$ne": list(range(filters.MAX_WHOLE - 1))}},
    {"scan_id": {"$in": ["s000", *map(str, range(filters.MAX_LISTED - 1))]}},
    {"priority": {"$in": list(range(filters.MAX_LISTED))}},
]


@pytest.mark.usefixtures("store")
def test_filters_as_large_as_they_may_be_are_answered(client):
    for number, asked in enumerate(LARGEST):
        answer = client.post("/scans/find", json={"filter": asked})
        assert answer.status_code == 200, (number, answer.text)


def test_no_pattern_takes_long(find, store):
    store([{"id": "long", "reason": "a" * 100_000}])
    for pattern in ("(a+)+$b", "(a|a)*c", "(a*)*d", "((a{1,30}){1,20})x"):
        assert ids(find(filter={"skydriver.reason": {"$regex": pattern}})) == []
    assert ids(find(filter={"skydriver.reason": {"$regex": "^(a+)+$"}})) == ["long"]


@pytest.mark.usefixtures("many")
def test_a_stream_that_breaks_never_looks_whole(client, monkeypatch):
    read, n_read = documents.parts_of, []

    def failing(connection, scan_ids):
        n_read.append(len(scan_ids))
        if len(n_read) == 3:
            raise UnavailableError("the database does not answer")
        return read(connection, scan_ids)

    monkeypatch.setattr(finding, "BATCH", 10)
    monkeypatch.setattr(documents, "parts_of", failing)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/scans/find")
    assert n_read == [10, 10, 5]
    assert len(client.post("/scans/find").json()["manifests"]) == N


@pytest.mark.usefixtures("many")
def test_an_error_before_the_first_piece_has_its_status(client, monkeypatch):
    def failing(_connection, _ids):
        raise UnavailableError("the database does not answer")

    monkeypatch.setattr(documents, "parts_of", failing)
    answer = client.post("/scans/find")
    assert answer.status_code == 503
    assert answer.json() == error(503, "the database does not answer")


def test_the_examples_of_the_documentation_work(find, client, store):
    store([{"id": "told", "told_run_id": 1, "event_metadata": json.dumps({"run_id": 1})}])
    document = find(**search_examples.FIND)
    assert ids(document) == ["told"]
    assert document.keys() == search_examples.FOUND.keys()
    backlog = client.get("/scans/backlog").json()
    assert backlog["entries"][0].keys() == search_examples.BACKLOG["entries"][0].keys()


def test_the_backlog_is_in_the_order_of_launch(client, store):
    store(
        [
            {"id": "later", "rank": 5.0, "priority": 1, "created": 9.0},
            {"id": "alert", "rank": -1e10, "priority": 100, "created": 10.0},
            {"id": "begun", "rank": -2e10, "status": "running"},
            {"id": "over", "rank": -2e10, "status": "aborted"},
        ]
    )
    assert client.get("/scans/backlog").json() == {
        "entries": [
            {"scan_id": "alert", "timestamp": 10.0, "priority": 100, "pending_timestamp": 0.0, "next_attempt": 0},
            {"scan_id": "s000", "timestamp": 0.0, "priority": 0, "pending_timestamp": 0.0, "next_attempt": 0},
            {"scan_id": "later", "timestamp": 9.0, "priority": 1, "pending_timestamp": 0.0, "next_attempt": 0},
        ]
    }
