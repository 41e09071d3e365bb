"""Provenance: complete, the same bytes for the same scan, and plain about whose it is."""

import json
from dataclasses import fields, replace

import pytest

from skydriver.errors import ResultError
from skydriver.recos.machine import machine_type
from skydriver.skymap.provenance import LATER_FIELDS, PixelError, Provenance


@pytest.fixture
def provenance(new_map):
    return new_map({}).provenance


def test_it_round_trips(provenance):
    stopped = replace(provenance, partial=True, not_reproducible=("a fit ran out of time",), max_reco_time_s=None)
    stopped = replace(stopped, region={"radius": "3.0", "center": "138.6,0.1"})
    for one in (provenance, stopped):
        assert Provenance.from_json(one.to_json()) == one


def test_the_same_contents_are_the_same_bytes(provenance):
    backwards = replace(
        provenance, errors=provenance.errors[::-1], counts=dict(reversed(list(provenance.counts.items())))
    )
    assert backwards.to_json() == provenance.to_json()
    assert provenance.errors[0] == PixelError(1, 3, "lost")


def test_it_says_whose_it_is_and_whose_it_is_not(provenance):
    statement = json.loads(provenance.to_json())["statement"]
    assert statement.startswith("Made by SkyDriver pandel_mpe 1.0, independent of and not endorsed by IceCube.")
    assert "systematic uncertainties" in statement


def test_it_is_immutable(provenance):
    with pytest.raises(TypeError):
        provenance.counts["n_dom"] = 1


@pytest.mark.parametrize("name", ["", "a b", "../up", "a/b", "a.b", "é", "x" * 65])
def test_an_algorithm_is_a_name_that_a_file_can_carry(provenance, name):
    with pytest.raises(ResultError, match="no name of an algorithm"):
        replace(provenance, algorithm=name)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10**400])
def test_numbers_are_finite(provenance, bad):
    with pytest.raises(ResultError, match="qtot_pe"):
        replace(provenance, counts={"qtot_pe": bad})


@pytest.mark.parametrize("name", [f.name for f in fields(Provenance)])
@pytest.mark.parametrize("bad", [{"nested": {}}, [[1]], 10**400, float("nan")])
def test_a_field_of_another_type_is_named(provenance, name, bad):
    document = json.loads(provenance.to_json()) | {name: bad}
    if name == "rounds" and bad == 10**400:
        bad = document["rounds"] = 1.5
    with pytest.raises(ResultError, match=f"provenance: {name} "):
        Provenance.from_json(json.dumps(document))


@pytest.mark.parametrize("name", [f.name for f in fields(Provenance) if f.name not in LATER_FIELDS])
def test_a_missing_field_is_named(provenance, name):
    document = json.loads(provenance.to_json())
    del document[name]
    with pytest.raises(ResultError, match=f"{name} is missing"):
        Provenance.from_json(json.dumps(document))


@pytest.mark.parametrize("name", LATER_FIELDS)
def test_a_file_from_before_a_field_was_there_is_read(provenance, name):
    document = json.loads(provenance.to_json())
    del document[name]
    assert Provenance.from_json(json.dumps(document)) == replace(provenance, **{name: LATER_FIELDS[name]})


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"format": 2}'])
def test_what_is_no_provenance_is_refused(data):
    with pytest.raises(ResultError, match=r"^provenance: "):
        Provenance.from_json(data)


def test_an_unknown_field_is_refused(provenance):
    document = json.loads(provenance.to_json()) | {"host": "here"}
    with pytest.raises(ResultError, match="host is unknown"):
        Provenance.from_json(json.dumps(document))


def test_the_machine_is_a_kind_of_machine_and_not_this_one():
    assert machine_type() in {"x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64", "arm64"}
