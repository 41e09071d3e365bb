"""What the outcomes that a worker reports come to: done, to be tried again, or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from skydriver.db.schema.fits import DONE, LEASED, OPEN
from skydriver.db.stores.fits import NUMBERS
from skydriver.services.local_scan import MAX_ATTEMPTS, MAX_LOSSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skydriver.db.stores.fits import Fit
    from skydriver.db.stores.tasks import Key
    from skydriver.services.coordination.wire import PixelOutcome

MAX_ERROR = 240
"""Bytes of a pixel's error that are kept, as everywhere."""
NO_LLH = "the algorithm found no finite llh"


class Outcomes(NamedTuple):
    """What to store."""

    done: list[tuple[Key, dict[str, Any]]]
    """Fits that ended, with their values; those that were given up have an error and no numbers."""
    again: list[tuple[Key, dict[str, Any]]]
    """Fits to be tried again, with how often they failed and were lost."""
    complaints: list[tuple[Key, str]]
    """What went wrong."""
    n_stopped: int
    n_lost: int
    """Of those that were given up: how many were lost."""
    cpu_seconds: float
    """Of those that are done."""


def judge(present: Mapping[Key, Fit], said: Iterable[PixelOutcome], task: str) -> Outcomes:
    """Compare what is said with what is there.

    Parameters
    ----------
    present
        The task's fits that are not done, as they are stored now.
    said
        Outcomes; of pixels that are not in the task, or are named twice, nothing but the first word counts.
    task
        Who reports. A value counts whoever holds the fit now; a failure only of the holder.
    """
    by_pixel = {key.pixel: (key, row) for key, row in present.items()}
    result = Outcomes([], [], [], 0, 0, 0.0)
    for outcome in said:
        found = by_pixel.pop(outcome.index, None)
        if found is not None:
            result = _judge_one(result, *found, outcome, task)
    return result


def _judge_one(so_far: Outcomes, key: Key, row: Fit, outcome: PixelOutcome, task: str) -> Outcomes:
    if outcome.is_done:
        so_far.done.append((key, _values(outcome)))
        return so_far._replace(cpu_seconds=so_far.cpu_seconds + outcome.cpu_seconds)
    if row.state != LEASED or row.task != task:
        return so_far
    lost = outcome.outcome == "lost"
    failures, losses = row.failures + (not lost), row.losses + lost
    error = _error(outcome)
    so_far.complaints.append((key, error))
    last = failures >= MAX_ATTEMPTS or losses >= MAX_LOSSES
    if last:
        so_far.done.append((key, dict.fromkeys(NUMBERS) | {"cpu_seconds": outcome.cpu_seconds, "error": error}))
    else:
        so_far.again.append((key, {"failures": failures, "losses": losses}))
    return so_far._replace(
        n_stopped=so_far.n_stopped + (outcome.outcome == "stopped"),
        n_lost=so_far.n_lost + (lost and last),
        cpu_seconds=so_far.cpu_seconds + (outcome.cpu_seconds if last else 0.0),
    )


def _values(outcome: PixelOutcome) -> dict[str, Any]:
    numbers = {name: getattr(outcome, name) for name in NUMBERS}
    return numbers | {"cpu_seconds": outcome.cpu_seconds, "error": None}


def _error(outcome: PixelOutcome) -> str:
    text = outcome.error or (NO_LLH if outcome.outcome in {"done", "failed"} else f"the fit was {outcome.outcome}")
    return text.encode(errors="backslashreplace")[:MAX_ERROR].decode(errors="replace")


def lost_with_worker(row: Fit) -> dict[str, Any]:
    """What becomes of a fit whose worker died, maybe of it: it is open again, or given up."""
    losses = row.losses + 1
    if losses < MAX_LOSSES:
        return {"state": OPEN, "task": None, "losses": losses}
    error = f"given up: {losses} workers died while they had it"
    return {"state": DONE, "losses": losses} | dict.fromkeys(NUMBERS) | {"cpu_seconds": 0.0, "error": error}
