"""Bad input: exit code 2, one sentence that names what is wrong and where, and nothing written."""

from __future__ import annotations

import base64
import json
import pickle
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from skydriver.events.archive_writer import ArchiveWriter
from skydriver.events.event import Pulses
from skydriver.events.frame import Slot
from skydriver.events.writer import encode_event, make_header
from skydriver.skymap.calibration import THREE_ALERT_FLOOR
from skydriver.testing.events import TOY_START, change_blob, change_frame, change_json, change_slots, toy_event

GOOD = toy_event()
HEADER_VERSION_AT = 2 + 2 + 4 + len("I3EventHeader") + 1


@pytest.fixture
def skydriver(here):
    return here


def put_at(at, raw):
    return lambda data: data[:at] + raw + data[at + len(raw) :]


def without(name):
    return lambda slots: [slot for slot in slots if slot.name != name]


def pulses_on(*modules: tuple[int, int], hlc):
    """One pulse of 1 PE on each (string, om)."""
    string, om = np.array(modules).T
    n = len(modules)
    return Pulses(string, om, 1000.0 * np.arange(1, n + 1), np.full(n, 1.025), np.full(n, 8.0), np.full(n, hlc))


def event_of(pulses):
    return encode_event(make_header(123456, 42, TOY_START), pulses, is_real=True)


def nan_pulses():
    """A pulse series, as the oldest events hold it, with one time that is NaN."""
    archive = ArchiveWriter("I3RecoPulseSeriesMap")
    archive.enter_frame_object("I3RecoPulseSeriesMap")
    archive.enter("map")
    archive.put("I", 1)
    archive.enter("pair")
    archive.enter("OMKey", 2, numbered=True)
    archive.put("iIB", 1, 1, 0)
    archive.enter("vector<I3RecoPulse>")
    archive.put("I", 1)
    archive.enter("I3RecoPulse", 3, numbered=True)
    archive.put("dffB", float("nan"), 1.0, 8.0, 1)
    return Slot("SplitInIcePulses", "I3Map<OMKey, vector<I3RecoPulse> >", archive.blob())


