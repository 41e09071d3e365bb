"""The state of a calibration: nothing finished is lost, nothing foreign is taken or touched."""

from __future__ import annotations

import pytest

from skydriver.errors import ResultError, SettingError
from skydriver.services.calibration.state import CalibrationState
from skydriver.services.calibration.truth_scans import SIGMAS_DEG, Measured, Record

MADE_WITH = {"nsides": "64:0", "radius_deg": 5.0, "tables": {"a": "1"}}
MEASURED = Measured(
    topology="cascade",
    charge_pe=10.5,
    n_dom=7,
    energy_gev=None,
    offset_deg=0.1,
    rise=0.2,
    in_wilks90=True,
    wilks90_area_deg2=0.3,
    wilks90_truncated=False,
    statistical_level=0.4,
    levels=tuple(sigma / 7 for sigma in SIGMAS_DEG),
)
RECORDS = {"one": Record("first", "ab", None, MEASURED), "two": Record("second", None, "Schaden: é", None)}


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "state"
    with CalibrationState(found, MADE_WITH) as state:
        for key, record in RECORDS.items():
            state.add(key, record)
    return found


def read(path, made_with=MADE_WITH):
    with CalibrationState(path, made_with) as state:
        return state.records


def test_what_was_kept_is_there_again(path):
    assert read(path) == RECORDS


def test_a_torn_last_line_is_dropped_wherever_it_is_torn(path):
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for length in (*range(0, len(whole), 13), first - 1, first, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert list(read(path)) == (["one"] if length >= first else [])
        assert path.read_bytes() == whole[: first if length >= first else 0]
    with CalibrationState(path, MADE_WITH) as state:
        state.add("two", RECORDS["two"])
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"nsides": "64:0,512:12"}, "line 1 of .* this nsides '64:0,512:12', but with '64:0'"),
        ({"tables": {"a": "2"}}, "was not made with this tables$"),
        ({"more": 1}, "was not made with this more 1, but with None"),
    ],
)
def test_other_settings_are_refused(path, change, problem):
    before = path.read_bytes()
    with pytest.raises(SettingError, match="^state: line 1 of .*" + problem.removeprefix("line 1 of .*")):
        read(path, MADE_WITH | change)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"precious", b'{"a": 1}\n', b"\n", b'{"calibration_state": 1, }\n', b"\0\0\n"])
def test_another_file_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "notes"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=f"^state: line 1 of {path} is none of a calibration's state"):
        read(path)
    assert path.read_bytes() == content


def test_a_damaged_line_in_the_middle_is_named(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0][:-20] + b"\n" + lines[1])
    with pytest.raises(SettingError, match=r"^state: line 1 of "):
        read(path)


def test_no_file_is_no_state_and_a_folder_cannot_be_one(tmp_path):
    with CalibrationState(None, MADE_WITH) as state:
        state.add("one", RECORDS["one"])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ResultError, match=f"cannot write {tmp_path}: Is a directory"):
        read(tmp_path)
