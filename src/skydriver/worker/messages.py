"""What a worker and the service tell each other, as JSON; numbers are exact, and NaN is null."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from skydriver.errors import TaskEnvironmentError
from skydriver.worker.compute import MAX_PIXELS
from skydriver.worker.task import PixelTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.worker.task import PixelReport

PROTOCOL = 1
LONGEST_S = 1e6
"""Of every time that the service states."""
MAX_SEEDS = 256
MAX_NAME = 400
NUMBERS = ("llh", "E_in", "E_tot", "x", "y", "z", "t", "cpu_seconds")

Json = dict[str, Any]
Order = Literal["continue", "yield", "stop"]


class Registered(NamedTuple):
    """The answer to a registration."""

    worker: str
    heartbeat_s: float


class Lease(NamedTuple):
    """A task."""

    task: str
    scan: str
    event: str
    """sha256 (hex) of the event's file."""
    reco: str
    max_reco_time_s: float
    indices: tuple[int, ...]
    """By which the service knows the pixels."""
    pixels: tuple[PixelTask, ...]

    def report(self, reports: Sequence[PixelReport]) -> Json:
        """What came of its first pixels, as the service takes it."""
        pixels = [_outcome(index, report) for index, report in zip(self.indices, reports, strict=False)]
        return {"task": self.task, "pixels": pixels}


class Token(NamedTuple):
    """A newer token."""

    token: str
    expires_s: float


def read_registered(answer: Json) -> Registered:
    """From the answer to ``/workers/register``; these all raise a `TaskEnvironmentError` that names what is wrong."""
    return Registered(_text(answer, "worker"), _seconds(answer, "heartbeat_s"))


def read_token(answer: Json) -> Token:
    """From the answer to ``/workers/token``."""
    return Token(_text(answer, "token"), _seconds(answer, "expires_s"))


def read_order(answer: Json) -> Order:
    """From the answer to ``/workers/heartbeat``."""
    order = answer.get("answer")
    if order not in ("continue", "yield", "stop"):
        raise _odd("answer")
    return cast("Order", order)


def read_lease(answer: Json) -> Lease | None:
    """From the answer to ``/workers/lease``; None where there is no task."""
    if "task" in answer and answer["task"] is None:
        return None
    pixels = answer.get("pixels")
    if not isinstance(pixels, list) or not 1 <= len(pixels) <= MAX_PIXELS:
        raise _odd("pixels")
    return Lease(
        _text(answer, "task"),
        _text(answer, "scan"),
        _hash(answer),
        _text(answer, "reco"),
        _seconds(answer, "max_reco_time_s"),
        tuple(_index(pixel) for pixel in pixels),
        tuple(_pixel(pixel) for pixel in pixels),
    )


def is_over(answer: Json) -> bool:
    """Whether an answer to ``/workers/lease`` says that there is nothing more to do, so that the worker ends."""
    return answer.get("task") is None and answer.get("over") is True


def _outcome(index: int, report: PixelReport) -> Json:
    numbers = {name: _number(getattr(report, name)) for name in NUMBERS}
    return {"index": index, "outcome": report.outcome, **numbers, "error": report.error}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _odd(name: str) -> TaskEnvironmentError:
    return TaskEnvironmentError(f"the service's answer has no {name} as it should be")


def _text(answer: Json, name: str) -> str:
    text = answer.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_NAME or not text.isascii() or not text.isprintable():
        raise _odd(name)
    return text


def _hash(answer: Json) -> str:
    """Of the event; it goes into an address."""
    text = _text(answer, "event")
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise _odd("event")
    return text


def _seconds(answer: Json, name: str) -> float:
    seconds = _real(answer.get(name), name)
    if not 0.0 < seconds <= LONGEST_S:
        raise _odd(name)
    return seconds


def _real(value: object, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= 1e300:
        raise _odd(name)
    return float(value)


def _reals(value: object, count: int, name: str) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise _odd(name)
    return tuple(_real(number, name) for number in value)


def _index(pixel: object) -> int:
    index = pixel.get("index") if isinstance(pixel, dict) else None
    if not isinstance(index, int) or isinstance(index, bool):
        raise _odd("index")
    return index


def _pixel(pixel: Json) -> PixelTask:
    seeds = pixel.get("seeds")
    if not isinstance(seeds, list) or len(seeds) > MAX_SEEDS:
        raise _odd("seeds")
    direction = cast("tuple[float, float, float]", _reals(pixel.get("direction"), 3, "direction"))
    vertices = tuple(cast("tuple[float, float, float, float]", _reals(seed, 4, "seeds")) for seed in seeds)
    return PixelTask(direction, vertices)
