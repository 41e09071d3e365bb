"""Which row of a calibration holds for an event, and what becomes of files that are none."""

import hashlib
import json
import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.skymap.calibration import ANY, CALIBRATIONS, THREE_ALERT_FLOOR, Band, Calibration, read_calibration

LABELS = ["through-going", "starting", "skimming", "cascade", "unknown"]
numbers = st.floats(0.0, 1e6)
bands = st.builds(
    Band,
    st.sampled_from([ANY, *LABELS]),
    numbers,
    numbers | st.none(),
    st.integers(0, 10_000),
    st.floats(0.01, 90.0),
    numbers | st.none(),
    numbers | st.none(),
)
tables = st.builds(
    Calibration, st.text(), st.text(), st.text(), st.text(), st.booleans(), st.lists(bands, max_size=4).map(tuple)
)
TABLE = Calibration(
    "a table",
    "simulated muons",
    "pandel_mpe",
    "3",
    tests_only=False,
    bands=(
        Band("through-going", 0.0, 100.0, 50, 1.0, 2.0, 9.0),
        Band("through-going", 100.0, None, 50, 0.5, None, None),
        Band(ANY, 50.0, 100.0, 50, 3.0, None, None),
    ),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("calibration") / "table.json"


@pytest.mark.parametrize(
    ("topology", "charge", "sigma"),
    [
        ("through-going", 0.0, 1.0),
        ("through-going", 99.9, 1.0),  # the first that holds counts
        ("through-going", 100.0, 0.5),
        ("through-going", 1e9, 0.5),
        ("starting", 50.0, 3.0),
        ("starting", 49.9, None),
        ("starting", 100.0, None),
        ("cascade", 99.9, 3.0),
    ],
)
def test_the_first_row_that_holds_an_event_counts(topology, charge, sigma):
    band = TABLE.band(topology, charge)
    assert (None if band is None else band.sigma_sys_deg) == sigma


@given(tables, st.sampled_from(LABELS), numbers)
def test_a_row_holds_its_kind_from_the_least_charge_to_below_the_most(table, topology, charge):
    below = [math.inf if band.max_charge_pe is None else band.max_charge_pe for band in table.bands]
    holding = [
        band
        for band, limit in zip(table.bands, below, strict=True)
        if band.topology in {topology, "any"} and band.min_charge_pe <= charge < limit
    ]
    assert table.band(topology, charge) == (holding[0] if holding else None)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("charge", [0.0, 1e7])
def test_the_three_alert_floor_holds_for_everything_and_is_for_tests(label, charge):
    assert THREE_ALERT_FLOOR.band(label, charge).sigma_sys_deg == 0.8
    assert THREE_ALERT_FLOOR.tests_only
    assert CALIBRATIONS == {"three-alert floor": THREE_ALERT_FLOOR}


def test_a_table_is_for_its_algorithm_and_version():
    assert TABLE.fits("pandel_mpe", "3")
    assert not TABLE.fits("pandel_mpe", "4")
    assert not TABLE.fits("dummy", "3")
    assert replace(TABLE, algorithm_version=ANY).fits("pandel_mpe", "4")


@given(tables)
@example(TABLE)
@example(THREE_ALERT_FLOOR)
def test_what_was_written_is_read_under_a_name_that_tells_the_file(file, table):
    file.write_bytes(table.to_json())
    found = read_calibration(file)
    assert found == replace(table, name=found.name)
    assert found.name == f"{table.name} ({hashlib.sha256(table.to_json()).hexdigest()[:12]})"
    assert table.to_json() == replace(table).to_json()


def refused(path, *, says=""):
    with pytest.raises(SettingError, match=r"^calibration: ") as refusal:
        read_calibration(path)
    assert refusal.value.argument == "calibration"
    assert str(path) in str(refusal.value)
    assert says in str(refusal.value)


def test_what_is_no_file_is_refused(tmp_path):
    refused(tmp_path / "nothing.json", says="cannot be read: No such file")
    refused(tmp_path, says="cannot be read: Is a directory")


def changed(**parts: object):
    return json.loads(TABLE.to_json()) | parts


def with_band(**parts: object):
    content = json.loads(TABLE.to_json())
    content["bands"][1] |= parts
    return content


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([], "is none"),
        (None, "is none"),
        ({}, "format"),
        (changed(format=2), "its format is 2, not 1"),
        (changed(format=True), "no int"),
        (changed(name=7), "'7' is no str"),
        (changed(algorithm=None), "no str"),
        (changed(tests_only="no"), "no bool"),
        (changed(tests_only=1), "no bool"),
        (changed(bands=None), "is none"),
        (changed(bands={"a": 1}), "is none"),
        (changed(bands=[[1, 2]]), "is none"),
        (with_band(sigma_sys_deg=0.001), "sigma_sys_deg 0.001 is not between"),
        (with_band(sigma_sys_deg=91), "sigma_sys_deg 91.0 is not between"),
        (with_band(sigma_sys_deg=-0.5), "sigma_sys_deg -0.5 is not between"),
        (with_band(sigma_sys_deg=None), "no number"),
        (with_band(sigma_sys_deg=math.nan), "no number"),
        (with_band(sigma_sys_deg=True), "no number"),
        (with_band(min_charge_pe="0"), "no number"),
        (with_band(min_charge_pe=None), "no number"),
        (with_band(max_charge_pe=math.inf), "no number"),
        (with_band(level90=10**400), "no number"),
        (with_band(n_events=5.0), "no int"),
        (with_band(topology=None), "no str"),
    ],
)
def test_what_is_not_of_its_type_or_range_is_refused(file, content, says):
    file.write_text(json.dumps(content))
    refused(file, says=says)


@pytest.mark.parametrize("name", ["format", "name", "source", "algorithm", "algorithm_version", "tests_only", "bands"])
def test_what_lacks_a_part_is_refused(file, name):
    file.write_text(json.dumps({key: value for key, value in changed().items() if key != name}))
    refused(file, says=name)


@pytest.mark.parametrize("name", Band._fields)
def test_a_row_that_lacks_a_part_is_refused(file, name):
    content = with_band()
    del content["bands"][1][name]
    file.write_text(json.dumps(content))
    refused(file, says=name)


class Trap:
    """Unpickled, it would say so."""

    sprung = False

    def __reduce__(self) -> tuple:
        return setattr, (Trap, "sprung", True)


@given(st.binary(max_size=300) | st.text().map(str.encode))
@example(pickle.dumps(Trap()))
@example(b"[" * 100_000)
@example(b"1" * 10_000)
@example(TABLE.to_json()[:-10])
@example(b"\x80\x04N.")
@example(TABLE.to_json().decode().encode("utf-16")[1:])
def test_rubbish_is_refused_and_never_unpickled(file, rubbish):
    file.write_bytes(rubbish)
    refused(file)
    assert not Trap.sprung


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
)


@given(anything, st.sampled_from(sorted(changed())))
def test_a_part_that_may_be_anything_is_refused_or_of_use(file, part, name):
    file.write_text(json.dumps(changed(**{name: part})))
    try:
        table, message = read_calibration(file), ""
    except SettingError as refusal:
        table, message = TABLE, str(refusal)
    assert len(message) < 400
    assert table.fits("pandel_mpe", "3") == (table.algorithm == "pandel_mpe" and table.algorithm_version in {ANY, "3"})
