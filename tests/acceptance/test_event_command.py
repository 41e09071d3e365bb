"""``skydriver event`` on the real events and the bundled one."""

from __future__ import annotations

import math

import pytest

KEYS = {
    "run_id", "event_id", "sub_event_id", "sub_event_stream", "start_time", "mjd", "format_version", "is_real_event",
    "content_hash", "main_series", "series", "cleaned", "excluded", "seeds", "time_windows",
    "unknown_objects",
}  # fmt: skip


@pytest.fixture
def skydriver(here):
    return here


@pytest.fixture(params=["138632_31747601", "hese_event_01", "hese_event_02", "example"])
def name(request):
    return request.param if request.param == "example" else request.getfixturevalue("real_event")(request.param)


def test_its_object_has_the_documented_keys(skydriver, name):
    content = skydriver.json("event", name)
    assert set(content) == KEYS
    assert content["main_series"] in content["series"]
    assert all(set(row) == {"n_dom", "n_pulse", "qtot"} for row in content["series"].values())
    assert set(content["cleaned"]) == {"nch", "npulses", "qtot"}
    for seed in content["seeds"]:
        assert set(seed) == {"name", "ra_deg", "dec_deg", "zenith_rad", "azimuth_rad"}
        assert 0 <= seed["ra_deg"] < 360
        assert -90 <= seed["dec_deg"] <= 90
        assert 0 <= seed["zenith_rad"] <= math.pi
    assert list(skydriver.folder.iterdir()) == []
    # Every pulse is either kept or excluded for one named reason.
    main = content["series"][content["main_series"]]
    assert content["cleaned"]["npulses"] + sum(content["excluded"].values()) == main["n_pulse"]


def test_the_event_with_a_first_look_says_what_it_states(skydriver, real_event):
    content = skydriver.json("event", real_event("138632_31747601"))
    assert (content["run_id"], content["event_id"], content["is_real_event"]) == (138632, 31747601, True)
    assert content["format_version"] == "2023a"
    assert content["start_time"] == "2023-12-02T17:08:24.0932302199Z"
    assert content["cleaned"] == {"nch": 175, "npulses": 888, "qtot": 830.4}
    look = next(seed for seed in content["seeds"] if seed["name"] == "l2_online_SplineMPE")
    # The published first look, to the digits that were published.
    assert (look["ra_deg"], look["dec_deg"]) == pytest.approx((138.654, 0.142), abs=0.005)


def test_text_says_the_same_for_people(skydriver, real_event):
    done = skydriver("event", real_event("138632_31747601"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "Run 138632, event 31747601 (real, format 2023a)"
    assert ["cleaned", "SplitInIcePulses", "175", "888", "830.4"] in [line.split() for line in lines]
    assert any(line.startswith("l2_online_SplineMPE ") and " 138.654" in line for line in lines)


def test_text_of_an_event_without_seeds_has_no_empty_table(skydriver):
    done = skydriver("event", "example")
    assert done.returncode == 0
    assert "Seed" not in done.stdout
    assert not done.stdout.endswith("\n\n")


def test_faulty_windows_are_told(skydriver, real_event):
    windows = skydriver.json("event", real_event("hese_event_02"))["time_windows"]
    found = [(window["object"], window["string"], window["om"]) for window in windows]
    errata = [("CalibrationErrata", *dom) for dom in ((28, 51), (28, 52), (47, 31), (47, 32))]
    assert found == [*errata, ("SaturationWindows", 47, 31)]
    assert all(window["start_ns"] < window["stop_ns"] for window in windows)
    lines = skydriver("event", real_event("hese_event_02")).stdout.splitlines()
    assert ["SaturationWindows", "47-31", "11089.1", "11105.7"] in [line.split() for line in lines]


def test_text_of_an_event_without_windows_has_no_empty_table(skydriver, real_event):
    assert skydriver.json("event", real_event("138632_31747601"))["time_windows"] == []
    assert "Faulty" not in skydriver("event", real_event("138632_31747601")).stdout


def test_a_file_named_example_goes_before_the_bundled_event(skydriver, real_event):
    (skydriver.folder / "example").write_bytes(real_event("138632_31747601").read_bytes())
    assert skydriver.json("event", "example")["run_id"] == 138632


def test_a_path_may_be_relative_and_hold_any_letter(skydriver, real_event):
    folder = skydriver.folder / "Ünïcode and spaces"
    folder.mkdir()
    (folder / "Ereignis 事象.json").write_bytes(real_event("138632_31747601").read_bytes())
    assert skydriver.json("event", "Ünïcode and spaces/Ereignis 事象.json")["event_id"] == 31747601


def test_an_answer_that_cannot_be_printed_is_an_error(command, tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = command(tmp_path)("event", "example", stdout=full)
    assert done.returncode == 3
    assert done.stderr == "error: cannot write to standard output: No space left on device\n"
