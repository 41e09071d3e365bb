"""``skydriver calibrate``: the same table for any number of processes, and however often it is ended on the way."""

from __future__ import annotations

import json
import os
import signal

import pytest

from skydriver.skymap.calibration import read_calibration

TINY = ("--nsides", "64:0", "--radius", "3")
QUICK = ("--reco", "dummy", "--nsides", "8:0", "--blind", "--charge-bins", "")


def n_lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_second_run_does_nothing_new(skydriver):
    command = ("calibrate", "--simulate", "3", *TINY, "--state", "s", "--out", "t.json")
    first = skydriver.json(*command)
    table, state = ((skydriver.folder / name).read_bytes() for name in ("t.json", "s"))
    assert (first["n_measured"], first["n_new"], first["table"]) == (3, 3, "t.json")
    assert n_lines(skydriver.folder / "s") == 3
    second = skydriver.json(*command)
    assert second | {"n_new": 3, "wall_seconds": 0} == first | {"wall_seconds": 0}
    assert (second["n_new"], (skydriver.folder / "t.json").read_bytes()) == (0, table)
    assert (skydriver.folder / "s").read_bytes() == state
    assert read_calibration(skydriver.folder / "t.json").name.startswith("pandel_mpe 1 calibration (")
    assert first["warnings"] == ["through-going is left out: 3 events are fewer than 20"]


def test_killed_in_the_middle_it_goes_on_to_the_same_table(skydriver, processes):
    command = ("calibrate", "--simulate", "3", *QUICK, "--source", "here")
    run = skydriver.start(*command, "--state", "s", "--workers", "1")
    found = processes(run)
    found.wait_until(lambda: n_lines(skydriver.folder / "s") >= 1)
    run.kill()
    run.wait()
    found.wait_for_their_end()
    assert found.alive() == {}
    n_kept = n_lines(skydriver.folder / "s")
    with (skydriver.folder / "s").open("ab") as file:
        file.write(b'{"calibration_state": 1, "made_wi')
    resumed = skydriver.json(*command, "--state", "s", "--workers", "2", "--out", "resumed.json")
    assert resumed["n_new"] == 3 - n_kept
    whole = skydriver.json(*command, "--workers", "1", "--out", "whole.json")
    assert whole["groups"] == resumed["groups"]
    assert (skydriver.folder / "resumed.json").read_bytes() == (skydriver.folder / "whole.json").read_bytes()
    assert not (skydriver.folder / "calibration.json").exists()


@pytest.mark.parametrize(("send", "number"), [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)])
def test_interrupted_it_keeps_what_is_finished_and_writes_no_table(skydriver, processes, send, number):
    run = skydriver.start("calibrate", "--simulate", "500", *QUICK, "--state", "s", "--workers", "2", "--json")
    found = processes(run)
    found.wait_until(lambda: n_lines(skydriver.folder / "s") >= 1)
    send(run.pid, number)
    stdout, stderr = skydriver.end(run)
    answer = json.loads(stdout)
    assert run.returncode == 130
    found.wait_for_their_end()
    assert "Traceback" not in stderr
    assert (answer["partial"], answer["table"]) == (True, None)
    assert 1 <= answer["n_measured"] == n_lines(skydriver.folder / "s") < 500
    assert [path.name for path in skydriver.folder.iterdir()] == ["s"]


def test_files_are_measured_as_the_simulated_events_that_they_are(skydriver):
    skydriver("simulate", "--seed", "4", "--count", "2")
    from_files = skydriver.json("calibrate", "out", *QUICK, "--workers", "1")
    made = skydriver.json("calibrate", "--simulate", "2", "--seed", "4", *QUICK, "--workers", "1")
    assert from_files["groups"] == made["groups"]
    assert from_files["source"].startswith("2 events from files, whole sky, nsides 8:0")


def test_the_answer_for_people(skydriver):
    (skydriver.folder / "bad.json").write_text("{")
    (skydriver.folder / "bad.truth.json").write_text('{"zenith_rad": 1, "azimuth_rad": 1}')
    done = skydriver("calibrate", "bad.json", "--simulate", "1", *QUICK, "--out", "a/t.json", "--name", "mine")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "2/2 events, 1 failed\n")
    assert lines[0] == "mine: dummy 1"
    assert lines[2] == "Events     1 measured of 2, 1 failed"
    assert any(line.startswith("all ") for line in lines)
    assert any(line.startswith("Failed     bad: event JSON: is not JSON") for line in lines)
    assert lines[-1] == "Table      a/t.json"
    assert json.loads((skydriver.folder / "a" / "t.json").read_bytes())["name"] == "mine"


def test_nothing_measured_is_code_4(skydriver):
    (skydriver.folder / "bad.json").write_text("{")
    (skydriver.folder / "bad.truth.json").write_text('{"zenith_rad": 1, "azimuth_rad": 1}')
    answer = skydriver.json("calibrate", "bad.json", *QUICK, code=4)
    assert (answer["n_measured"], answer["groups"]) == (0, [])


REFUSALS = {
    "nothing": ([], "events: are missing: give files, folders or --simulate"),
    "no file": (["x.json"], "events: x.json cannot be read: No such file"),
    "no truth": (["event.json"], "events: event.truth.json cannot be read: No such file"),
    "empty folder": (["."], "events: the folder . holds no NAME.truth.json with NAME.json beside it"),
    "negative number": (["--simulate", "-1"], "simulate: -1 is not between 0 and 1000000"),
    "negative seed": (["--simulate", "1", "--seed", "-1"], "seed: -1 is negative"),
    "no such kind": (["--simulate", "1", "--kind", "tau"], "kind: 'tau' is none of through_going, "),
    "no such algorithm": (["--simulate", "1", "--reco", "splinempe"], "reco: there is no algorithm 'splinempe'"),
    "no such nsides": (["--simulate", "1", "--nsides", "7:0"], "nsides: 7 is not a power of two"),
    "no radius": (["--simulate", "1", "--radius", "0"], "radius: 0.0 is not between 0.1 and 180.0 degrees"),
    "edges that descend": (["--simulate", "1", "--charge-bins", "3,1"], "charge_bins: its edges are not ascending"),
    "no name": (["--simulate", "1", "--name", ""], "name: is empty"),
    "no workers": (["--simulate", "1", "--workers", "0"], "workers: 0 is not between 1 and 1024"),
    "folder as table": (["--simulate", "1", "--out", "."], "out: . is a folder, not a file"),
    "folder as state": (["--simulate", "1", "--state", "."], "state: . is a folder, not a file"),
    "one file for both": (["--simulate", "1", "--state", "a", "--out", "./a"], "state: a is the table's file too"),
    "another file": (["--simulate", "1", "--state", "event.json"], "state: line 1 of event.json is none of a calib"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_name_their_argument_and_write_nothing(here, case):
    arguments, problem = REFUSALS[case]
    (here.folder / "event.json").write_text("{}")
    done = here("calibrate", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {problem}")
    assert {path.name: path.read_text() for path in here.folder.iterdir()} == {"event.json": "{}"}


def test_a_state_of_other_settings_is_refused(skydriver):
    command = ("calibrate", "--simulate", "1", *QUICK, "--workers", "1", "--state", "s")
    assert skydriver(*command).returncode == 0
    kept = (skydriver.folder / "s").read_bytes()
    done = skydriver(*command, "--nsides", "4:0")
    assert done.returncode == 2
    assert done.stderr == "error: state: line 1 of s was not made with this nsides '4:0', but with '8:0'\n"
    assert (skydriver.folder / "s").read_bytes() == kept
