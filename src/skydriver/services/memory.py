"""How the service's process takes memory from the system and gives it back; of no effect where its C library cannot."""

from __future__ import annotations

import ctypes
import gc
from typing import Final

_M_ARENA_MAX: Final = -8
"""The parameter's number, from glibc's ``malloc.h``."""
_NEW_OBJECTS: Final = 10_000
"""Cycles of references are looked for after so many new objects: Python's own 700 are few for a scan's thousands."""


def share_one_arena() -> None:
    """Let all threads take memory from one place, to be called before there are any.

    Otherwise each of the many threads that answer requests keeps what it once needed, some tens of MB in all; and there
    is little to be won by it, for only one thread runs Python at a time.
    """
    _call("mallopt", _M_ARENA_MAX, 1)


def look_past_what_is_here() -> None:
    """Leave what there is now, modules above all, out of all later searches for cycles of references.

    It stays until the end, and going through it again and again took a third of the CPU time of a lease.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def give_back() -> None:
    """Give back what is free, after something large."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
