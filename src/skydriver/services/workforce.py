"""Who works on a scan at this moment, and what went wrong with its fits most often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from skydriver.db.stores import documents
from skydriver.services.coordination.states import Status
from skydriver.services.scan_facts import EXTERNAL, known

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.db.stores.documents import Parts
    from skydriver.services.context import Service


def workforce(connection: Connection, scan: Parts) -> dict[str, Any]:
    """The workforce as documents show it.

    Returns
    -------
    dict
        ``statuses`` (numbers of workers by the status of the job and their own), ``n_running``, ``top_errors`` (how
        often each error came out of its fits, the most frequent ones). A scan whose external scanner reports has one
        worker: the scanner asks, and goes on only where somebody works.
    """
    if scan.engine == EXTERNAL:
        n_running = int(scan.status == Status.RUNNING)
    else:
        n_running = documents.n_workers(connection, scan.id)
    return {
        "statuses": {"RUNNING": {"running": n_running}} if n_running else {},
        "n_running": n_running,
        "top_errors": documents.top_errors(connection, scan.id) if scan.fits_failed else {},
    }


def workforce_of(service: Service, scan_id: str) -> bytes:
    """The same as a document of its own; an `UnknownError` where there is no such scan."""
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        return orjson.dumps(workforce(connection, scan))
