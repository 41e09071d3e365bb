"""The plan of a scan, written down: the fits that it wants become rows, and those that it wants no more are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from skydriver.db.stores import fits, scan_log, scans
from skydriver.db.stores.tasks import Key
from skydriver.scan.planner import Ledger
from skydriver.services.coordination.ledgers import Kept
from skydriver.services.coordination.maps import finished_of, request_of, seeds_text
from skydriver.services.coordination.releasing import release
from skydriver.services.coordination.states import Status, check_transition
from skydriver.services.pixel_tasks import PixelTasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skydriver.db.database import Connection
    from skydriver.scan.planner import Wanted
    from skydriver.services.coordination.turn import Turn


def is_due(connection: Connection, scan: scans.Scan, reported: tuple[int, int] | None) -> bool:
    """Whether a scan's plan may want something new.

    It does when nothing that it wanted is left; and in a scan that begins its next stage early also when nothing is
    left to hand out, or when the round of `reported` (nside, round) just ended.
    """
    left = fits.pending(connection, scan.id)
    if not left.open and not left.leased:
        return True
    if scan.threshold >= 1.0:
        return False
    return not left.open or (reported is not None and not fits.is_pending(connection, scan.id, *reported))


def plan(turn: Turn, scan: scans.Scan) -> bool:
    """Store what a scan wants next, in a turn that has it locked. Whether it is finished.

    A finished scan's map is made next; then there is nothing left to hand out.
    """
    connection = turn.connection
    kept = turn.ledgers.pop(scan.id, None) or turn.service.ledgers.take(scan.id) or _begin(connection, scan)
    absorb(connection, scan.id, kept.ledger)
    wanted = kept.ledger.plan()
    rows = {key_of(fit): fit for fit in (*wanted.certain, *wanted.speculative)}
    fits.drop(connection, scan.id, [key for key in fits.open_keys(connection, scan.id) if key not in rows])
    fits.want(connection, list(rows_of(scan.id, kept.tasks, rows.values())))
    if wanted.finished:
        check_transition(Status(scan.status), Status.FINISHING)
        release(connection, scan.id)  # fits that were begun early and are not needed
        scans.update(connection, scan.id, status=Status.FINISHING, updated=turn.now)
        scan_log.add(connection, turn.now, scan.id, "service", ["all fits are done"])
        turn.announce(scan.id, "state", status=Status.FINISHING, code=None, reason=None)
        turn.finished.append(scan.id)
    else:
        turn.ledgers[scan.id] = kept
    return wanted.finished


def absorb(connection: Connection, scan_id: str, ledger: Ledger) -> None:
    """Take fits into a ledger that are stored and that it may not have: those of the round that it is in and later."""
    tallies = ledger.tallies()
    begun = next((t for t in tallies if t.done < t.wanted), tallies[-1])
    ledger.extend(finished_of(fits.finished(connection, scan_id, begun.nside, begun.round)))


def key_of(fit: Wanted) -> Key:
    """A fit, as its row is called."""
    return Key(fit.nside, fit.round, fit.pixel, seeds_text(fit))


def rows_of(scan_id: str, tasks: PixelTasks, wanted: Iterable[Wanted]) -> Iterable[dict[str, object]]:
    """Rows of fits that are wanted; they are handed out by stage, round and order in the plan."""
    for number, fit in enumerate(wanted):
        task = tasks.task(fit)
        payload = {"index": fit.pixel, "direction": task.direction, "seeds": task.seeds}
        order = {"number": number, "payload": orjson.dumps(payload).decode()}
        yield {"scan": scan_id} | key_of(fit)._asdict() | order


def _begin(connection: Connection, scan: scans.Scan) -> Kept:
    """A new ledger, with everything that is stored."""
    mjd = scans.mjd(connection, scan.event)
    ledger = Ledger(request_of(scan).plan_settings(mjd))
    ledger.extend(finished_of(fits.finished(connection, scan.id)))
    return Kept(ledger, PixelTasks(ledger, mjd))
