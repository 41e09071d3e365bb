"""The one place where it is decided how kernels are compiled, and where what came of it is kept.

Kernels that are compiled are kept in a folder that may be moved, with this package or without it, and that need not be
writable: neither paths nor times are part of what numba looks for.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numba
import platformdirs
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType

P = ParamSpec("P")
R = TypeVar("R")

config: Any = numba.config
SOURCES = Path(__file__).resolve().parent.parent
COMPILED: list[str] = []
"""What this process compiled, because it was not kept: one name for each set of types."""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` to machine code, cached on disk.

    No fastmath flag: it would let NaN pass for a number and make results depend on the instruction set.
    Division by zero gives inf, as in C. The GIL is kept: a worker process runs one fit at a time.
    """
    before = config.CACHE_LOCATOR_CLASSES
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{Place.__name__}"
    try:
        compiled = numba.njit(error_model="numpy", cache=True, fastmath=False)(function)
        if hasattr(compiled, "_cache"):  # not where nothing is compiled (NUMBA_DISABLE_JIT)
            compiled._cache = Kept(function)  # type: ignore[no-untyped-call]  # noqa: SLF001 - numba has no other way
    finally:
        config.CACHE_LOCATOR_CLASSES = before
    return cast("Callable[P, R]", compiled)


class Kept(FunctionCache):
    """What was compiled; where it cannot be kept it is compiled again, and nothing else happens."""

    def save_overload(self, sig: object, data: object) -> None:
        """Keep it."""
        COMPILED.append(self._py_func.__name__)
        with suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]


class Place:
    """Where numba keeps one function, by the words it asks that with.

    Parameters
    ----------
    function
        The Python function.
    file
        In which it stands.
    """

    def __init__(self, function: FunctionType, file: str) -> None:
        self._line = function.__code__.co_firstlineno
        module = Path(file).resolve()
        self._foreign = None if module.is_relative_to(SOURCES) else module
        self._folder = Path(cache_folder()) / (
            module.parent.name if self._foreign else module.parent.relative_to(SOURCES)
        )

    @classmethod
    def from_function(cls, py_func: FunctionType, py_file: str) -> Place:
        """The place for a function."""
        return cls(py_func, py_file)

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def ensure_cache_path(self) -> None:
        """Make the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def get_source_stamp(self) -> str:
        """What must be equal: for our kernels the folder's name says it all, for it is the hash of their text."""
        return "ours" if self._foreign is None else hashlib.sha256(self._foreign.read_bytes()).hexdigest()

    def get_disambiguator(self) -> str:
        """What tells functions of one name apart."""
        return str(self._line)


@cache
def cache_folder() -> str:
    """A folder named by the text of all kernels: numba itself looks only at the file of the function it compiles."""
    text = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*.py")):
        text.update(path.read_bytes())
    name = text.hexdigest()[:16]
    return str(Path(config.CACHE_DIR or platformdirs.user_cache_path("skydriver")) / "kernels" / name)
