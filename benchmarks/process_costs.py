"""CPU time and memory of processes, from /proc."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TICK = os.sysconf("SC_CLK_TCK")


class Memory(NamedTuple):
    """Of one process, MB."""

    rss: float
    pss: float
    """The same, with what is shared counted in parts."""


def memory(pid: int) -> Memory:
    """Memory now."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return Memory(*(int(re.search(rf"^{name}: +(\d+)", text, re.MULTILINE)[1]) / 1024 for name in ("Rss", "Pss")))


def cpu_seconds(pid: int, *, with_ended_children: bool = False) -> float:
    """CPU time of one process, s; also of its children that ended and were waited for."""
    used = _stat(pid)[11 : 15 if with_ended_children else 13]
    return sum(map(int, used)) / _TICK


def descendants(pid: int) -> list[int]:
    """All processes that a process started, and those that they started in turn."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            parents[int(folder.name)] = int(_stat(int(folder.name))[1])
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def _stat(pid: int) -> list[str]:
    """The words that follow the name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
