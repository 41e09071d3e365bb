"""The map of a scan that is not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import results, scans
from skydriver.services.coordination.maps import look_at, read_state
from skydriver.services.coordination.states import ENDED
from skydriver.services.coordination.turn import take_turn
from skydriver.skymap.json_format import to_json

if TYPE_CHECKING:
    from skydriver.services.context import Service
    from skydriver.skymap.skymap import SkyMap


def partial_map(service: Service, scan_id: str) -> SkyMap | None:
    """The map of all fits so far, also of a scan that was aborted or failed; None while no pixel is finished."""
    state = read_state(service, scan_id)
    if state is None or not state.finished:
        return None
    return look_at(state).skymap


def keep_partial(service: Service, scan_id: str) -> None:
    """Store the map so far as the result of a scan that ended without one: then its single fits may go."""
    with service.database.reading() as connection:
        scan = scans.get(connection, scan_id)
        if scan is None or scan.status not in ENDED or results.get(connection, scan_id) is not None:
            return
    skymap = partial_map(service, scan_id)
    if skymap is None or skymap.provenance is None:
        return
    with take_turn(service, CommitPoint.KEEP) as turn:
        scans.lock(turn.connection, scan_id)
        if results.get(turn.connection, scan_id) is None:
            made = {"document": to_json(skymap), "provenance": skymap.provenance.to_json()}
            results.store_partial(turn.connection, scan_id, turn.now, **made)
