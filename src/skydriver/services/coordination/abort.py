"""Ending a scan because it was asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skydriver.db.stores import scan_log, scans
from skydriver.services.coordination.releasing import release
from skydriver.services.coordination.states import ENDED, Status, check_transition

if TYPE_CHECKING:
    from skydriver.services.coordination.turn import Turn


def abort(turn: Turn, scan_id: str) -> bool:
    """End a scan that has not ended; what was computed stays. Whether it did anything.

    Its tasks are dropped: workers hear of it at their next word.
    """
    scan = scans.lock(turn.connection, scan_id)
    if scan is None or Status(scan.status) in ENDED:
        return False
    end(turn, scan, End(Status.ABORTED, None, "aborted, as was asked for"))
    return True


class End(NamedTuple):
    """How a scan ends before its time."""

    status: Status
    code: str | None
    """For programs; None where nothing is wrong."""
    sentence: str


def end(turn: Turn, scan: scans.Scan, how: End) -> None:
    """Move a scan to a status from which nothing follows, and take back what its workers hold."""
    check_transition(Status(scan.status), how.status)
    release(turn.connection, scan.id)
    values = {"status": how.status, "code": how.code, "reason": how.sentence if how.code else None}
    scans.update(turn.connection, scan.id, **values, ended=turn.now, updated=turn.now, seconds_left=None)
    scan_log.add(turn.connection, turn.now, scan.id, "service", [f"{how.status}: {how.sentence}"])
    turn.announce(scan.id, "state", **values, after_s=turn.now - scan.created)
