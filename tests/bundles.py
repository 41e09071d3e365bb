"""Bundles that tests use: made once for all processes of a run, for a pool's Python or for this one."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from needs import require
from skydriver.services.bundling import Wanted, build_bundle

POOL_ROOT = Path(os.environ.get("SKYDRIVER_TEST_CONDOR_ROOT", "/opt/condor-root"))
"""The root file system of the test pools (tools/condor-pool)."""
BASELINE = "x86-64-v3"
PLATFORM = "manylinux_2_28_x86_64"


class Made(NamedTuple):
    """A bundle, and the command of the Python that it is for."""

    path: Path
    sha256: str
    n_bytes: int
    n_unpacked: int
    python: str
    numerics: str
    command: list[str]


def pool_python(folder: Path) -> list[str]:
    """The pool's Python as a command here: by its own tree's loader; skipped without such a tree."""
    found = sorted((POOL_ROOT / "usr/bin").glob("python3.[0-9][0-9]"))
    require(present=bool(found), what=f"the tree of the test pools ({POOL_ROOT})")
    script = folder / found[0].name
    libraries = ":".join(str(POOL_ROOT / part) for part in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"))
    loader = POOL_ROOT / "lib64/ld-linux-x86-64.so.2"
    line = shlex.join([str(loader), "--library-path", libraries, str(found[0])])
    script.write_text(f'#!/bin/sh\nPYTHONHOME={POOL_ROOT / "usr"} exec {line} "$@"\n')
    script.chmod(0o755)
    return [str(script)]


def bundle_of(tmp_path_factory, kind: str) -> Made:
    """The bundle for the ``pool``'s Python, or for ``ours``; whichever process needs it first makes it."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / f"bundle-{kind}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = folder / "made.json"
        if not told.exists():
            command = pool_python(folder) if kind == "pool" else [sys.executable]
            built = build_bundle(folder / "bundle.tar.gz", Wanted(command, BASELINE, PLATFORM), level=1)
            facts = built._asdict() | {"path": str(built.path), "command": command}
            told.write_text(json.dumps({name: facts[name] for name in Made._fields}))
    made = json.loads(told.read_text())
    return Made(**made | {"path": Path(made["path"])})
