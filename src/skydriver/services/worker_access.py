"""Where workers elsewhere reach this service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerAddress:
    """An address, and how it is known."""

    url: str
    ca: bytes | None
    """Certificate, PEM, by which workers know it; None for one that their machines know."""


@dataclass(slots=True)
class WorkerAccess:
    """Known once the service listens there."""

    address: WorkerAddress | None = None
