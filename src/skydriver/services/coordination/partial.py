"""The map of a scan that is not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.services.coordination.maps import look_at, read_state

if TYPE_CHECKING:
    from skydriver.services.context import Service
    from skydriver.skymap.skymap import SkyMap


def partial_map(service: Service, scan_id: str) -> SkyMap | None:
    """The map of all fits so far, also of a scan that was aborted or failed; None while no pixel is finished."""
    state = read_state(service, scan_id)
    if state is None or not state.finished:
        return None
    return look_at(state).skymap
