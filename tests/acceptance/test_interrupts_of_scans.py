"""Ctrl-C and SIGTERM: workers end, what was finished is kept and marked, nothing is written where nothing was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess

import pytest

from skydriver.skymap.json_format import read_json
from skydriver.skymap.npz_format import read_npz

SIGNALS = [signal.SIGINT, signal.SIGTERM]
STEM = "run00000001.evt000000000021.crash_dummy_8_16.partial"


def stuck(skydriver, processes, hanging, fraction, *more: str):
    """A scan both of whose workers hang in a fit that has no end."""
    reco = ("--reco", f"crash_dummy:{fraction}:hang", "--max-reco-time", "100000", "--workers", "2")
    scan = skydriver.start("scan", "example", *reco, "--nsides", "8:0,16:12", "--out", "new/out", *more)
    found = processes(scan)
    found.wait_until(lambda: len(found.fitting()) == 2 and hanging(found.fitting()))
    return scan, found


@pytest.mark.parametrize(("send", "number"), [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)])
def test_what_was_finished_is_kept_and_marked(skydriver, processes, hanging, send, number):
    """Ctrl-C reaches all processes of a terminal, a supervisor's SIGTERM only the first."""
    scan, found = stuck(skydriver, processes, hanging, 0.01, "--json")
    send(scan.pid, number)
    answer = json.loads(skydriver.end(scan)[0])
    assert scan.returncode == 130
    assert found.alive() == {}
    assert (answer["partial"], answer["interrupted"], answer["verdict"]["answer"]) == (True, "scan", "no")
    names = [f"{STEM}{end}" for end in (".json", ".npz", ".png", ".provenance.json", ".summary.json")]
    assert sorted(path.name for path in (skydriver.folder / "new" / "out").iterdir()) == names
    kept = read_json(skydriver.folder / "new" / "out" / f"{STEM}.json")
    assert kept == read_npz(skydriver.folder / "new" / "out" / f"{STEM}.npz")
    assert kept.partial
    assert kept.provenance.partial
    assert dict(kept.complete) == {8: False}
    assert 0 < kept.n_pixels == answer["n_pixels"] < 768


@pytest.mark.parametrize("number", SIGNALS)
def test_nothing_finished_nothing_written(skydriver, processes, hanging, number):
    scan, found = stuck(skydriver, processes, hanging, 1)
    scan.send_signal(number)
    stdout, stderr = skydriver.end(scan)
    assert (scan.returncode, stdout) == (130, "")
    assert stderr == "interrupted before anything was finished: nothing is written\n"
    assert found.alive() == {}
    assert list(skydriver.folder.iterdir()) == []


def test_impatience_changes_nothing_and_text_says_partial(skydriver, processes, hanging):
    scan, found = stuck(skydriver, processes, hanging, 0.01)
    while scan.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
            os.killpg(scan.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            scan.wait(0.05)
    stdout, stderr = skydriver.end(scan)
    assert scan.returncode == 130
    assert stdout.splitlines()[1] == "PARTIAL: the scan was interrupted; this is what was finished"
    assert "Traceback" not in stderr
    assert found.alive() == {}
    assert len(list((skydriver.folder / "new" / "out").iterdir())) == 5


@pytest.mark.parametrize(("more", "what"), [("--systematics", "variants"), ("--enclose", "wider scan")])
def test_what_comes_after_the_map_is_cut_short_and_the_map_stays_whole(skydriver, processes, more, what):
    """Told by the exit code too. The signal comes once a line of progress says that the first scan is done."""
    settings = ("--nsides", "8:0,64:12,512:1", "--workers", "2", more)
    scan = skydriver.start("scan", "example", *settings, "--json", bufsize=1)
    found = processes(scan)
    while not (line := scan.stderr.readline()).startswith("1600/1600 pixels"):
        assert line
    scan.send_signal(signal.SIGINT)
    answer = json.loads(skydriver.end(scan)[0])
    assert scan.returncode == 130
    assert found.alive() == {}
    assert (answer["interrupted"], answer["partial"]) == (what, False)
    assert answer["best_fit"] is not None
    assert answer["n_pixels"] == 1600
    assert not any(".partial." in path for path in answer["products"])
    assert any(what in reason and "interrupted" in reason for reason in answer["verdict"]["reasons"])
    if more == "--systematics":
        assert answer["systematics"]["complete"] is False


@pytest.mark.parametrize("number", SIGNALS)
def test_while_the_event_is_read(skydriver, processes, number):
    os.mkfifo(skydriver.folder / "slow")
    scan = skydriver.start("scan", "slow")
    processes(scan)
    with (skydriver.folder / "slow").open("wb"):  # opens when the command has opened its end
        scan.send_signal(number)
        stdout, stderr = skydriver.end(scan)
    assert (scan.returncode, stdout) == (130, "")
    assert stderr == "interrupted before anything was finished: nothing is written\n"
    assert [path.name for path in skydriver.folder.iterdir()] == ["slow"]


def test_workers_end_with_a_command_that_is_killed(skydriver, processes):
    scan = skydriver.start("scan", "example", "--workers", "2")
    found = processes(scan)
    found.wait_until(lambda: len(found.fitting()) == 2)
    scan.kill()
    scan.wait()
    found.wait_for_their_end()
    assert found.alive() == {}
    assert [path.name for path in skydriver.folder.iterdir()] in ([], ["out"])
