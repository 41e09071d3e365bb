"""How many more workers a scan may have, of the kind that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.stores import tasks
from skydriver.db.stores.workers import LOCAL

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.db.stores.scans import Scan
    from skydriver.db.stores.workers import Worker


def room_for(connection: Connection, scan: Scan, worker: Worker) -> int:
    """How many more workers like `worker` may fit a scan at once.

    Local ones are shared by all scans, each of which asks for so many at most; one of a cluster was started for its
    scan alone, and one that was started by hand is for whatever there is.
    """
    if worker.pool != LOCAL:
        return 1
    return int(scan.n_local) - tasks.count_open(connection, scan.id, LOCAL)
