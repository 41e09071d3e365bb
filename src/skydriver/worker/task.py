"""What a worker is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from skydriver.events.event import Pulses

Outcome = Literal["done", "failed", "stopped", "lost"]
"""``failed`` and ``stopped`` (at its time limit) are attempts at the pixel; ``lost`` (its process died) is none."""

Vertex = tuple[float, float, float, float]
"""x, y, z in m and t in ns."""


@dataclass(frozen=True, slots=True)
class Model:
    """An algorithm and the event that it fits."""

    reco: str
    """As `skydriver.recos.registry.find_reco` takes it."""
    pulses: Pulses
    """Cleaned."""


@dataclass(frozen=True, slots=True)
class Job:
    """What all tasks share: sent to a worker once."""

    models: tuple[Model, ...]
    """What its tasks may be fitted with."""
    max_reco_time_s: float
    """Limit on the CPU time of one pixel's fit."""


class PixelTask(NamedTuple):
    """One fit."""

    direction: tuple[float, float, float]
    """Unit vector, detector coordinates, to where the particle came FROM."""
    seeds: tuple[Vertex, ...]
    """Vertices to start from; empty: the algorithm's own."""
    model: int = 0
    """Which of the job's models fits it."""


class PixelReport(NamedTuple):
    """The outcome of one fit; the numbers are NaN unless it is done."""

    outcome: Outcome
    llh: float
    E_in: float
    E_tot: float
    x: float
    y: float
    z: float
    t: float
    cpu_seconds: float
    error: str | None
    """Why it failed or was lost."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's first word: it can take tasks."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker's last word: it cannot do this job."""

    reason: str
