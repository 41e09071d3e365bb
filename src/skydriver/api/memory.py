"""How the service's process takes memory from the system."""

from __future__ import annotations

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
"""The parameter's number, from glibc's ``malloc.h``."""


def share_one_arena() -> None:
    """Let all threads take memory from one place, to be called before there are any.

    Otherwise each of the many threads that answer requests keeps what it once needed, some tens of MB in all; and there
    is little to be won by it, for only one thread runs Python at a time. Without effect where the C library has no such
    choice.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
