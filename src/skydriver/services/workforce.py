"""Who works on a scan at this moment, and what went wrong with its fits most often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from skydriver.db.stores import documents
from skydriver.services.pools.told import errors, job_counts
from skydriver.services.scan_facts import EXTERNAL, has_ended, known

if TYPE_CHECKING:
    from collections import Counter

    from skydriver.db.database import Connection
    from skydriver.db.stores.documents import Parts
    from skydriver.services.context import Service


WORDS: Final = {"IDLE": "waiting", "COMPLETED": "done"}
"""What a worker is whose job is so; of others it is the same word."""


def workforce(connection: Connection, scan: Parts) -> dict[str, Any]:
    """The workforce as documents show it.

    Returns
    -------
    dict
        ``statuses`` (numbers of workers by the status of the job and their own), ``n_running``, ``top_errors`` (how
        often each error came out of its fits, the most frequent ones). A scan of an external scanner has one worker
        until it ends: the scanner itself asks, and goes on only where somebody works.
    """
    is_external = scan.engine == EXTERNAL
    n_running = int(not has_ended(scan)) if is_external else documents.n_workers(connection, scan.id)
    found = documents.top_errors(connection, scan.id) if scan.fits_failed else {}
    return {
        "statuses": _statuses(n_running, job_counts(connection, scan.id)),
        "n_running": n_running,
        "top_errors": found | errors(connection, scan.id),
    }


def _statuses(n_running: int, jobs: Counter[str]) -> dict[str, dict[str, int]]:
    """Numbers of workers by the status of the job and their own; local workers are running or are not counted."""
    running = max(n_running, jobs.pop("RUNNING", 0))
    counts = {"running": n_running, "starting": running - n_running}
    statuses = {"RUNNING": {word: n for word, n in counts.items() if n}}
    statuses |= {status: {WORDS.get(status, status.lower()): n} for status, n in sorted(jobs.items())}
    return {status: words for status, words in statuses.items() if words}


def workforce_of(service: Service, scan_id: str) -> bytes:
    """The same as a document of its own; an `UnknownError` where there is no such scan."""
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        return orjson.dumps(workforce(connection, scan))
