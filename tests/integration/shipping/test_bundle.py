"""What a bundle's worker does on a machine that never ran one: it compiles nothing, wherever it lies."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from bundles import BASELINE, bundle_of
from needs import require
from skydriver.recos.baseline import environment
from skydriver.services.bundling import LIBRARIES
from skydriver.services.worker_image import make_image

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="its baseline is one of x86")
WARM = "skydriver.worker.warming"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return bundle_of(tmp_path_factory, "pool")


@pytest.fixture(scope="module")
def unpacked(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked") / "of it"
    with tarfile.open(made.path) as archive:
        archive.extractall(folder, filter="data")
    yield folder
    shutil.rmtree(folder)


def warm(made, folder, *before: str, **more: str):
    """What one fit of each algorithm says, with the environment of `start.sh`."""
    script = (folder / "start.sh").read_text().replace("skydriver.worker.remote", WARM)
    run = subprocess.run(
        [*before, "/bin/sh", "-c", script, str(folder / "start.sh")], capture_output=True, text=True,
        check=False, cwd="/",
        env={"PATH": f"{Path(made.command[0]).parent}:/usr/bin:/bin", "HOME": "/nonexistent"} | more,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_it_says_what_it_is_and_holds_what_is_installed_here(made, unpacked):
    about = json.loads((unpacked / "bundle.json").read_text())
    assert about == {
        "engine": "skydriver-0.1.0", "numerics": made.numerics, "python": made.python, "baseline": BASELINE,
    }  # fmt: skip
    assert hashlib.sha256(made.path.read_bytes()).hexdigest() == made.sha256
    assert made.path.stat().st_size == made.n_bytes < 120_000_000
    from importlib.metadata import version

    held = {
        path.name.partition("-")[0]: path.name.split("-")[1].removesuffix(".dist")
        for path in unpacked.glob("lib/*.dist-info")
    }
    assert {name: held[name] for name in LIBRARIES} == {name: version(name) for name in LIBRARIES}


def test_its_archive_is_plain_and_has_no_owner(made):
    with tarfile.open(made.path) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [
        "/".join(parts) for parts in sorted(tuple(member.name.split("/")) for member in members)
    ]
    assert {(member.uid, member.gid, member.uname, member.mtime) for member in members} == {(0, 0, "", 315_532_800)}
    assert all(member.isfile() or member.isdir() for member in members)
    assert not [member.name for member in members if re.search(r"(^|/)(numba|llvmlite)/tests/", member.name)]


def test_it_registers_as_this_machines_workers_do_under_the_same_baseline(made):
    import sys

    says = "from skydriver.worker.numerics import numerics_id; print(numerics_id())"
    ours = subprocess.check_output([sys.executable, "-c", says], env=os.environ | environment(BASELINE), text=True)
    assert ours.strip() == made.numerics


def test_it_compiles_nothing_and_writes_nothing_where_it_lies_read_only(made, unpacked):
    """Also not for want of a home: the folder is neither writable nor where it was made."""
    before = sorted(unpacked.rglob("*"))
    subprocess.run(["chmod", "-R", "a-w", unpacked], check=True)
    try:
        said = warm(made, unpacked, *unprivileged())
    finally:
        subprocess.run(["chmod", "-R", "u+w", unpacked], check=True)
    assert said == {"numerics": made.numerics, "compiled": []}
    assert sorted(unpacked.rglob("*")) == before


def test_another_processor_finds_the_kernels_too(made, unpacked):
    """Emulated: a Haswell, on which this machine's own kernels would not even be looked for."""
    emulator = shutil.which("qemu-x86_64")
    require(present=emulator is not None, what="qemu-x86_64")
    *front, program = Path(made.command[0]).read_text().splitlines()
    folder = unpacked.parent / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / Path(made.command[0]).name
    script.write_text("\n".join([*front, program.replace(" exec ", f" exec {emulator} -cpu Haswell ")]) + "\n")
    script.chmod(0o755)
    names = "import llvmlite.binding as b; print(b.get_host_cpu_name())"
    host = [
        subprocess.check_output(
            [command, "-c", names], text=True, stderr=subprocess.DEVNULL, env={"PYTHONPATH": str(unpacked / "lib")}
        )
        for command in (made.command[0], script)
    ]
    assert host[0] != host[1] == "haswell\n"
    said = warm(made._replace(command=[str(script)]), unpacked)
    assert said == {"numerics": made.numerics, "compiled": []}


def test_kernels_that_cannot_be_kept_are_compiled_and_nothing_else_happens(made, unpacked):
    """A cache that is away or damaged costs time, not the fit."""
    kernels = next(unpacked.glob("kernels/*"))
    kernels.rename(kernels.with_name("away"))
    try:
        kernels.parent.chmod(0o555)
        said = warm(made, unpacked, *unprivileged())
    finally:
        kernels.parent.chmod(0o755)
        kernels.with_name("away").rename(kernels)
    assert "fit_seeds" in said["compiled"]


def test_a_machine_without_its_python_says_so(made, unpacked, tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)
    for path, found in ((tmp_path, "3.9"), (tmp_path / "none", "none")):
        run = subprocess.run(
            ["/bin/sh", unpacked / "start.sh", "x.json"],
            env={"PATH": str(path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 1
        assert run.stderr == f"this worker is made for Python {made.python}, but the machine has {found}\n"


def test_an_image_holds_the_worker_and_says_whose(made, tmp_path):
    root = tmp_path / "skymap_scanner:1"
    for name in ("bin/sh", f"usr/bin/python{made.python}"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    for _ in range(2):
        assert make_image(made.path, root) == "skydriver-0.1.0"
    assert json.loads((root / "skydriver-worker.json").read_text()) == {"engine": "skydriver-0.1.0"}
    assert sorted(path.name for path in (root / "opt").iterdir()) == ["skydriver"]
    assert (root / "opt/skydriver/start.sh").exists()
    test = root / ".singularity.d/actions/test"  # HTCondor asks before each job whether the image works
    assert subprocess.run([test], check=False).returncode == 0


def unprivileged():
    """What runs a command as nobody in particular: to root everything is writable."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"] if os.geteuid() == 0 else []
