"""Results: the map of a scan, final or so far. Documents are bytes, ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import documents, results, scans
from skydriver.errors import UnknownError
from skydriver.services.coordination.partial import keep_partial, partial_map
from skydriver.services.scan_facts import known, stored
from skydriver.skymap.json_format import to_json

if TYPE_CHECKING:
    from skydriver.db.stores.results import Result
    from skydriver.services.context import Service
    from skydriver.skymap.skymap import SkyMap


def result(service: Service, scan_id: str, *, include_deleted: bool = False) -> bytes:
    """The result of a scan, also of one whose manifest was deleted; while it is not final, the map so far.

    Raises
    ------
    UnknownError
        If there is no such scan, no finished pixel yet, or the result was deleted.
    """
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        found = results.get(connection, scan_id)
    if found is None:
        return _so_far(service, scan_id)
    if found.is_deleted and not include_deleted:
        raise UnknownError(f"scan_id: the result of {scan_id} was deleted; include_deleted shows it")
    if found.is_final and not scan.is_served:
        _serve(service, scan_id)
    return document(found)


def delete_result(service: Service, scan_id: str) -> bytes:
    """Mark a result as deleted; the result. It may be repeated. Of a scan that ended early, it is the map so far.

    Raises
    ------
    UnknownError
        If there is no such scan, or no stored result of it.
    """
    keep_partial(service, scan_id)
    with service.database.transaction(CommitPoint.DELETE) as connection:
        known(scans.lock(connection, scan_id), scan_id)
        results.mark_deleted(connection, scan_id)
    with service.database.reading() as connection:
        found = results.get(connection, scan_id)
    if found is None:
        raise UnknownError(f"scan_id: no result of {scan_id} is stored yet")
    return document(found)


def document(found: Result) -> bytes:
    """A stored result."""
    return orjson.dumps(
        {
            "scan_id": found.scan,
            "is_deleted": found.is_deleted,
            "skyscan_result": stored(found.document),
            "is_final": found.is_final,
            "skydriver": {"provenance": stored(found.provenance), "answer": stored(found.answer)},
        }
    )


def _serve(service: Service, scan_id: str) -> None:
    """Its final result was fetched: what still runs for it may end."""
    with service.database.transaction(CommitPoint.SERVE) as connection:
        documents.mark(connection, scan_id, is_served=True)
    service.scans.ring()


def _so_far(service: Service, scan_id: str) -> bytes:
    skymap = partial_map(service, scan_id)
    if skymap is None:
        raise UnknownError(f"scan_id: there is no result of {scan_id} yet: no pixel is finished")
    return orjson.dumps(_unstored(scan_id, skymap))


def _unstored(scan_id: str, skymap: SkyMap) -> dict[str, Any]:
    provenance = None if skymap.provenance is None else skymap.provenance.to_json()
    return {
        "scan_id": scan_id,
        "is_deleted": False,
        "skyscan_result": stored(to_json(skymap)),
        "is_final": False,
        "skydriver": {"provenance": stored(provenance), "answer": None},
    }
