"""``skydriver products`` killed while it writes: each file is absent or whole."""

from __future__ import annotations

import json
import os
import random
import signal
import time

import pytest

N_KILLS = int(os.environ.get("SKYDRIVER_KILLS", "1"))
"""`make soak` kills more often."""
SEED = int(os.environ.get("SKYDRIVER_FUZZ_SEED", "20260101"))
PATIENCE_S = 60


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, command, scan_once):
    """A result, and what is made of it."""
    run = command(tmp_path_factory.mktemp("undisturbed"))
    (npz,) = scan_once("example", "--reco", "pandel_mpe", "--nsides", "8:0,64:12")[1].glob("*.npz")
    made = run.json("products", npz, "--out", "all", "--event", "example")
    assert made["not_made"] == []
    return npz, contents(run.folder / "all")


def contents(folder):
    """What the files in a folder hold; of a notice without its time, which is now."""
    return {path.name: timeless(path) for path in folder.iterdir() if not path.name.startswith(".")}


def timeless(path):
    if not path.name.endswith(".notice.json"):
        return path.read_bytes()
    notice = json.loads(path.read_bytes())
    assert notice.pop("alert_datetime")
    return notice


def kill_at(process, folder, n_files):
    """Kill it as soon as so many names are in its folder."""
    latest = time.monotonic() + PATIENCE_S
    while process.poll() is None and (not folder.exists() or len(os.listdir(folder)) < n_files):  # noqa: PTH208 - quick
        assert time.monotonic() < latest, "nothing is written"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("number", range(N_KILLS))
def test_each_file_is_absent_or_whole(undisturbed, skydriver, number):
    """What is left of a file that was being written has a hidden name; the next run makes all of them."""
    npz, expected = undisturbed
    n_files = random.Random(SEED + number).randint(1, len(expected))  # noqa: S311 - no secret
    folder = skydriver.folder / "out"
    kill_at(skydriver.start("products", npz, "--out", "out", "--event", "example"), folder, n_files)
    found = contents(folder)
    assert found.items() <= expected.items(), f"seed {SEED}, number {number}"
    assert len(found) >= n_files - 1
    hidden = {path.name for path in folder.iterdir()} - set(found)
    assert len(hidden) <= 1
    assert all(name.endswith(".tmp") for name in hidden)
    skydriver.json("products", npz, "--out", "out", "--event", "example")
    assert contents(folder) == expected
