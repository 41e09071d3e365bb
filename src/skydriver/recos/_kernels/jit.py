"""The one place where it is decided how kernels are compiled."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numba
import platformdirs

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

config: Any = numba.config
SOURCES = Path(__file__).resolve().parent.parent


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` to machine code, cached on disk.

    No fastmath flag: it would let NaN pass for a number and make results depend on the instruction set.
    Division by zero gives inf, as in C. The GIL is kept: a worker process runs one fit at a time.
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = _cache_folder()
    try:
        compiled = numba.njit(error_model="numpy", cache=True, fastmath=False)(function)
    finally:
        config.CACHE_DIR = before
    return cast("Callable[P, R]", compiled)


@cache
def _cache_folder() -> str:
    """A folder named by the text of all kernels: numba itself looks only at the file of the function it compiles."""
    text = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*.py")):
        text.update(path.read_bytes())
    name = text.hexdigest()[:16]
    return str(Path(config.CACHE_DIR or platformdirs.user_cache_path("skydriver")) / "kernels" / name)
