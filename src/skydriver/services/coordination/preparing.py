"""From a request to the first fits: its turn comes, its event is decoded and cleaned, and its plan is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import prepared, scan_log, scans
from skydriver.errors import InputError
from skydriver.events.realtime import read_event
from skydriver.services.coordination.abort import End, end
from skydriver.services.coordination.backlog import ALERT
from skydriver.services.coordination.maps import event_of, request_of
from skydriver.services.coordination.planning import plan
from skydriver.services.coordination.states import ACTIVE, Status, check_transition
from skydriver.services.coordination.turn import take_turn
from skydriver.services.coordination.wire import ENGINE
from skydriver.services.preparation import prepare
from skydriver.worker.pulses_file import to_bytes

if TYPE_CHECKING:
    from skydriver.services.context import Service
    from skydriver.services.coordination.turn import Turn


def launch(service: Service) -> bool:
    """Take up the scan whose turn it is, if there is room for one more or it is an alert. Whether there was one."""
    with service.database.reading() as connection:
        first = scans.first_waiting(connection, Status.QUEUED)
        if first is None:
            return False
        if first.priority < ALERT and scans.count(connection, ACTIVE, ENGINE) >= service.settings.max_active_scans:
            return False
    with take_turn(service, CommitPoint.LAUNCH) as turn:
        scan = scans.lock(turn.connection, first.id, wait=False)
        if scan is not None and scan.status == Status.QUEUED:
            # Whatever release it was submitted to, it is this one that fits it.
            move(turn, scan, Status.PREPARING, "its turn has come", launched=turn.now, engine=ENGINE)
    return True


def prepare_scan(service: Service, scan_id: str) -> bool:
    """Decode and clean the event of a scan, and store its first fits. Whether it did anything."""
    with service.database.reading() as connection:
        scan = scans.get(connection, scan_id)
        if scan is None or scan.status != Status.PREPARING:
            return False
        source = event_of(connection, scan)
    try:
        pulses = to_bytes(prepare(read_event(source, is_real=scan.is_real), request_of(scan)).pulses)
    except InputError as error:
        fail(service, scan_id, End(Status.FAILED, "event_refused", str(error)))
        return True
    with take_turn(service, CommitPoint.PREPARE) as turn:
        scan = scans.lock(turn.connection, scan_id)
        if scan is not None and scan.status == Status.PREPARING:
            name = prepared.keep(turn.connection, pulses)
            move(turn, scan, Status.STARTING, "its fits are planned; it waits for a worker", prepared=name)
            plan(turn, scan)
    service.work.ring()
    return True


def move(turn: Turn, scan: scans.Scan, status: Status, line: str, **values: object) -> None:
    """Let a scan, locked in this turn, go on to `status`."""
    check_transition(Status(scan.status), status)
    scans.update(turn.connection, scan.id, status=status, updated=turn.now, **values)
    scan_log.add(turn.connection, turn.now, scan.id, "service", [f"{status}: {line}"])
    turn.announce(scan.id, "state", **state_facts(turn, scan, status))


def state_facts(turn: Turn, scan: scans.Scan, status: Status) -> dict[str, object]:
    """What is announced of a scan that goes on to `status`, or is done."""
    since = {"after_s": turn.now - scan.created} if status is Status.DONE else {}
    return {"status": status, "code": None, "reason": None} | since


def fail(service: Service, scan_id: str, how: End) -> None:
    """End a scan that cannot go on, unless it ended meanwhile."""
    with take_turn(service, CommitPoint.FAIL) as turn:
        scan = scans.lock(turn.connection, scan_id)
        if scan is not None and scan.status not in {Status.DONE, Status.ABORTED, Status.FAILED}:
            end(turn, scan, how)
    service.ledgers.drop(scan_id)
