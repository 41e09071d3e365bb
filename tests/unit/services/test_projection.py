"""Projections: what is named is there, in the manifest's order, and nothing else."""

from __future__ import annotations

import json

import orjson
import pytest

from skydriver.errors import SettingError
from skydriver.services.projection import ALL, EVENT, MAX_NAMES, NAMES, Projection, project, read_projection

METADATA = {"run_id": 1, "event_id": 2, "is_real_event": True}
MANIFEST = {
    "scan_id": "a",
    "timestamp": 1.5,
    "classifiers": {"a": {"b": 1, "c": 2}},
    "event_metadata": orjson.Fragment(orjson.dumps(METADATA)),
    "scan_metadata": None,
    "skydriver": {"status": "done", "list": [{"x": 1, "y": 2}, 3, {"y": 4}]},
}


def cut(value):
    return json.loads(orjson.dumps(project(MANIFEST, read_projection("projection", value))))


@pytest.mark.parametrize("value", [None, "", [], "|", [""]])
def test_nothing_named_is_all(value):
    assert read_projection("projection", value) == ALL
    assert project(MANIFEST, ALL) == MANIFEST


def test_what_is_named_is_there_in_the_manifests_order():
    assert list(cut("timestamp|scan_id").items()) == [("scan_id", "a"), ("timestamp", 1.5)]
    assert cut(["scan_id"]) == cut(" scan_id | scan_id") == {"scan_id": "a"}


def test_a_path_leads_into_objects_stored_ones_too():
    assert cut("event_metadata.run_id") == {"event_metadata": {"run_id": 1}}
    assert cut("classifiers.a.c|scan_id") == {"scan_id": "a", "classifiers": {"a": {"c": 2}}}
    assert cut("event_metadata") == {"event_metadata": METADATA}


def test_a_path_leads_into_each_object_of_a_list():
    assert cut("skydriver.list.x") == {"skydriver": {"list": [{"x": 1}, {}]}}


def test_a_path_that_leads_nowhere_is_left_out():
    assert cut("scan_id.x|scan_metadata.x|priority") == {}
    assert cut("classifiers.z") == {"classifiers": {}}


def test_all_of_a_member_is_more_than_a_part_of_it():
    assert cut("skydriver.status|skydriver") == {"skydriver": MANIFEST["skydriver"]}


def test_the_event_is_wanted_where_it_is_named():
    assert not ALL.wants_event
    assert not read_projection("p", f"scan_id|{EVENT}__hash").wants_event
    assert read_projection("p", f"scan_id|{EVENT}").wants_event
    assert read_projection("p", [f"{EVENT}.value"]).wants_event
    assert read_projection("p", f"*|{EVENT}") == Projection(NAMES[2025])


@pytest.mark.parametrize("value", [1, {"scan_id": 1}, True, ["scan_id", 1], [["scan_id"]]])
def test_other_shapes_are_refused(value):
    with pytest.raises(SettingError, match=r"projection: is .*, neither names with"):
        read_projection("projection", value)


def test_a_name_that_a_manifest_lacks_is_refused_and_those_there_are_told():
    with pytest.raises(SettingError, match="projection: a manifest has no 'nope'; it has scan_id, timestamp") as raised:
        read_projection("projection", "scan_id|nope")
    assert all(name in raised.value.problem for name in NAMES[2025])
    with pytest.raises(SettingError, match=r"no 'complete.x'"):
        read_projection("projection", "complete.x")
    assert read_projection("projection", "complete", generation=2023) == Projection(("complete",))


@pytest.mark.parametrize("value", ["skydriver.", "skydriver..x", "skydriver" + ".x" * 10, "skydriver." + "x" * 500])
def test_odd_paths_are_refused(value):
    with pytest.raises(SettingError, match="is no path of"):
        read_projection("projection", value)


def test_there_is_a_limit_to_names():
    with pytest.raises(SettingError, match=f"more than {MAX_NAMES}"):
        read_projection("projection", [f"skydriver.{n}" for n in range(MAX_NAMES + 1)])
