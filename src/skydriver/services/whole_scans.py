"""A scan as a whole: its manifest and its result in one document, and deleting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import results as stored_results
from skydriver.db.stores import scans
from skydriver.errors import SettingError
from skydriver.services import results
from skydriver.services.body_arguments import Given
from skydriver.services.coordination.turn import take_turn
from skydriver.services.manifests import View, after_deleting, delete_in, manifest_of_2025
from skydriver.services.projection import read_projection
from skydriver.services.scan_facts import known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.services.context import Service

ROUTE: Final = "DELETE /scan/ID"
KNOWN: Final = ("delete_completed_scan", "manifest_projection", "no_redirect")


def whole_scan(service: Service, scan_id: str, view: View) -> bytes:
    """The manifest and the result of a scan: ``{manifest, result}``; the result is empty while there is none to show.

    Raises
    ------
    UnknownError
        If there is no such scan, or its manifest was deleted.
    """
    manifest = manifest_of_2025(service, scan_id, view)
    result = results.result_if_shown(service, scan_id, include_deleted=view.include_deleted)
    return orjson.dumps({"manifest": orjson.Fragment(manifest), "result": orjson.Fragment(result)})


def delete_scan(service: Service, scan_id: str, arguments: Mapping[str, object]) -> bytes:
    """Abort a scan where it has not ended, and mark its manifest as deleted; manifest and result, which stays.

    It may be repeated.

    Parameters
    ----------
    service, scan_id
        Which scan.
    arguments
        ``delete_completed_scan`` (else one with a final result is refused), ``manifest_projection``; both optional.

    Raises
    ------
    SettingError
        Naming an argument; ``delete_completed_scan`` where it is needed.
    UnknownError
        If there is no such scan.
    """
    given = Given(arguments, KNOWN, ROUTE)
    also_done = given.flag("delete_completed_scan")
    given.flag("no_redirect")
    projection = read_projection("manifest_projection", given.get("manifest_projection"))
    with take_turn(service, CommitPoint.ABORT) as turn:
        scan = known(scans.lock(turn.connection, scan_id), scan_id)
        if not also_done and stored_results.is_final(turn.connection, scan_id):
            raise SettingError("delete_completed_scan", f"{scan_id} has a final result; true deletes it all the same")
        delete_in(turn, scan)
    after_deleting(service, scan_id)
    return whole_scan(service, scan_id, View(projection, include_deleted=True))
