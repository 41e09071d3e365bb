"""Filters over random documents: what SQL finds is what MongoDB would, on both databases."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager

import mongoquery
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from mongo_reference import kind, matches, reached
from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import scans
from skydriver.services.search.filters import MAX_PATTERNS
from skydriver.services.search.find import find
from toy_scans import store_scan


def _has_operators(value):
    return isinstance(value, dict) and bool(value) and all(key.startswith("$") for key in value)


EXAMPLES = int(os.environ.get("SKYDRIVER_FILTER_EXAMPLES", "30"))
KEYS = ["a", "b", "0", 'ä"b']
TEXTS = ["", "a", "A", "ä", "1", "a\nb", "😀", "'--", "%", "\\u0000", "<&>"]
NUMBERS = [0, 1, -1, 2, 1.0, 1.5, -0.25, 0.1, 1e-7, 1e300, 2**53, 2**53 + 1, 2**63 - 1, -(2**63) + 1]
SCALARS = st.sampled_from([None, True, False, *NUMBERS, *TEXTS])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)
LABELS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from([True, False, *NUMBERS, *TEXTS]), max_size=3)
ROWS = st.fixed_dictionaries(
    {
        "priority": st.sampled_from([0, 1, -1, 2**31 - 1]),
        "created": st.sampled_from([1.0, 1.5, float(2**53), 1.7e9 + 0.1]),
        "is_deleted": st.booleans(),
        "code": st.sampled_from([None, *TEXTS]),
        "seconds_left": st.sampled_from([None, 0.0, 1.5]),
        "told": st.sampled_from([None, 0, 1, 2**53 + 1, 2**63 - 1]),
        "scan_metadata": st.none() | OBJECTS,
        "progress": st.none() | OBJECTS,
        "classifiers": LABELS,
    }
)
PATHS = st.lists(st.sampled_from(KEYS), max_size=2).map(lambda parts: "".join(f".{part}" for part in parts))
FIELDS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["scan_metadata", "progress", "classifiers"]), PATHS),
    st.sampled_from(
        [
            "priority",
            "timestamp",
            "is_deleted",
            "skydriver.code",
            "skydriver.code.a",
            "skydriver.seconds_left",
            "event_metadata",
            "event_metadata.run_id",
            "event_metadata.a",
            "skydriver.request.classifiers.a",
            "replaced_by_scan_id",
        ]
    ),
)
PATTERNS = st.sampled_from(["", "a", "^a", "A$", "[a-z]", "^$", "(?i)a", "ä", "\\d", "a|1", "\\bb"])
CONDITIONS = st.recursive(
    st.one_of(
        VALUES,
        st.fixed_dictionaries({"$eq": VALUES}),
        st.fixed_dictionaries({"$ne": VALUES}),
        st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), SCALARS, min_size=1, max_size=2),
        st.dictionaries(st.sampled_from(["$in", "$nin"]), st.lists(VALUES, max_size=4), min_size=1),
        st.fixed_dictionaries({"$exists": st.booleans()}),
        st.fixed_dictionaries({"$regex": PATTERNS}),
    ),
    lambda inner: st.fixed_dictionaries({"$not": inner.filter(_has_operators)}),
    max_leaves=2,
)
FILTERS = st.recursive(
    st.dictionaries(FIELDS, CONDITIONS, min_size=1, max_size=2),
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or"]), st.lists(inner, min_size=1, max_size=3), min_size=1
    ),
    max_leaves=4,
).filter(lambda asked: str(asked).count("$regex") <= MAX_PATTERNS)
QUICK = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIMPLE_KEYS = ["a", "b"]
SIMPLE = st.sampled_from([1, 2, 1.5, "a", "b", "ab"])
"""Where mongoquery is what MongoDB is. It takes true for 1, what is missing for other than null, an object for one of
which it is a part, and a list for other than its items; `$exists` it knows neither in `$not` nor below a text."""
SIMPLE_ROWS = st.fixed_dictionaries(
    {
        "scan_metadata": st.dictionaries(
            st.sampled_from(SIMPLE_KEYS),
            SIMPLE | st.dictionaries(st.sampled_from(SIMPLE_KEYS), SIMPLE),
            max_size=2,
        ),
        "priority": st.sampled_from([0, 1, 2]),
    }
)
SIMPLE_CONDITIONS = st.recursive(
    st.one_of(
        SIMPLE,
        st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"]), SIMPLE, min_size=1, max_size=2),
        st.dictionaries(st.sampled_from(["$in", "$nin"]), st.lists(SIMPLE, max_size=3), min_size=1),
        st.fixed_dictionaries({"$exists": st.booleans()}),
        st.fixed_dictionaries({"$regex": st.sampled_from(["a", "^b", "b$"])}),
    ),
    lambda inner: st.fixed_dictionaries(
        {"$not": inner.filter(lambda value: _has_operators(value) and "$exists" not in value)}
    ),
    max_leaves=2,
)
SIMPLE_FILTERS = st.recursive(
    st.dictionaries(
        st.sampled_from(["scan_metadata.a", "scan_metadata.b", "scan_metadata.a.b", "priority"]),
        SIMPLE_CONDITIONS,
        min_size=1,
        max_size=2,
    ).filter(lambda asked: "$exists" not in str(asked.get("scan_metadata.a.b"))),
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or"]), st.lists(inner, min_size=1, max_size=3), min_size=1
    ),
    max_leaves=4,
).filter(lambda asked: str(asked).count("$regex") <= MAX_PATTERNS)


@pytest.fixture
def pattern(service):
    """The columns of a scan that others are made of."""
    store_scan(service, engine="external")
    with service.database.transaction(CommitPoint.SUBMIT) as connection:
        row = dict(connection.execute(select(scans)).mappings().one())
        connection.execute(delete(scans))
    return row


@contextmanager
def stored(service, pattern, rows):
    """Scans of these documents, and their manifests as they are served; gone again afterwards."""
    made = [{**pattern, "id": f"s{number}", **_row(**row)} for number, row in enumerate(rows)]
    with service.database.transaction(CommitPoint.SUBMIT) as connection:
        connection.execute(insert(scans), made)
    try:
        yield found(service, {})
    finally:
        with service.database.transaction(CommitPoint.SUBMIT) as connection:
            connection.execute(delete(scans))


def _row(*, told=None, classifiers=None, scan_metadata=None, progress=None, created=1.0, code=None, **values):
    texts = {"scan_metadata": scan_metadata, "progress": progress}
    texts["event_metadata"] = None if told is None else {"run_id": told, "event_id": 1, "a": told}
    return {
        "created": created,
        "code": code,
        "request": json.dumps({"classifiers": classifiers or {}, "scanner_server_env": {"a": "secret"}}),
        "told_run_id": told,
        "told_event_id": None if told is None else 1,
        **{name: None if value is None else json.dumps(value) for name, value in texts.items()},
        "priority": 0,
        "is_deleted": False,
        "seconds_left": None,
        **values,
    }


def found(service, asked):
    """The manifests that a filter finds."""
    pieces = find(service, {"filter": asked, "include_deleted": True})
    return json.loads(b"".join(pieces))["manifests"]


def ids(manifests):
    return [manifest["scan_id"] for manifest in manifests]


@QUICK
@given(rows=st.lists(ROWS, min_size=1, max_size=6), filters=st.lists(FILTERS, min_size=1, max_size=6))
@example(rows=[{"scan_metadata": {"a": [{"b": 1}, {}]}}], filters=[{"scan_metadata.a.b": None}])
@example(rows=[{"progress": {"a": 1.0}}, {"progress": {"a": True}}], filters=[{"progress.a": 1}, {"progress.a": True}])
@example(rows=[{"progress": {"a": "\\u0000"}}], filters=[{"progress.a": "\\u0000"}])
@example(rows=[{"priority": 1}], filters=[{"priority": True}, {"is_deleted": 0}, {"priority": {"$gte": False}}])
@example(rows=[{"code": None}], filters=[{"skydriver.code": {"$not": {"$regex": "a"}}}])
def test_what_is_found_is_what_fits(service, pattern, rows, filters):
    with stored(service, pattern, rows) as manifests:
        for asked in filters:
            assert ids(found(service, asked)) == [m["scan_id"] for m in manifests if matches(m, asked)], asked


@QUICK
@given(rows=st.lists(SIMPLE_ROWS, min_size=1, max_size=6), filters=st.lists(SIMPLE_FILTERS, min_size=1, max_size=6))
def test_what_is_found_is_what_mongoquery_finds(service, pattern, rows, filters):
    with stored(service, pattern, rows) as manifests:
        for asked in filters:
            fitting = [m["scan_id"] for m in manifests if mongoquery.Query(asked).match(m)]
            assert ids(found(service, asked)) == fitting, asked


def test_kinds_and_paths_of_the_reference_are_mongodbs():
    assert [kind(value) for value in (1, 1.5, True)] == ["number", "number", "bool"]
    assert reached({"a": [{"b": 1}, {}, 3, [{"b": 4}]]}, "a.b") == ([1], True)
    assert reached({"a": [1, 2]}, "a.b") == ([], False)
    assert reached({"a": 4}, "a.b") == ([], True)
    assert reached({"a": [5, {"0": 6}]}, "a.0") == ([6, 5], False)


NUL = {"a": "x\u0000y", "b": 1, "c": ["\u0000"], "d": "\\u0000"}


@pytest.mark.parametrize("asked", [{"progress.b": 1}, {"progress.a": {"$regex": "^x"}}, {"progress.c": {"$ne": "y"}}])
def test_texts_that_no_database_holds_are_in_nobodys_way(service, pattern, asked):
    with stored(service, pattern, [{"progress": NUL}]):
        assert ids(found(service, asked)) == ["s0"]


def test_the_environment_of_a_scanner_is_not_found_by(service, pattern):
    with stored(service, pattern, [{}]):
        for name in ("skydriver.request.scanner_server_env", "skydriver.request.scanner_server_env.a"):
            assert found(service, {name: {"$exists": True}}) == []
            assert ids(found(service, {name: None})) == ["s0"]
            assert found(service, {name: {"$regex": "secret"}}) == []
