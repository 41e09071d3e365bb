"""What is sent with each job, and how the worker's environment gets to its machine.

`fetch.py` runs there by itself, under whatever Python the machine has: it uses nothing but the standard library.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from skydriver.clusters.base import Order
    from skydriver.clusters.configured import ClusterSettings

EXECUTABLE: Final = "run.sh"
START: Final = "start.json"
TOKEN: Final = "token"  # noqa: S105 - the name of its file
CA: Final = "ca.pem"
FETCH: Final = "fetch.py"


def files_of(order: Order, settings: ClusterSettings) -> dict[str, bytes]:
    """The files that each job of an order needs beside it, by name; `EXECUTABLE` is what it runs.

    All but that are their owner's alone to read: one of them is a secret.
    """
    found = {EXECUTABLE: _text(EXECUTABLE), START: start_json(order, settings), TOKEN: order.token.encode()}
    if order.ca is not None:
        found[CA] = order.ca
    if order.bundle is not None:
        found[FETCH] = _text(FETCH)
    return found


def start_json(order: Order, settings: ClusterSettings) -> bytes:
    """What a worker is told, on one line; it holds no secret."""
    bundle = order.bundle
    said = {
        "url": order.worker_url.rstrip("/"),
        "pool": order.pool,
        "token_file": TOKEN,
        "ca_file": None if order.ca is None else CA,
        "baseline": order.baseline,
        "ship": "container" if bundle is None else "bundle",
        "sha256": None if bundle is None else bundle.sha256,
        "n_bytes": None if bundle is None else bundle.n_bytes,
        "cache": settings.cache,
    }
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _text(name: str) -> bytes:
    return files(__name__).joinpath(name).read_bytes()
