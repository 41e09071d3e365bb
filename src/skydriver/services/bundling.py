"""A worker's environment as one file: libraries, our own code and compiled kernels, for the Python of a pool."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.clusters.images import ENGINE
from skydriver.clusters.shipping.archive import write_archive
from skydriver.errors import SettingError, UnavailableError
from skydriver.recos.baseline import environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIBRARIES: Final = (
    "certifi", "h11", "httpcore", "llvmlite", "numba", "numpy", "orjson", "platformdirs", "structlog",
)  # fmt: skip
"""What a worker imports; each at the version that is installed here."""
NAMED_ONLY: Final = ("scipy",)
"""What the numerics id names though no fit uses it: its version goes along, but none of its code."""
OWN: Final = ("__init__.py", "errors.py", "log.py", "detector", "events", "recos", "worker")
"""Files and packages of ours that a worker imports."""
UNUSED: Final = ("bin", "llvmlite/tests", "numba/tests", "numba/cuda/tests", "numpy/f2py", "numpy/**/tests")
UNUSED_FILES: Final = ("*.a", "*.c", "*.cpp", "*.h", "*.pxd", "*.pyi", "*.pyx")
OLDEST_LINUX: Final = 17
"""Minor version of the C library of the oldest wheels."""
INDEX_S: Final = 600.0
WARM: Final = "skydriver.worker.warming"


class Built(NamedTuple):
    """A bundle that was made."""

    path: Path
    sha256: str
    n_bytes: int
    n_unpacked: int
    """Bytes of its files."""
    python: str
    """Version of Python that it is for, such as ``3.13``."""
    baseline: str
    numerics: str
    """As its workers register with."""


class Wanted(NamedTuple):
    """What a bundle is made for."""

    python: Sequence[str]
    """The command that runs the pool's Python here."""
    baseline: str
    """Instruction set of its kernels, such as ``x86-64-v3``."""
    platform: str
    """Newest wheels that the pool's machines take, such as ``manylinux_2_28_x86_64``."""


def build_bundle(path: Path, wanted: Wanted, level: int = 6) -> Built:
    """Make a bundle; `level` is gzip's.

    Raises
    ------
    SettingError
        Naming what of `wanted` is wrong.
    UnavailableError
        If the libraries cannot be had.
    """
    variables = environment(wanted.baseline)
    python = _version_of(wanted.python)
    with tempfile.TemporaryDirectory(prefix="skydriver-bundle-") as name:
        folder = Path(name) / "made"
        lib = folder / "lib"
        lib.mkdir(parents=True)
        _install(lib, python, wanted.platform)
        _copy_own(lib)
        _prune(lib)
        numerics = _warm(wanted.python, folder, variables)
        _write_start(folder, python, variables)
        about = {"engine": ENGINE, "numerics": numerics, "python": python, "baseline": wanted.baseline}
        (folder / "bundle.json").write_text(json.dumps(about) + "\n")
        n_unpacked = write_archive(folder, path, level)
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha256.update(chunk)
    n_bytes = path.stat().st_size
    return Built(path, sha256.hexdigest(), n_bytes, n_unpacked, python, wanted.baseline, numerics)


def _version_of(python: Sequence[str]) -> str:
    """Of the pool's Python, which must run here."""
    asks = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    try:
        run = subprocess.run([*python, "-c", asks], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise SettingError("python", f"{' '.join(python)} does not run here") from error
    match = re.fullmatch(r"cpython (3\.(\d+))", run.stdout.strip())
    if match is None or int(match[2]) < 11:
        raise SettingError("python", f"it is {run.stdout.strip()[:40]}, but workers need CPython 3.11 or newer")
    return match[1]


def _install(lib: Path, python: str, platform: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", "--retries=1", "--target", str(lib)]
    command += ["--implementation=cp", f"--python-version={python}", f"--abi=cp{python.replace('.', '')}"]
    command += ["--abi=abi3", "--abi=none", *(f"--platform={name}" for name in platforms(platform))]
    try:
        run = subprocess.run(  # noqa: S603 - our own interpreter
            [*command, *(f"{name}=={version(name)}" for name in LIBRARIES)],
            capture_output=True, text=True, check=False, timeout=INDEX_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"the libraries could not be had within {INDEX_S:g} s") from error
    if run.returncode:
        raise UnavailableError(_complaint(run.stderr, python, platform))


def _complaint(said: str, python: str, platform: str) -> str:
    """One sentence of what pip says; addresses are not repeated, for they may hold passwords."""
    if "No module named pip" in said:
        return "pip is not installed beside SkyDriver, which needs it to make a bundle"
    missing = re.search(r"No matching distribution found for ([\w.=-]+)", said)
    what = f" (no {missing[1]})" if missing else ""
    return f"the libraries could not be had for Python {python} on {platform}{what}: see whether pip has its network"


def platforms(newest: str) -> list[str]:
    """All names of wheels that machines take which take `newest`.

    Raises
    ------
    SettingError
        If it is no such name.
    """
    match = re.fullmatch(r"manylinux_2_(\d{2})_(\w+)", newest)
    if match is None:
        raise SettingError("platform", f"it is {newest[:60]!a}, not one such as manylinux_2_28_x86_64")
    names = [f"manylinux_2_{minor}_{match[2]}" for minor in range(int(match[1]), OLDEST_LINUX - 1, -1)]
    return [*names, f"manylinux2014_{match[2]}"]


def _copy_own(lib: Path) -> None:
    ours = lib / "skydriver"
    ours.mkdir()
    with as_file(files("skydriver")) as source:
        for name in OWN:
            if (source / name).is_dir():
                shutil.copytree(source / name, ours / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source / name, ours / name)
    for name in NAMED_ONLY:
        folder = lib / f"{name}-{version(name)}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version(name)}\n")


def _prune(lib: Path) -> None:
    for pattern in UNUSED:
        for folder in list(lib.glob(pattern)):
            shutil.rmtree(folder)
    for pattern in UNUSED_FILES:
        for file in list(lib.rglob(pattern)):
            file.unlink()


def _warm(python: Sequence[str], folder: Path, variables: Mapping[str, str]) -> str:
    """Compile everything, and see that nothing is compiled again where the folder was moved; the numerics id."""
    _run(python, folder, variables, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", "lib")
    _run(python, folder, variables, "-m", WARM)
    moved = folder.rename(folder.with_name("moved"))
    said = json.loads(_run(python, moved, variables, "-m", WARM))
    moved.rename(folder)
    if said["compiled"]:
        raise UnavailableError(f"the kernel {said['compiled'][0]} would be compiled again on every machine")
    return str(said["numerics"])


def _run(python: Sequence[str], folder: Path, variables: Mapping[str, str], *arguments: str) -> str:
    own = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "NUMBA_"))}
    own |= {
        **variables,
        "PYTHONPATH": str(folder / "lib"), "NUMBA_CACHE_DIR": str(folder), "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    run = subprocess.run(  # noqa: S603 - the operator's command
        [*python, *arguments], cwd=folder, env=own, capture_output=True, text=True, check=False
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or [f"it ended with {run.returncode}"])[-1]
        raise UnavailableError(f"the worker does not run under {' '.join(python)}: {last[:300]}")
    return run.stdout


def _write_start(folder: Path, python: str, variables: Mapping[str, str]) -> None:
    text = files("skydriver.clusters.shipping").joinpath("start.sh").read_text()
    exports = "\n".join(f"export {name}='{value}'" for name, value in variables.items())
    file = folder / "start.sh"
    file.write_text(text.replace("@ENVIRONMENT@", exports).replace("@VERSION@", python))
    file.chmod(0o755)
