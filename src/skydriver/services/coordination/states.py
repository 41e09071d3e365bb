"""The status of a scan: which there are, which may follow which, and how each is told to clients."""

from __future__ import annotations

from enum import StrEnum

from skydriver.errors import StateError


class Status(StrEnum):
    """Stored, never guessed."""

    QUEUED = "queued"
    """It waits for its turn."""
    PREPARING = "preparing"
    """Its event is decoded and cleaned; an external scan waits for its scanner."""
    STARTING = "starting"
    """It waits for the first worker."""
    RUNNING = "running"
    """Workers fit it."""
    FINISHING = "finishing"
    """Its map is made."""
    DONE = "done"
    ABORTED = "aborted"
    FAILED = "failed"


ENDED = frozenset({Status.DONE, Status.ABORTED, Status.FAILED})
"""From these nothing follows."""
ACTIVE = frozenset({Status.PREPARING, Status.STARTING, Status.RUNNING, Status.FINISHING})
"""In these a scan takes one of the places that there are."""

NEEDS_WORKERS = frozenset({Status.PREPARING, Status.STARTING, Status.RUNNING})
"""In these there are fits for workers, or will be soon."""
LEASABLE = frozenset({Status.STARTING, Status.RUNNING})
"""In these workers fit it."""

FOLLOWING: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.PREPARING, Status.ABORTED, Status.FAILED}),
    Status.PREPARING: frozenset({Status.STARTING, Status.RUNNING, Status.DONE, Status.ABORTED, Status.FAILED}),
    Status.STARTING: frozenset({Status.RUNNING, Status.FINISHING, Status.ABORTED, Status.FAILED}),
    Status.RUNNING: frozenset({Status.FINISHING, Status.DONE, Status.ABORTED, Status.FAILED}),
    Status.FINISHING: frozenset({Status.DONE, Status.ABORTED, Status.FAILED}),
    Status.DONE: frozenset(),
    Status.ABORTED: frozenset(),
    Status.FAILED: frozenset(),
}
"""The one table of transitions. From preparing or running straight to done: an external scanner sent its result."""


def check_transition(before: Status, after: Status) -> None:
    """A `StateError` where `after` may not follow `before`."""
    if after not in FOLLOWING[before]:
        raise StateError(f"a scan that is {before} does not become {after}")


PENDING: dict[Status, str] = {
    Status.QUEUED: "PRESTARTUP",
    Status.PREPARING: "WAITING_ON_SCANNER_SERVER_STARTUP",
    Status.STARTING: "WAITING_ON_CLUSTER_STARTUP",
}
"""What is told of scans that no worker has begun."""


def scan_state(status: Status, *, waited: Status, has_begun: bool, has_pixel: bool, stopped: str) -> str:
    """What clients are told (CONTRACT section 7).

    Parameters
    ----------
    status
        As stored.
    waited
        What it waited in at last, where nothing began it: one of `PENDING`.
    has_begun
        Whether any worker, or its external scanner, took it up.
    has_pixel
        Whether any pixel is finished.
    stopped
        The word for an aborted scan: ``ABORTED``, or ``STOPPED`` in documents of 2023.
    """
    if status is Status.DONE:
        return "SCAN_HAS_FINAL_RESULT"
    if has_pixel:
        part = "IN_PROGRESS__PARTIAL_RESULT_GENERATED"
    elif has_begun:
        part = "IN_PROGRESS__WAITING_ON_FIRST_PIXEL_RECO"
    else:
        part = f"PENDING__{PENDING[status if status in PENDING else waited]}"
    if status in {Status.ABORTED, Status.FAILED}:
        word = "FAILED" if status is Status.FAILED else stopped
        return f"{word}__{part.partition('__')[2]}"
    return part
