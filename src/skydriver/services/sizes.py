"""Sizes of memory and disk, as people write them."""

from __future__ import annotations

import re

_POWERS = {letter: power for power, letter in enumerate(("", "k", "m", "g", "t", "p"))}
_SIZE = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*(?:([kmgtp]?)(i?)(?:b|bytes?)?)\s*", re.ASCII | re.IGNORECASE)
MAX_BYTES = 10**15


def parse_size(value: object) -> int | None:
    """Bytes from a number, or from a text: ``8GB``, ``8G`` and ``8 gb`` are 8·10⁹, ``8GiB`` and ``8Gi`` 8·2³⁰.

    Returns
    -------
    int | None
        None for what is no size, or not between 1 and `MAX_BYTES`.
    """
    size = _bytes_of(value)
    return size if size is not None and 1 <= size <= MAX_BYTES else None


def _bytes_of(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match[3] and not match[2]):
        return None
    base = 1024 if match[3] else 1000
    factor: int = base ** _POWERS[match[2].lower()]
    return round(float(match[1]) * factor)


def mebibytes(n_bytes: int) -> int:
    """Size in MiB, rounded up."""
    return -(-n_bytes // 2**20)
