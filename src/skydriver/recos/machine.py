"""The machine as far as the last bits of a fit may depend on it."""

from __future__ import annotations

import platform
from functools import cache

import numpy as np


@cache
def machine_type() -> str:
    """Processor family and instruction set level, on which the last bits of a result may depend.

    The levels are those of the x86-64 psABI, as far as NumPy found them on this machine.
    """
    machine = platform.machine().lower()
    if machine not in {"x86_64", "amd64"}:
        return machine
    found = set(np.show_config(mode="dicts")["SIMD Extensions"].get("found", ()))
    levels = {"v4": {"X86_V4", "AVX512_SKX"}, "v3": {"X86_V3", "AVX2"}}
    return f"x86-64-{next((level for level, names in levels.items() if names & found), 'v2')}"
