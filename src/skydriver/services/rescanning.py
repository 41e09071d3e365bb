"""Scanning again what was scanned: a new scan of a stored request, which may end the old one and take its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.clusters.images import Catalogue
from skydriver.db.stores import documents, scan_log, scans
from skydriver.services.body_arguments import Given
from skydriver.services.coordination.abort import abort
from skydriver.services.manifests import View, show_manifest
from skydriver.services.projection import read_projection
from skydriver.services.scan_facts import known
from skydriver.services.scan_request_model import read_order, request_hash
from skydriver.services.scan_requests import as_asked_again
from skydriver.services.submission import Asked, checked_key, store_once
from skydriver.services.submitted_event import read_submitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.db.stores.documents import Parts
    from skydriver.services.context import Service
    from skydriver.services.coordination.turn import Turn
    from skydriver.services.scan_request_model import ScanOrder

ROUTE: Final = "POST /scan/ID/actions/rescan"
KNOWN: Final = ("abort_first", "replace_scan", "manifest_projection", "force_new", "no_redirect")


class _Wanted(NamedTuple):
    """What is to become of the old scan."""

    abort_first: bool
    replace_scan: bool


def rescan(
    service: Service, scan_id: str, arguments: Mapping[str, object], owner: str, idempotency_key: str | None = None
) -> bytes:
    """Scan again, whatever became of the first scan; the manifest of the new one.

    All of it happens in one transaction, once: the same key, or an equal request within the repeat window, is the same
    new scan.

    Parameters
    ----------
    service, scan_id
        Which scan is repeated.
    arguments
        ``abort_first`` (end the old scan), ``replace_scan`` (let the new one stand for it), ``manifest_projection``
        and ``force_new``, all optional.
    owner, idempotency_key
        As of `skydriver.services.submission.submit`, whose errors may come, too.

    Raises
    ------
    UnknownError
        If there is no such scan.
    SettingError
        Naming an argument; or one of the stored request that cannot be scanned with any more.
    """
    given = Given(arguments, KNOWN, ROUTE)
    wanted = _Wanted(given.flag("abort_first"), given.flag("replace_scan"))
    given.flag("no_redirect")  # nobody is sent elsewhere: this very scan is repeated
    projection = read_projection("manifest_projection", given.get("manifest_projection"))
    key, force_new = checked_key(idempotency_key), given.flag("force_new")
    with service.database.glancing() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
    order = _order(service, scan, force_new=force_new)
    event = read_submitted(service, {"i3_event_id": scan.event}, order)
    asked = _asked(owner, key, order, scan, wanted)
    made = store_once(service, asked, event, lambda turn, new: _settle(turn, scan_id, new, wanted))
    if made.created and wanted.abort_first:
        service.ledgers.drop(scan_id)
        service.work.ring()
    return show_manifest(service, made.scan_id, View(projection, include_deleted=True), made.token)


def _order(service: Service, scan: Parts, *, force_new: bool) -> ScanOrder:
    """The stored request, read anew, with the classifiers by which rescans are known."""
    order = read_order(as_asked_again(scan), Catalogue(service.settings.image_roots), service.clusters)
    marks = {"rescan": True, "origin_scan_id": scan.id}
    return replace(order, classifiers=order.classifiers | marks, force_new=force_new)


def _asked(owner: str, key: str | None, order: ScanOrder, scan: Parts, wanted: _Wanted) -> Asked:
    """Equal only to what repeats the same scan in the same way."""
    request = order.request(scan.event)
    return Asked(owner, key, order, request, request_hash(order.generation, request | {"rescan": [scan.id, *wanted]}))


def _settle(turn: Turn, old: str, new: str, wanted: _Wanted) -> None:
    """What becomes of the old scan, in the transaction that stores the new one."""
    if wanted.abort_first:
        abort(turn, old)
    line = f"scanned again as {new}"
    if wanted.replace_scan:
        scans.update(turn.connection, old, replaced_by=new, updated=turn.now)
        turn.announce(old, "replaced", by=new)
        line += ", which takes its place"
    scan_log.add(turn.connection, turn.now, old, "service", [line])
    scan_log.add(turn.connection, turn.now, new, "service", [f"it repeats {old}"])
