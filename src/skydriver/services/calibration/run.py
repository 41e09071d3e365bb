"""The use case behind ``skydriver calibrate``: from events whose truth is known to a table and a report."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from skydriver.errors import SettingError
from skydriver.services.calibration.processes import in_processes
from skydriver.services.calibration.state import CalibrationState
from skydriver.services.calibration.table import calibrate
from skydriver.services.calibration.truth_scans import TruthScanSettings, measure_known
from skydriver.services.preparation import MAX_WORKERS
from skydriver.services.products import folder_to_fill
from skydriver.skymap.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from skydriver.services.calibration.known_events import KnownEvent
    from skydriver.services.calibration.table import TableSettings
    from skydriver.services.interrupts import Interrupts


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """What a user asks for.

    Raises
    ------
    SettingError
        Naming ``workers``, ``out`` or ``state``.
    """

    scans: TruthScanSettings
    table: TableSettings
    out: Path
    """The table's file."""
    state: Path | None
    """Where finished events are kept; None: nowhere."""
    workers: int

    def __post_init__(self) -> None:
        """Check what can be checked before an hour has gone by."""
        if not 1 <= self.workers <= MAX_WORKERS:
            raise SettingError("workers", f"{self.workers} is not between 1 and {MAX_WORKERS}")
        for name, path in (("out", self.out), ("state", self.state)):
            if path is not None and (path.is_dir() or not path.name):
                raise SettingError(name, f"{path} is a folder, not a file")
        if self.state is not None and self.state.resolve() == self.out.resolve():
            raise SettingError("state", f"{self.state} is the table's file too")


class CalibrationProgress(NamedTuple):
    """How far it is."""

    n_events: int
    n_done: int
    n_failed: int
    """Of those that are done."""
    seconds_left: float | None
    """By the clock; None where that cannot be told yet."""


def calibrate_events(
    events: Sequence[KnownEvent],
    request: CalibrationRequest,
    show: Callable[[CalibrationProgress], None],
    interrupts: Interrupts,
) -> dict[str, Any]:
    """Measure what is not yet in the state, then write the table, unless it was interrupted.

    Returns
    -------
    dict
        The keys of ``skydriver calibrate --json``, see ``docs/cli.md``.

    Raises
    ------
    SettingError
        If the state was made otherwise.
    ResultError
        If the table or the state cannot be written.
    KeyboardInterrupt
        If it was interrupted before any event was finished.
    """
    started = time.monotonic()
    interrupts.hold()
    with folder_to_fill(request.out.parent), CalibrationState(request.state, request.scans.described()) as state:
        n_before = len(_finished(events, state))
        partial_run = not _measure(events, request, state, show, interrupts)
        records = _finished(events, state)
        if partial_run and not records:
            raise KeyboardInterrupt
        outcome = calibrate(records.values(), request.scans.reco, request.table)
        if not partial_run:
            write_atomically(request.out, outcome.table.to_json())
    failed = [record for record in records.values() if record.found is None]
    return {
        "name": outcome.table.name,
        "source": outcome.table.source,
        "algorithm": outcome.table.algorithm,
        "algorithm_version": outcome.table.algorithm_version,
        "partial": partial_run,
        "n_events": len(events),
        "n_measured": len(records) - len(failed),
        "n_failed": len(failed),
        "n_new": len(records) - n_before,
        "failures": [{"event": record.name, "reason": record.reason} for record in failed],
        "warnings": list(outcome.warnings),
        "groups": [group.to_json() for group in outcome.groups],
        "wall_seconds": time.monotonic() - started,
        "table": None if partial_run else str(request.out),
    }


def _finished(events: Sequence[KnownEvent], state: CalibrationState) -> dict[str, Any]:
    """The records of those events that have one, by key."""
    return {event.key: state.records[event.key] for event in events if event.key in state.records}


def _measure(
    events: Sequence[KnownEvent],
    request: CalibrationRequest,
    state: CalibrationState,
    show: Callable[[CalibrationProgress], None],
    interrupts: Interrupts,
) -> bool:
    """Measure all events that the state lacks; whether that came to its end."""
    missing = [event for event in events if event.key not in state.records]
    started = time.monotonic()
    work = partial(measure_known, settings=request.scans)
    try:
        for n_new, (event, record) in enumerate(in_processes(work, missing, request.workers, interrupts), 1):
            state.add(event.key, record)
            left = (time.monotonic() - started) / n_new * (len(missing) - n_new)
            show(_progress(events, state, left))
    except KeyboardInterrupt:
        return False
    return True


def _progress(events: Sequence[KnownEvent], state: CalibrationState, seconds_left: float) -> CalibrationProgress:
    records = _finished(events, state)
    n_failed = sum(record.found is None for record in records.values())
    return CalibrationProgress(len(events), len(records), n_failed, seconds_left)
