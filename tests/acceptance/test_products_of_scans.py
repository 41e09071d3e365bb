"""Products of a service's scans are those that the command makes of the same scan's files, to the last byte."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from skydriver.services.product_kinds import KINDS
from skydriver.testing.processes import command_of, wait_until
from skydriver.testing.service import running_service

TRACK = ("--reco", "pandel_mpe", "--nsides", "8:0,64:12")
HANGING = ("--reco", "crash_dummy:1:hang", "--nsides", "1:0", "--max-reco-time", "100000")
CHILD = b"skydriver.services.drawing.child"
HEAVY = ("matplotlib", "astropy", "mocpy")
LIMIT_S = 60.0


@pytest.fixture
def ours(here, either_service, monkeypatch):
    """The command, which speaks with the service."""
    monkeypatch.setenv("SKYDRIVER_URL", either_service.url)
    return here


def contents(folder):
    """What the files in a folder hold; of a notice without its time, which is when it was first asked for."""
    return {path.name: timeless(path) for path in folder.iterdir()}


def timeless(path):
    if not path.name.endswith(".notice.json"):
        return path.read_bytes()
    notice = json.loads(path.read_bytes())
    assert notice.pop("alert_datetime")
    return notice


def children(running):
    return [pid for pid in running.processes.alive() if CHILD in command_of(pid)]


def mapped(pid):
    """Which of the libraries that draw a process has loaded."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return {name for name in HEAVY if f"/{name}/" in maps}


@pytest.fixture(scope="module")
def track(either_service, tmp_path_factory, command):
    """A scan that has a region to quote, and its map as a file."""
    there = command(tmp_path_factory.mktemp("track"))
    url = ("--url", either_service.url)
    scan_id = there("submit", "example", *TRACK, *url).stdout.strip()
    there.json("watch", scan_id, "--out", "files", *url)
    (npz,) = (there.folder / "files").glob("*.npz")
    return scan_id, npz


def test_all_products_are_those_of_the_files(ours, track, either_service):
    scan_id, npz = track
    of_files = ours.json("products", npz, "--event", "example", "--out", "one", "--event-name", "IceCube-1", "--nested")
    of_scan = ours.json("products", scan_id, "--out", "other", "--event-name", "IceCube-1", "--nested")
    assert of_scan == {
        "scan_id": scan_id,
        "run_id": of_files["run_id"],
        "event_id": of_files["event_id"],
        "products": [path.replace("one", "other") for path in of_files["products"]],
        "not_made": [],
    }
    assert len(of_scan["products"]) == len(KINDS)
    assert contents(ours.folder / "one") == contents(ours.folder / "other")
    assert mapped(either_service.pid) == set()
    (child,) = children(either_service)
    assert mapped(child) == set(HEAVY)
    assert os.getpriority(os.PRIO_PROCESS, child) == 10


def test_some_products_are_asked_for_by_name(ours, track):
    scan_id, _ = track
    done = ours("products", scan_id, "--only", "reg,png", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name.partition("_8_64.")[2] for path in (ours.folder / "out").iterdir()) == ["png", "reg"]
    assert done.stdout.startswith("Run 1, event 21\nProduct    out/run00000001.")


def test_of_a_scan_without_a_map_all_are_listed_with_the_reason(ours):
    scan_id = ours("submit", "example", *HANGING).stdout.strip()
    made = ours.json("products", scan_id)
    assert made["products"] == []
    assert {item["reason"] for item in made["not_made"]} == {"no pixel is finished yet"}
    assert len(made["not_made"]) == len(KINDS)
    assert list(ours.folder.iterdir()) == []
    done = ours("products", scan_id, "--only", "png")
    assert (done.returncode, done.stderr) == (3, "error: png: no pixel is finished yet\n")
    ours("abort", scan_id)


REFUSED = [
    (("--only", "gif"), 2, "error: only: there is no product 'gif', only json, "),
    (("--algorithm", "x"), 2, "error: algorithm: it is for a map in a file; "),
    (("--width", "5"), 2, "error: width: it is for a map in a file; "),
    (("--no-first-looks",), 2, "error: no_first_looks: it is for a map in a file; "),
    (("--nside", "3"), 2, "error: nside: 3 is not a power of two from 1 to 1024"),
    (("--tense", "current"), 2, "error: tense: "),
]


def test_what_cannot_be_is_told_and_nothing_is_written(ours, track):
    scan_id, _ = track
    for options, code, says in REFUSED:
        done = ours("products", scan_id, *options)
        assert done.returncode == code, done.stderr
        assert done.stderr.startswith(says)
    done = ours("products", scan_id, "--url", "http://127.0.0.1:9")
    assert (done.returncode, done.stderr[:21]) == (8, "error: there is no fi")
    assert list(ours.folder.iterdir()) == []


def test_a_file_goes_before_a_scan_and_none_is_unknown(ours):
    (ours.folder / "a").write_text("{}")
    assert ours("products", "a").returncode == 3
    done = ours("products", "b")
    assert (done.returncode, done.stderr) == (2, "error: scan_id: there is no scan b\n")


def test_what_draws_ends_with_a_service_that_is_killed(skydriver, tmp_path, monkeypatch):
    ours = skydriver
    with running_service(tmp_path / "own", workers=1) as running:
        monkeypatch.setenv("SKYDRIVER_URL", running.url)
        scan_id = ours("submit", "example", "--reco", "dummy", "--nsides", "1:0,2:3").stdout.strip()
        ours("watch", scan_id)
        ours.json("products", scan_id, "--only", "multiorder.fits", "--out", "before")
        (child,) = children(running)
        running.kill()
        wait_until(lambda: child not in running.processes.alive(), "it is gone", LIMIT_S)
        running.restart()
        ours.json("products", scan_id, "--only", "multiorder.fits", "--out", "after")
        assert children(running) == []
        assert contents(tmp_path / "before") == contents(tmp_path / "after")