EVENTS = {
    "not JSON": (b"run 138632", "event JSON: is not JSON"),
    "wrong shape": (b'{"value": {"data": 7}}', "value.data: is a number"),
    "truncated file": (GOOD[: len(GOOD) // 2], "event JSON: is not JSON"),
    "truncated frame": (change_frame(GOOD, "Q", lambda frame: frame[:-30]), "Q frame, object 2: truncated"),
    "wrong checksum": (change_frame(GOOD, "Q", put_at(200, b"\x55\x55")), "Q frame: checksum 0x"),
    "unknown class version": (
        change_blob(GOOD, "P", "I3EventHeader", put_at(HEADER_VERSION_AT, b"\x04")),
        "P frame, I3EventHeader: class I3EventHeader of version 4; version 3 is known",
    ),
    "no pulses": (event_of(pulses_on((44, 61), hlc=False)), "P frame, SplitInIcePulses: holds no pulses"),
    "no pulse series": (
        change_slots(GOOD, "P", without("SplitInIcePulses")),
        "event: holds no pulse series named SplitInIcePulses",
    ),
    "no header": (
        change_slots(change_slots(GOOD, "P", without("I3EventHeader")), "Q", without("QI3EventHeader")),
        "event: holds no I3EventHeader",
    ),
    "zip bomb": (
        change_json(GOOD, "value.data.frames.3.1", base64.b64encode(zlib.compress(bytes(100_000_000))).decode()),
        "value.data.frames[3]: decompresses to more",
    ),
    "impossible run id": (toy_event(run_id=99_999), "P frame, I3EventHeader: run id 99999 is impossible"),
    "impossible year": (
        change_blob(GOOD, "P", "I3EventHeader", lambda blob: blob.replace(struct.pack("<i", 2026), b"\0\0\0\0", 1)),
        "P frame, I3EventHeader: start time in the year 0 is impossible",
    ),
    "NaN times": (
        change_slots(GOOD, "P", lambda slots: [*without("SplitInIcePulses")(slots), nan_pulses()]),
        "P frame, SplitInIcePulses: the time of pulse 0 is not a finite number",
    ),
    "one DOM": (
        event_of(pulses_on(*[(36, 30)] * 3, hlc=True)),
        "SplitInIcePulses: 1 of 1 DOMs are left after cleaning, but pandel_mpe needs at least",
    ),
    "empty after cleaning": (
        event_of(pulses_on((1, 1), (78, 60), (30, 30), hlc=False)),
        "SplitInIcePulses: 0 of 3 DOMs are left after cleaning, but pandel_mpe needs at least",
    ),
}

SETTINGS = {
    "unknown algorithm": (["--reco", "splinempe"], "reco: there is no algorithm 'splinempe', only crash_dummy, dummy"),
    "unknown option": (["--reco", "pandel_mpe:1"], "reco: pandel_mpe takes length=, jitter= and photons=, not '1'"),
    "jitter of 9": (
        ["--reco", "pandel_mpe:jitter=9"],
        "reco: the option jitter of pandel_mpe is one of 8, 15, 25 ns, not '9'",
    ),
    "fraction of 2": (["--reco", "crash_dummy:2"], "reco: the fraction of crash_dummy is a number from 0 to 1"),
    "no nsides": (["--nsides", ""], "nsides: '' is not of the form NSIDE:EXTENSION"),
    "nsides that are words": (["--nsides", "eight"], "nsides: 'eight' is not of the form"),
    "nside of 12": (["--nsides", "12:0"], "nsides: 12 is not a power of two"),
    "nsides that descend": (["--nsides", "8:0,4:12"], "nsides: 4 does not ascend from 8"),
    "first extension": (["--nsides", "8:12"], "nsides: the first stage covers the whole sky"),
    "nothing to refine": (["--nsides", "8:0,64:0"], "nsides: nside 64 must refine at least 1 pixel"),
    "too much to refine": (["--nsides", "1:0,2:13"], "nsides: nside 2 asks to refine 13 pixels of nside 1"),
    "too many pixels": (["--nsides", "1024:0"], "nsides: 12582912 pixels in all are more than"),
    "threshold of 0": (["--predictive-scanning-threshold", "0"], "predictive_scanning_threshold: 0.0 is not between"),
    "threshold of nan": (["--predictive-scanning-threshold", "nan"], "predictive_scanning_threshold: nan is not"),
    "no time": (["--max-reco-time", "0"], "max_reco_time: 0.0 is not between 0.001 and 1000000 seconds"),
    "negative time": (["--max-reco-time", "-1"], "max_reco_time: -1.0 is not between"),
    "time of nan": (["--max-reco-time", "nan"], "max_reco_time: nan is not between"),
    "endless time": (["--max-reco-time", "inf"], "max_reco_time: inf is not between"),
    "no workers": (["--workers", "0"], "workers: 0 is not between 1 and 1024"),
    "negative workers": (["--workers", "-1"], "workers: -1 is not between"),
    "too many workers": (["--workers", "100000"], "workers: 100000 is not between"),
    "no such series": (["--pulses", "None"], "pulses: the event has no pulse series 'None', only I3SuperDST, "),
    "series of no name": (["--pulses", ""], "pulses: names no pulse series"),
    "no string": (["--exclude-strings", ""], "exclude_strings: '' is neither a string, nor a range"),
    "string 87": (["--exclude-strings", "1,87"], "exclude_strings: there is no string 87, only 1 to 86"),
    "descending strings": (["--exclude-strings", "9-5"], "exclude_strings: the range 9-5 descends"),
    "half a DOM": (["--exclude-doms", "47"], "exclude_doms: '47' is neither a DOM such as 47-31 nor one of bright"),
    "DOM at the surface": (["--exclude-doms", "47-61"], "exclude_doms: there is no DOM 47-61"),
    "half a time": (["--time-window", "9000"], "time_window: '9000' is not of the form START,STOP"),
    "time backwards": (["--time-window", "2,1"], "time_window: it does not start, at 2.0 ns, before it stops"),
    "time to nan": (["--time-window", "2,nan"], "time_window: 2.0,nan are not two finite numbers"),
    "no such windows": (["--exclude-windows", "bright"], "exclude_windows: 'bright' is not one of errata, saturation"),
    "nothing left": (
        ["--exclude-strings", "odd,even"],
        "SplitInIcePulses: 0 of 245 DOMs are left after cleaning and selection, but pandel_mpe needs at least",
    ),
    "variants of dummy": (["--reco", "dummy", "--systematics"], "systematics: has variants of pandel_mpe only, not of"),
    "no such calibration": (["--calibration", "missing.json"], "calibration: missing.json cannot be read: No such"),
    "half a center": (["--center", "138.6", "--radius", "3"], "center: '138.6' is not of the form RA,DEC"),
    "center off the sky": (["--center", "0,91", "--radius", "3"], "center: the declination 91.0 is not between -90"),
    "center alone": (["--center", "0,0"], "radius: is missing: a center needs one"),
    "radius alone": (["--radius", "3"], "center: is missing: a radius needs one"),
    "radius of nan": (["--center", "0,0", "--radius", "nan"], "radius: nan is not between 0.1 and 180.0 degrees"),
    "band upside down": (["--zenith-band", "100,80"], "zenith_band: 100.0,80.0 is not at least 1 degree wide"),
    "band beyond": (["--zenith-band", "100,181"], "zenith_band: 100.0,181.0 is not between 0 and 180 degrees"),
    "disc off the band": (
        ["--center", "0,60", "--radius", "3", "--zenith-band", "80,100"],
        "zenith_band: 80.0,100.0 has no place in common with the disc of 3.0 degrees around 0.0,60.0, which is at",
    ),
}

FILES = {
    "missing": ("missing.json", "missing.json: cannot be read: No such file or directory"),
    "a folder": (".", ".: cannot be read: Is a directory"),
    "no name": ("", "event: names no file"),
    "two lines": ("a\nb", "a\\nb: cannot be read: No such file or directory"),
}


def refused(skydriver, *arguments: str, says):
    before = sorted(skydriver.folder.rglob("*"))
    done = skydriver(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {says}")
    assert done.stderr.count("\n") == 1
    assert sorted(skydriver.folder.rglob("*")) == before


@pytest.mark.parametrize(("event", "says"), EVENTS.values(), ids=EVENTS)
def test_events(skydriver, event, says):
    (skydriver.folder / "event.json").write_bytes(event)
    refused(skydriver, "scan", "event.json", "--out", "new/out", says=says)


@pytest.mark.parametrize(("options", "says"), SETTINGS.values(), ids=SETTINGS)
def test_settings(skydriver, options, says):
    refused(skydriver, "scan", "example", "--out", "new/out", *options, says=says)


def test_a_calibration_that_is_none_or_for_another_algorithm(skydriver):
    """With the event that is at hand, before anything is written."""
    table = skydriver.folder / "table.json"
    table.write_bytes(THREE_ALERT_FLOOR.to_json())
    options = ("--out", "new/out", "--calibration", "table.json")
    says = "calibration: three-alert floor ("
    refused(skydriver, "scan", "example", "--reco", "dummy", *options, says=says)
    table.write_bytes(replace(THREE_ALERT_FLOOR, algorithm_version="0").to_json())
    refused(skydriver, "scan", "example", *options, says=says)
    table.write_bytes(pickle.dumps(THREE_ALERT_FLOOR.to_json()))
    refused(skydriver, "scan", "example", *options, says="calibration: table.json is none: ")


@pytest.mark.parametrize(("name", "says"), FILES.values(), ids=FILES)
def test_files(skydriver, name, says):
    refused(skydriver, "event", name, says=says)


@pytest.mark.parametrize("name", ["wrong checksum", "zip bomb"])
def test_the_event_command_refuses_the_same(skydriver, name):
    event, says = EVENTS[name]
    (skydriver.folder / "event.json").write_bytes(event)
    refused(skydriver, "event", "event.json", "--json", says=says)


def test_an_event_that_cannot_be_scanned_can_still_be_looked_at(skydriver):
    (skydriver.folder / "event.json").write_bytes(EVENTS["empty after cleaning"][0])
    content = skydriver.json("event", "event.json")
    assert content["cleaned"] == {"nch": 0, "npulses": 0, "qtot": 0.0}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scan", "example", "--nonsense"], "No such option: --nonsense"),
        (["scan", "example", "--workers", "two"], "Invalid value for '--workers'"),
        (["scan"], "Missing argument 'EVENT'"),
        (["sing"], "No such command 'sing'"),
        (["simulate"], "Missing option '--seed'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_usage(skydriver, arguments, says):
    done = skydriver(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says.lower() in done.stderr.lower()
    assert list(skydriver.folder.iterdir()) == []


SIMULATIONS = {
    "kind": (
        ["--seed", "1", "--kind", "bundle"],
        "kind: 'bundle' is none of through_going, skimming, starting, stopping, cascade",
    ),
    "energetic stopping": (
        ["--seed", "1", "--kind", "stopping", "--energy", "1000"],
        "energy: 1000 is not between 250 and 500 GeV for stopping",
    ),
    "count": (["--seed", "1", "--count", "0"], "count: 0 is less than 1"),
    "one number for two": (
        ["--seed", "1", "--count", "2", "--event-id", "7"],
        "event_id: 7 cannot be the number of all 2 events",
    ),
    "negative seed": (["--seed", "-1"], "seed: -1 is negative"),
    "little energy": (["--seed", "1", "--energy", "1"], "energy: 1 is not between 100 and 1e+07 GeV"),
    "energy of nan": (["--seed", "1", "--energy", "nan"], "energy: nan is not between"),
    "zenith": (["--seed", "1", "--zenith", "181"], "zenith: 181 is not between 0 and 180 degrees"),
    "azimuth": (["--seed", "1", "--azimuth", "-1"], "azimuth: -1 is not between 0 and 360 degrees"),
    "run": (["--seed", "1", "--run-id", "-5"], "run_id: -5 is not an unsigned 32-bit number"),
    "time": (["--seed", "1", "--start-time", "yesterday"], "start_time_utc: "),
}


@pytest.mark.parametrize(("options", "says"), SIMULATIONS.values(), ids=SIMULATIONS)
def test_simulations(skydriver, options, says):
    refused(skydriver, "simulate", *options, says=says)


def test_the_good_event_is_good(skydriver):
    (skydriver.folder / "event.json").write_bytes(GOOD)
    assert json.loads(GOOD)["value"]["data"]["run_id"] == skydriver.json("event", "event.json")["run_id"]
