"""Tables shipped inside this package."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _content(name: str) -> bytes:
    return files("skydriver.detector").joinpath("data", name).read_bytes()


def load_table(name: str) -> NDArray[np.float64]:
    """The numbers in the file `name` of `data/`, as float64."""
    return np.asarray(np.load(io.BytesIO(_content(name)), allow_pickle=False), dtype=np.float64)


@cache
def table_hash(name: str) -> str:
    """sha256 (hex) of the file `name` of `data/`."""
    return hashlib.sha256(_content(name)).hexdigest()
