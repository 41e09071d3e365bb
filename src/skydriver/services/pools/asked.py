"""Pools that a scan is asked to have."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from skydriver.db.stores import pools
from skydriver.services.sizes import mebibytes

if TYPE_CHECKING:
    from skydriver.db.stores.scans import Scan
    from skydriver.services.coordination.turn import Turn
    from skydriver.services.requested_clusters import Elsewhere


def add_pool(turn: Turn, scan_id: str, number: int, place: Elsewhere, memory_bytes: int) -> None:
    """A scan is to have jobs on a cluster, `memory_bytes` for each."""
    values = {
        "id": secrets.token_hex(12),
        "scan": scan_id,
        "number": number,
        "cluster": place.named.name,
        "collector": place.named.settings.collector,
        "schedd": place.named.settings.schedd,
        "wanted": place.n_jobs,
        "memory_mb": mebibytes(memory_bytes),
    }
    pools.add(turn.connection, **values)


def add_jobs(turn: Turn, scan: Scan, place: Elsewhere, memory_bytes: int) -> None:
    """A scan is to have more jobs on a cluster: in its pool there, or in a new one."""
    rows = pools.of_scan(turn.connection, scan.id)
    for row in rows:
        if row.cluster == place.named.name and row.state == pools.ACTIVE:
            pools.change(turn.connection, row.id, wanted=row.wanted + place.n_jobs)
            return
    add_pool(turn, scan.id, len(rows), place, memory_bytes)
