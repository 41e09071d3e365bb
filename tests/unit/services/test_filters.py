"""Filters, sorting and cursors that are refused, and what is said of them."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.db.search.terms import Field
from skydriver.db.stores.search import Key
from skydriver.errors import SettingError
from skydriver.services.search import filters, request
from skydriver.services.search.fields import find_field
from skydriver.services.search.filters import read_filter
from skydriver.services.search.patterns import check_patterns
from skydriver.services.search.request import read_search, read_sort, write_cursor


def nested(depth):
    value = {"priority": 1}
    for _ in range(depth):
        value = {"$and": [value]}
    return value


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ([], "is a list of 0, not an object"),
        ("x", "is 'x', not an object"),
        ({"$where": "1"}, "$where is no operator here; behind no member there are $and and $or"),
        ({"$not": {"priority": 1}}, "$not is no operator here"),
        ({"$nor": [{"priority": 1}]}, "write $and of $not"),
        ({"priority": {"$mod": [2, 0]}}, "$mod is no operator here; there are $eq, $ne, $gt"),
        ({"priority": {"$regex": "a", "$options": "i"}}, "$options is no operator here"),
        ({"priority": {"$elemMatch": {}}}, "write a path into the list"),
        ({"priority": {"$gt": 1, "a": 2}}, "a is no operator here"),
        ({"progress.a": {"b": {"$gt": 1}}}, "$gt stands in a value to compare"),
        ({"progress.a": {"$in": [{"$gt": 1}]}}, "$gt stands in a value to compare"),
        ({"$and": []}, "$and takes a list of one or more objects, not a list of 0"),
        ({"$or": {"priority": 1}}, "$or takes a list of one or more objects, not an object"),
        ({"$or": [1]}, "$or takes a list of one or more objects"),
        ({"priority": {"$in": 1}}, "$in takes a list of at most 1000 values, not 1"),
        ({"priority": {"$nin": {}}}, "$nin takes a list"),
        ({"priority": {"$exists": "yes"}}, "$exists takes true or false, not 'yes'"),
        ({"priority": {"$not": 1}}, "$not takes an object of operators, not 1"),
        ({"priority": {"$not": {}}}, "$not takes an object of operators"),
        ({"priority": {"$not": {"a": 1}}}, "$not takes an object of operators"),
        ({"priority": {"$gt": [1]}}, "$gt takes a number, a text, true or false, not a list of 1"),
        ({"priority": {"$regex": 1}}, "$regex takes a text of at most 1000 characters, not 1"),
        ({"priority": {"$regex": "a" * 1001}}, "$regex takes a text"),
        ({"priority": 2**63}, "holds a number of more than 64 bits"),
        ({"priority": float("nan")}, "holds nan"),
        ({"skydriver.owner": "a\x00b"}, "holds a text with a NUL character"),
        ({"skydriver.owner": "\ud800"}, "holds a text with a NUL character or half of a surrogate pair"),
        ({"nope": 1}, "'nope' cannot be searched by; what can: scan_id, timestamp,"),
        ({"skydriver": {}}, "'skydriver' cannot be searched by"),
        ({"event_i3live_json_dict.a": 1}, "cannot be searched by"),
        ({"": 1}, "'' is no path"),
        ({"progress..a": 1}, "is no path of 1 to 10 names"),
        ({"progress" + ".a" * 10: 1}, "is no path of 1 to 10 names"),
        ({"progress.1.1.1.1": 1}, "has more than 3 numbers"),
        (nested(9), "nested deeper than 8 levels"),
        (nested(30), "is nested deeper than 24 levels"),
        ({"$or": [{"priority": 1}] * 101}, "has more than 100 conditions"),
        ({"$or": [{"scan_id": {"$regex": "a"}}] * 6}, "has more than 5 patterns"),
        ({"progress.a": [1] * 100}, "has more than 100 values in lists and objects to compare"),
        ({"scan_id": {"$in": ["a"] * 1001}}, "$in takes a list of at most 1000 values"),
        ({"scan_id": "a" * 200_001}, "holds more than"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(asked, problem):
    with pytest.raises(SettingError, match=r"^filter: ") as raised:
        read_filter(asked)
    assert problem in raised.value.problem


def test_every_limit_can_be_reached():
    read_filter(nested(8))
    read_filter({"$or": [{"priority": n} for n in range(filters.MAX_TERMS)]})
    read_filter({"progress.a": [1] * (filters.MAX_WHOLE - 1)})
    read_filter({"scan_id": {"$in": ["a"] * filters.MAX_LISTED}})
    read_filter({"progress" + ".1" * 3 + ".a" * 6: None})


@pytest.mark.parametrize("pattern", ["(", "a{1001}", "(?=a)", r"(a)\1", "[", "(?P<n", "*", r"\C" * 3 + "["])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(SettingError, match=r"^filter: \$regex .* is no pattern of RE2"):
        check_patterns(read_filter({"scan_id": {"$regex": pattern}}))


def test_a_pattern_that_wants_too_much_memory_is_refused():
    with pytest.raises(SettingError, match="is no pattern of RE2"):
        check_patterns(read_filter({"scan_id": {"$regex": r"((\pL{1,100}){1,10}){1,10}" * 5}}))


def test_members_are_found_where_they_are_kept():
    assert find_field("filter", "event_metadata.run_id") == Field("event_metadata.run_id", ())
    assert find_field("filter", "event_metadata.run_id.x") == Field("event_metadata.run_id", ("x",))
    assert find_field("filter", "event_metadata.mjd") == Field("event_metadata", ("mjd",))
    assert find_field("filter", "skydriver.answer.verdict.a") == Field("skydriver.answer", ("verdict", "a"))
    assert find_field("filter", "skydriver.status") == Field("skydriver.status", ())


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        (None, [("timestamp", False), ("scan_id", False)]),
        ("-priority", [("priority", True), ("scan_id", True)]),
        (["priority", -1], [("priority", True), ("scan_id", True)]),
        (["priority", "-timestamp"], [("priority", False), ("timestamp", True), ("scan_id", True)]),
        ([["priority", 1], ["timestamp", -1]], [("priority", False), ("timestamp", True), ("scan_id", True)]),
        ({"priority": -1, "scan_id": 1, "timestamp": 1}, [("priority", True), ("scan_id", False)]),
    ],
)
def test_all_ways_to_say_an_order(given, keys):
    assert read_sort(given) == tuple(Key(*key) for key in keys)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("nope", "scans are not sorted by 'nope'; by what they are: scan_id"),
        ("progress.a", "scans are not sorted by"),
        ([], "has 0 names, not 1 to 5"),
        (["priority", "-priority"], "has the same name twice"),
        (["priority", 2], "'priority' goes with 1 or -1, not 2"),
        ([["priority", True]], "goes with 1 or -1, not true"),
        ([1], "holds 1, not a name"),
        (7, "holds 7, not a name"),
        ({"priority": "x"}, "holds a list of 2, not a name"),
    ],
)
def test_what_is_no_order_is_refused(given, problem):
    with pytest.raises(SettingError, match=r"^sort: ") as raised:
        read_sort(given)
    assert problem in raised.value.problem


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"fliter": {}}, "fliter: is no argument of POST /scans/find; is filter meant?"),
        ({"x": 1}, "x: is no argument of POST /scans/find"),
        ({"limit": 0}, "limit: is 0, not a whole number from 1 to 1000"),
        ({"limit": 1001}, "limit: is 1001"),
        ({"limit": True}, "limit: is true"),
        ({"limit": "5"}, "limit: is '5'"),
        ({"include_deleted": 1}, "include_deleted: is 1, neither true nor false"),
        ({"manifest_projection": "nope"}, "manifest_projection: a manifest has no 'nope'"),
        ({"cursor": "x"}, "cursor: goes with limit, which is missing"),
        ({"cursor": "x", "limit": 1}, "cursor: is damaged"),
        ({"cursor": "ä", "limit": 1}, "cursor: is damaged"),
        ({"cursor": "", "limit": 1}, "cursor: is damaged"),
        ({"cursor": 5, "limit": 1}, "cursor: is 5, not the text"),
        ({"cursor": "a" * 4001, "limit": 1}, "cursor: is 'aaaa"),
    ],
)
def test_other_arguments_are_checked(given, sentence):
    with pytest.raises(SettingError) as raised:
        read_search(given)
    assert str(raised.value).startswith(sentence)


ASKED = {"filter": {"priority": 1}, "limit": 5, "sort": "-skydriver.seconds_left"}


def test_a_cursor_leads_to_where_it_was_made():
    for values in [(1.5, "a"), (None, "b"), (5, "c")]:
        cursor = write_cursor(read_search(ASKED), values)
        assert read_search(ASKED | {"cursor": cursor}).after == values
        assert read_search(ASKED | {"cursor": cursor, "limit": 7, "manifest_projection": "scan_id"}).after == values


@pytest.mark.parametrize(
    "changes",
    [{"filter": {"priority": 2}}, {"filter": None}, {"sort": "skydriver.seconds_left"}, {"include_deleted": True}],
)
def test_a_cursor_is_of_one_search_alone(changes):
    cursor = write_cursor(read_search(ASKED), (1.5, "a"))
    with pytest.raises(SettingError, match="cursor: is of a search with another filter"):
        read_search(ASKED | changes | {"cursor": cursor})


@given(st.data())
def test_a_damaged_cursor_is_refused(data):
    cursor = write_cursor(read_search(ASKED), (1.5, "a"))
    at = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from("ABab09-_=").filter(lambda letter: letter != cursor[at]))
    with pytest.raises(SettingError, match="cursor: "):
        read_search(ASKED | {"cursor": cursor[:at] + letter + cursor[at + 1 :]})


@pytest.mark.parametrize(
    "values", [["a", "b"], [True, "b"], [1.5, None], [1.5, 2], [1.5], [1e300, "b"], [[], "b"], [1.5, "\0"]]
)
def test_a_forged_cursor_reaches_no_database(values):
    text = json.dumps([read_search(ASKED).digest, *values]).encode()
    forged = base64.urlsafe_b64encode(request._check(text) + text).decode()
    with pytest.raises(SettingError, match="cursor: is damaged"):
        read_search(ASKED | {"cursor": forged})


def test_large_filters_are_refused():
    for value in ({"$or": [nested(7)] * 5000}, {f"progress.{n}": n for n in range(9000)}):
        with pytest.raises(SettingError):
            read_filter(value)
