"""Where a listener begins: now, with a snapshot; behind what it was told last; or at the start of what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.db.stores import feed, scans
from skydriver.services.coordination.states import ENDED
from skydriver.services.push.pages import read_page
from skydriver.services.push.positions import START, Position, read_position
from skydriver.services.push.texts import event
from skydriver.services.scan_facts import known

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.db.database import Connection
    from skydriver.services.context import Service

SNAPSHOT: Final = "snapshot"


class Start(NamedTuple):
    """Where a listener begins."""

    at: Position
    now: Position
    """The place of whoever was told everything."""
    has_ended: bool
    """Whether nothing more comes than is there now."""
    text: bytes
    """What is sent first."""
    is_told_all: bool
    """Whether the scan has ended and there is nothing left to tell."""


def begin(
    service: Service, scan: str | None, last_event_id: str | None, snapshot: Callable[[], bytes], *, from_start: bool
) -> Start:
    """Where a listener begins.

    Parameters
    ----------
    service
        Whose events.
    scan
        To which it listens; None: to all.
    last_event_id
        Of the event that it was told last; None: it comes for the first time.
    snapshot
        Makes the data of a first event that says how things are, JSON.
    from_start
        Whether who comes for the first time is told all that is kept, instead of a snapshot.

    Raises
    ------
    SettingError
        Where the id is none.
    UnknownError
        Where there is no such scan.
    """
    given = None if last_event_id is None else read_position(last_event_id, scan)
    with service.database.reading() as connection:
        now, has_ended = _now(connection, scan)
        at = START if given is None else given.no_later_than(now)
        is_left = not has_ended or bool(read_page(connection, scan, at, now).told)
    if is_left and (from_start or given is not None):
        return Start(at, now, has_ended, b"", is_told_all=False)
    if given is not None and at.fits >= now.fits:
        return Start(at, now, has_ended, b"", is_told_all=True)
    return Start(now, now, has_ended, event(now.id(scan), SNAPSHOT, snapshot()), is_told_all=False)


def _now(connection: Connection, scan: str | None) -> tuple[Position, bool]:
    """The place of whoever was told everything, and whether nothing more comes."""
    newest = feed.newest(connection)
    if scan is None:
        return Position(newest, 0), False
    row = known(scans.get(connection, scan), scan)
    return Position(newest, row.fits_done), row.status in ENDED
