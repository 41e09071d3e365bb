"""What workers say and are told, checked: sizes are bounded, and nothing is trusted but its shape."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field

import skydriver
from skydriver.worker.compute import MAX_PIXELS

ENGINE = f"skydriver-{skydriver.__version__}"
"""What fits our own scans, as they are stored."""
PROTOCOL = 1
"""Version of the words below."""
MAX_WAIT_S = 30.0
MAX_LOG_LINES = 1000

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
Words = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
Number = Annotated[float | None, Field(allow_inf_nan=True)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Registration(_Said):
    """A worker's first words."""

    pool: Name
    protocol: int
    engine: Name
    numerics: Name
    host: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    cpu: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class PixelOutcome(_Said):
    """The outcome of one fit; the numbers count only where it is done."""

    index: Annotated[int, Field(ge=0, lt=2**62)]
    outcome: Literal["done", "failed", "stopped", "lost"]
    llh: Number = None
    E_in: Number = None
    E_tot: Number = None
    x: Number = None
    y: Number = None
    z: Number = None
    t: Number = None
    cpu_seconds: Annotated[float, Field(ge=0.0, le=1e9)] = 0.0
    error: Words | None = None

    @property
    def is_done(self) -> bool:
        """Whether it came to a value: an llh that is no finite number is none."""
        return self.outcome == "done" and self.llh is not None and math.isfinite(self.llh)


class Report(_Said):
    """What a worker has to say of a task; pixels that it does not name it has not fitted."""

    task: Name
    pixels: Annotated[list[PixelOutcome], Field(max_length=MAX_PIXELS)]


class LeaseRequest(_Said):
    """A worker asks for a task, and may report on the one before."""

    worker: Name
    wait_s: Annotated[float, Field(ge=0.0, le=MAX_WAIT_S)] = 0.0
    report: Report | None = None


class TaskReport(Report):
    """A report by itself, or of a task that is given back."""

    worker: Name


class Heartbeat(_Said):
    """A worker lives."""

    worker: Name
    task: Name | None = None


class LogLines(_Said):
    """What a worker wants to be kept."""

    worker: Name
    scan: Name | None = None
    lines: Annotated[list[Words], Field(max_length=MAX_LOG_LINES)]


class Registered(NamedTuple):
    """What a worker is told when it registered."""

    worker: str
    heartbeat_s: float
    lease_s: float


class Lease(NamedTuple):
    """A task."""

    task: str
    scan: str
    event: str
    """Hash of the pulses to fit."""
    reco: str
    max_reco_time_s: float
    nside: int
    round: int
    payloads: tuple[str, ...]
    """Of each pixel, JSON: index, direction, seeds."""
    deadline_s: float

    def to_json(self) -> bytes:
        """As a worker takes it; the pixels are stored as the text that is sent."""
        said = {name: value for name, value in self._asdict().items() if name != "payloads"}
        return orjson.dumps(said)[:-1] + b',"pixels":[' + ",".join(self.payloads).encode() + b"]}"


class Over(NamedTuple):
    """There will be no task any more: the worker may end."""

    def to_json(self) -> bytes:
        """As a worker takes it."""
        return b'{"task":null,"over":true}'


OVER = Over()
Answer = Literal["continue", "yield", "stop"]
"""To a heartbeat: go on; report what you have and give back the rest; drop the task."""
