"""Containers of workers: a root file system into which a bundle is put."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Final

from skydriver.clusters.images import MARKER
from skydriver.clusters.shipping.fetch import FetchError, unpack
from skydriver.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

PLACE: Final = "opt/skydriver"
PYTHONS: Final = ("usr/bin", "usr/local/bin", "bin", "opt/venv/bin")
TEST: Final = ".singularity.d/actions/test"
"""What ``apptainer test`` runs, by which HTCondor sees before each job whether an image works."""
SHELLS: Final = ("bin/sh", "usr/bin/sh")


def make_image(bundle: Path, root: Path) -> str:
    """Put the worker of `bundle` below `root`, in place of one that is there; the engine that it is.

    Raises
    ------
    SettingError
        If `root` lacks what the worker needs, or `bundle` is none.
    """
    if not any((root / shell).exists() or (root / shell).is_symlink() for shell in SHELLS):
        raise SettingError("FOLDER", f"{root} is no root file system (it has no /bin/sh)")
    new = (root / PLACE).with_name("skydriver.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.parent.mkdir(parents=True, exist_ok=True)
        with bundle.open("rb") as file:
            unpack(file, new)
        new.chmod(0o755)
        about = json.loads((new / "bundle.json").read_text())
        engine, python = str(about["engine"]), f"python{about['python']}"
        if not any((root / folder / python).is_symlink() or (root / folder / python).exists() for folder in PYTHONS):
            raise SettingError("FOLDER", f"{root} has no {python}, for which this bundle is made")
        shutil.rmtree(root / PLACE, ignore_errors=True)
        new.rename(root / PLACE)
        _add_test(root / TEST)
    except (OSError, ValueError, KeyError, FetchError) as error:
        raise SettingError("BUNDLE", f"{bundle} cannot be put into {root}: {error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    (root / MARKER).write_text(json.dumps({"engine": engine}) + "\n")
    return engine


def _add_test(path: Path) -> None:
    """Let a root file system that Apptainer did not build be taken for one that works, if it has a shell."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\nexit 0\n")
        path.chmod(0o755)
