"""What is slow to make and tests only read: made once in a run of tests, for all of its processes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKYDRIVER = Path(sys.executable).with_name("skydriver")
LIMIT_S = 300


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """A function from a name, and one that fills a folder, to that folder; whoever comes meanwhile waits."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    shared.mkdir(exist_ok=True)

    def folder_of(name, fill):
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                begun = shared / f"{name}.begun"
                shutil.rmtree(begun, ignore_errors=True)  # of one that failed
                begun.mkdir()
                fill(begun)
                begun.rename(folder)
        return folder

    return folder_of


@pytest.fixture(scope="session")
def scan_once(once):
    """A function from an event and options to the answer of its scan, and the folder of its products."""

    def scan(event, *options: object):
        words = [str(event), *map(str, options)]
        name = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]
        folder = once(f"scan-{name}", lambda begun: run(begun, "scan", *words, "--out", "out"))
        return json.loads((folder / "answer.json").read_bytes()), folder / "out"

    return scan


def run(folder, *arguments: object):
    """Run a command in a folder, and leave its answer there as answer.json."""
    done = subprocess.run(
        [SKYDRIVER, *map(str, arguments), "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    (folder / "answer.json").write_text(done.stdout)
