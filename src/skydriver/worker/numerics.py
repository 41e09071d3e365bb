"""What the numbers of a fit depend on beside the task: fits of one scan come from workers where it is the same."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from skydriver import __version__
from skydriver.recos.machine import machine_type

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PACKAGES = ("skydriver.detector", "skydriver.recos")
"""All code and tables that a fit runs through, but for the libraries."""
LIBRARIES = ("llvmlite", "numba", "numpy", "scipy")
SUFFIXES = (".py", ".npy")


@cache
def numerics_id() -> str:
    """Release, instruction set, and 16 hex digits of the hash of code, tables and libraries' versions.

    At most 80 characters, for example ``0.1.0/x86-64-v3/0123456789abcdef``.
    """
    return f"{__version__}/{machine_type()}/{_build_hash()[:16]}"


def machine_of(numerics: str) -> str:
    """The instruction set in a numerics id; all of an id that is none of ours."""
    parts = numerics.split("/")
    return parts[1] if len(parts) == 3 else numerics


def _build_hash() -> str:
    build = hashlib.sha256()
    for package in PACKAGES:
        for name, file in sorted(_files(files(package), package)):
            build.update(f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    for library in LIBRARIES:
        build.update(f"{library} {version(library)}\n".encode())
    return build.hexdigest()


def _files(folder: Traversable, name: str) -> list[tuple[str, Traversable]]:
    """Code and tables below `folder`, with their names."""
    found = []
    for entry in folder.iterdir():
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            found += _files(entry, path)
        elif entry.name.endswith(SUFFIXES):
            found.append((path, entry))
    return found
