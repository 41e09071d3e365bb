"""The end of a scan: its map is made of its fits, looked at, and stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import results, scans
from skydriver.services.answer import answer
from skydriver.services.coordination.maps import look_at, read_state
from skydriver.services.coordination.preparing import move
from skydriver.services.coordination.progress import look
from skydriver.services.coordination.states import Status
from skydriver.services.coordination.turn import take_turn
from skydriver.services.findings import findings
from skydriver.services.verdict import verdict
from skydriver.skymap.json_format import to_json

if TYPE_CHECKING:
    from skydriver.services.context import Service
    from skydriver.services.coordination.maps import State


def finish(service: Service, scan_id: str) -> bool:
    """Make the final map of a scan whose fits are all done, and store it. Whether it did anything.

    The map is a function of the stored fits: made twice, by two services or after a crash, it is the same.
    """
    state = read_state(service, scan_id)
    if state is None or state.scan.status != Status.FINISHING:
        return False
    made = _make(state)
    with take_turn(service, CommitPoint.FINISH) as turn:
        scan = scans.lock(turn.connection, scan_id)
        if scan is not None and scan.status == Status.FINISHING:
            results.store_final(turn.connection, scan_id, turn.now, **made)
            seen = look(turn.connection, scan, turn.now, is_over=True)
            values = {"ended": turn.now, "fraction": seen.fraction} | dict(seen.values)
            move(turn, scan, Status.DONE, "its map is stored", **values)
    service.ledgers.drop(scan_id)
    return True


def _make(state: State) -> dict[str, bytes]:
    """Map, provenance and answer, as they are served."""
    seen = look_at(state)
    found = findings(seen, state.event)
    provenance = seen.skymap.provenance
    assert provenance is not None  # noqa: S101 - for the type checker: our own maps have one
    said = json.dumps(answer(found, verdict(found)), allow_nan=False)
    return {"document": to_json(seen.skymap), "provenance": provenance.to_json(), "answer": said.encode()}
