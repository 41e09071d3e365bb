"""Results: the map of a scan, final or so far. Documents are bytes, ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import documents, results, scans
from skydriver.errors import UnknownError
from skydriver.services.coordination.partial import keep_partial, partial_map
from skydriver.services.scan_facts import known, stored
from skydriver.skymap.json_format import to_json

if TYPE_CHECKING:
    from skydriver.db.stores.documents import Parts
    from skydriver.db.stores.results import Result
    from skydriver.services.context import Service
    from skydriver.skymap.skymap import SkyMap

NOTHING: Final = b"{}"


def result(service: Service, scan_id: str, *, include_deleted: bool = False) -> bytes:
    """The result of a scan, also of one whose manifest was deleted; while it is not final, the map so far.

    Raises
    ------
    UnknownError
        If there is no such scan, no finished pixel yet, or the result was deleted.
    """
    found = _find(service, scan_id)
    _check_shown(found, include_deleted=include_deleted)
    made = _document(service, found)
    if made is None:
        raise UnknownError(f"scan_id: there is no result of {scan_id} yet: no pixel is finished")
    return made


def result_or_nothing(service: Service, scan_id: str, *, include_deleted: bool = False) -> bytes:
    """The same, ``{}`` while no pixel is finished."""
    found = _find(service, scan_id)
    _check_shown(found, include_deleted=include_deleted)
    return _document(service, found) or NOTHING


def result_if_shown(service: Service, scan_id: str, *, include_deleted: bool) -> bytes:
    """The same, ``{}`` also where the result was deleted, unless such are wanted."""
    found = _find(service, scan_id)
    if found.is_deleted and not include_deleted:
        return NOTHING
    return _document(service, found) or NOTHING


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


class _Found(NamedTuple):
    """A scan, and its result where one is stored."""

    scan: Parts
    stored: Result | None

    @property
    def is_deleted(self) -> bool:
        """Whether its result was deleted."""
        return self.stored is not None and bool(self.stored.is_deleted)


def _find(service: Service, scan_id: str) -> _Found:
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        return _Found(scan, results.get(connection, scan_id))


def _check_shown(found: _Found, *, include_deleted: bool) -> None:
    if found.is_deleted and not include_deleted:
        raise UnknownError(f"scan_id: the result of {found.scan.id} was deleted; include_deleted shows it")


def _document(service: Service, found: _Found) -> bytes | None:
    """What is stored, or the map so far; None while no pixel is finished. Whoever fetches a final result has it."""
    if found.stored is None:
        skymap = partial_map(service, found.scan.id)
        return None if skymap is None else orjson.dumps(_unstored(found.scan.id, skymap))
    if found.stored.is_final and not found.scan.is_served:
        _serve(service, found.scan.id)
    return document(found.stored)


def _unstored(scan_id: str, skymap: SkyMap) -> dict[str, Any]:
    provenance = None if skymap.provenance is None else skymap.provenance.to_json()
    return {
        "scan_id": scan_id,
        "is_deleted": False,
        "skyscan_result": stored(to_json(skymap)),
        "is_final": False,
        "skydriver": {"provenance": stored(provenance), "answer": None},
    }
