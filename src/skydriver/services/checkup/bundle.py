"""The bundle that jobs fetch: whether it is there, and whether its workers may fit scans together with ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zlib
from typing import TYPE_CHECKING, Any, Final

from skydriver.clusters.images import ENGINE
from skydriver.errors import SettingError, UnavailableError
from skydriver.recos.baseline import environment

if TYPE_CHECKING:
    from pathlib import Path

    from skydriver.clusters.configured import Clusters

BUNDLE_CURE: Final = "make one with skydriver bundle, and name it as bundle in the clusters' file"
ABOUT: Final = "bundle.json"
FIRST: Final = 100
"""It is among so many entries."""
MAX_ABOUT_BYTES: Final = 10_000
START_S: Final = 60.0
NUMERICS: Final = "from skydriver.worker.numerics import numerics_id; print(numerics_id())"


def look_at_bundle(clusters: Clusters) -> str:
    """What the bundle is.

    Raises
    ------
    SettingError
        If there is none, or its fits are not those of this machine.
    """
    path, baseline = clusters.bundle, clusters.baseline
    if path is None or baseline is None:
        raise SettingError("bundle", "the clusters' file names none, but workers are to come by one")
    about = about_bundle(path)
    _must_be(path, "holds", about["engine"], ENGINE)
    _must_be(path, "is made for", about["baseline"], baseline)
    _must_be(path, "fits as", about["numerics"], numerics_of(baseline))
    return f"{path}, {path.stat().st_size / 1e6:.0f} MB, for Python {about['python']} and {baseline}"


def about_bundle(path: Path) -> dict[str, str]:
    """What a bundle says of itself: ``engine``, ``numerics``, ``python`` and ``baseline``. Its first entries are read.

    Raises
    ------
    SettingError
        If it cannot be read, or is none.
    """
    try:
        with tarfile.open(path, "r|gz") as archive:
            said = _about(archive)
        return {name: str(said[name]) for name in ("engine", "numerics", "python", "baseline")}
    except OSError as error:
        raise SettingError("bundle", f"{path} cannot be read: {error.strerror or error}") from error
    except (tarfile.TarError, zlib.error, EOFError, ValueError, KeyError, TypeError) as error:
        raise SettingError("bundle", f"{path} is none that skydriver bundle made (no readable {ABOUT})") from error


def _about(archive: tarfile.TarFile) -> Any:
    for _, member in zip(range(FIRST), archive, strict=False):
        if member.name == ABOUT and (file := archive.extractfile(member)) is not None:
            return json.loads(file.read(MAX_ABOUT_BYTES))
    raise KeyError(ABOUT)


def numerics_of(baseline: str) -> str:
    """By what id this machine's workers register when they fit by `baseline`; they are other processes than this."""
    command = [sys.executable, "-c", NUMERICS]
    variables = {**os.environ, **environment(baseline)}
    try:
        run = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=START_S, check=True)  # noqa: S603 - ours
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"this machine's workers do not say how they fit: {error}") from error
    return run.stdout.strip()


def _must_be(path: Path, verb: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise SettingError("bundle", f"{path} {verb} {found[:100]}, but the workers here are {wanted}")
