"""No process outlives the one that forked it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Of Linux' ``prctl``: which signal comes when the parent ends."""


def end_with_parent(parent: int) -> None:
    """Be killed when the process `parent`, which just forked this one, ends; on Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it ended before
            os._exit(1)
