"""Cutting wanted fits into tasks: large enough to be cheap to hand out, small enough that all workers end together."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skydriver.scan.fits import Wanted

MAX_BATCH_SECONDS = 0.5
"""No task is meant to take longer than this."""
TASKS_PER_WORKER = 4
"""What is left of a round makes at least this many tasks for each worker."""
UNMEASURED_BATCH = 4
"""Most fits in a task before anything was measured."""


def cut(
    wanted: Sequence[Wanted], fit_seconds: dict[tuple[int, int], float], workers: int
) -> Iterator[tuple[Wanted, ...]]:
    """Cut wanted fits into tasks, in order; each task belongs to one round of one stage.

    A task is as many fits as are expected to take min(0.5 s, what is left of the round / (4 · workers)), and at least
    one: so tasks shrink towards the end of a round.

    Parameters
    ----------
    wanted
        Fits to be made, those of one round together.
    fit_seconds
        Seconds per fit by (nside, round), as measured (`forecast.fit_seconds`). A round that is not in it is taken to
        be like the last that is; before anything was measured tasks are small.
    workers
        Number of workers that share the round, at least 1.
    """
    rounds = groupby(wanted, key=lambda fit: (fit.nside, fit.round))
    last = next(reversed(fit_seconds.values()), None)
    for key, fits in rounds:
        yield from _tasks(tuple(fits), fit_seconds.get(key, last), workers)


def _tasks(fits: tuple[Wanted, ...], seconds: float | None, workers: int) -> Iterator[tuple[Wanted, ...]]:
    """The tasks of one round."""
    start = 0
    while start < len(fits):
        end = start + batch_size(len(fits) - start, seconds, workers)
        yield fits[start:end]
        start = end


def batch_size(left: int, seconds: float | None, workers: int) -> int:
    """How many fits the next task takes.

    Parameters
    ----------
    left
        Fits of the round that are not handed out yet.
    seconds
        Measured seconds per fit; None before anything was measured.
    workers
        Number of workers, at least 1.
    """
    fair = left // (TASKS_PER_WORKER * max(workers, 1))
    if seconds is None:
        return max(1, min(UNMEASURED_BATCH, fair))
    # Compared as a product, so that fits too quick for the clock do not divide by zero.
    longest = fair if fair * seconds <= MAX_BATCH_SECONDS else int(MAX_BATCH_SECONDS / seconds)
    return max(1, longest)
