"""Many events of one ``skydriver submit``: each is a scan of its own, and one that is refused hinders no other."""

from __future__ import annotations

import json
import shutil
import signal

import pytest

from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

QUICK = ("--reco", "dummy:3", "--nsides", "1:0,2:3")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("service"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def events(tmp_path_factory, command):
    """A folder with two events, and what is none."""
    skydriver = command(tmp_path_factory.mktemp("events"))
    assert skydriver("simulate", "--seed", 1, "--count", 2, "--zenith", "80", "--out", ".").returncode == 0
    (skydriver.folder / "bad.json").write_text("{")
    return skydriver.folder


@pytest.fixture
def ours(skydriver, service, events, monkeypatch):
    """The command, which speaks with the service, beside the folder of events."""
    monkeypatch.setenv("SKYDRIVER_URL", service.url)
    shutil.copytree(events, skydriver.folder / "events")
    return skydriver


@pytest.fixture
def client(service):
    with service.client() as connected:
        yield connected


GOOD = ("events/simulated_1.json", "events/simulated_2.json")


def test_each_is_a_scan_of_its_own_and_what_is_refused_hinders_no_other(ours, client):
    done = ours("submit", "events/bad.json", "events/simulated_[12].json", "events/simulated_1.json", "no*", *QUICK)
    assert done.returncode == 2
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    assert tuple(event for _, event in lines) == GOOD
    told = [client.manifest(scan_id) for scan_id, _ in lines]
    assert [manifest["event_metadata"]["event_id"] for manifest in told] == [1, 2]
    assert done.stderr.splitlines()[0].startswith("error: events/bad.json: event JSON: is not JSON")
    assert done.stderr.splitlines()[1:] == [
        "error: no*: event: no file matches no*",
        "2 of 4 events are submitted",
    ]


def test_programs_are_told_of_all(ours):
    told = ours.json("submit", "events/simulated_1.json", "events/bad.json", *QUICK, code=2)
    first, second = told["scans"]
    assert first == {"event": "events/simulated_1.json", "scan_id": first["scan_id"], "error": None}
    assert second["scan_id"] is None
    assert second["error"].startswith("event JSON: is not JSON")


def test_with_a_key_each_event_is_the_same_scan_in_whatever_company(ours):
    options = (*QUICK, "--key", "night")
    one = ours.json("submit", *GOOD, *options)["scans"]
    other = ours.json("submit", "example", *reversed(GOOD), *options)["scans"]
    assert {scan["event"]: scan["scan_id"] for scan in one}.items() <= {
        scan["event"]: scan["scan_id"] for scan in other
    }.items()
    assert len({scan["scan_id"] for scan in other}) == 3


def test_labels_are_stored_as_what_they_are(ours, client):
    scan_id = ours.json("submit", "example", *QUICK, "--classifier", "n=3", "--classifier", "who=me")["scan_id"]
    assert client.manifest(scan_id)["skydriver"]["request"]["classifiers"] == {"n": 3, "who": "me"}


def test_a_service_that_is_gone_is_tried_once(ours):
    done = ours("submit", *GOOD, *QUICK, "--url", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (8, "")
    first, second, last = done.stderr.splitlines()
    assert "skydriver serve" in first
    assert second == "error: events/simulated_2.json: not submitted, for the service does not answer"
    assert last == "0 of 2 events are submitted"


def test_waiting_tells_how_each_ended_and_leaves_the_products_of_each(ours):
    names = ("events/simulated_1.json", "example", "events/bad.json")
    done = ours("submit", *names, *QUICK, "--out", "out")
    assert done.returncode == 2
    rows = {line.split("  ")[-1]: line for line in done.stdout.splitlines()}
    assert rows.keys() == set(names[:2])
    for line in rows.values():
        scan_id, status = line.split()[:2]
        assert status == "done"
        assert "RA" in line
        assert list((ours.folder / "out" / scan_id).glob("*.json"))
    assert len(list((ours.folder / "out").iterdir())) == 2


def test_waiting_for_what_fails_says_why_and_the_code_says_so(ours):
    options = ("--reco", "crash_dummy:1:error", "--nsides", "1:0", "--wait")
    told = ours.json("submit", *GOOD, *options, code=6)["scans"]
    assert [(scan["status"], scan["code"]) for scan in told] == [("failed", "fits_fail")] * 2
    done = ours("submit", *GOOD, *options)
    assert done.returncode == 6
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["failed"] * 2


def test_what_is_waited_for_is_what_watching_prints(ours):
    (told, _) = ours.json("submit", *GOOD, *QUICK, "--wait")["scans"]
    watched = ours.json("watch", told["scan_id"])
    assert told == watched | {"event": GOOD[0], "error": None}


def test_interrupting_leaves_the_scans(ours, client):
    hanging = ("--reco", "crash_dummy:1:hang", "--nsides", "1:0", "--max-reco-time", "100000")
    process = ours.start("submit", *GOOD, *hanging, "--wait", bufsize=1)
    scan_ids = [process.stderr.readline().split()[0] for _ in GOOD]
    wait_until(lambda: client.status(scan_ids[0])["skydriver"]["status"] == "running", "it runs")
    process.send_signal(signal.SIGINT)
    stdout, stderr = ours.end(process)
    assert (process.returncode, stdout) == (130, "")
    assert "the scans go on" in stderr
    assert all(json.loads(ours("abort", one, "--json").stdout)["status"] == "aborted" for one in scan_ids)
