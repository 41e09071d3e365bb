"""What SkyDriver tells of a scan beyond what clients of its predecessors know: the key ``skydriver`` of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from skydriver.db.search.places import TOLD
from skydriver.errors import UnknownError
from skydriver.services.coordination.states import ENDED, Status, scan_state

if TYPE_CHECKING:
    from skydriver.db.stores.documents import Parts

EXTERNAL: Final = "external"
"""Engine of scans that programs outside report to."""

ENVIRONMENT: Final = "scanner_server_env"
"""What of a request may hold a secret: it is kept, and not told again."""

Stopped = Literal["ABORTED", "STOPPED"]
"""The word for an aborted scan: today's, and that of documents of 2023."""


def known(scan: Parts | None, scan_id: str) -> Parts:
    """The scan; an `UnknownError` where there is none."""
    if scan is None:
        raise UnknownError(f"scan_id: there is no scan {scan_id}")
    return scan


def shown(scan: Parts | None, scan_id: str, *, include_deleted: bool) -> Parts:
    """The same, where its manifest was not deleted or that does not matter."""
    scan = known(scan, scan_id)
    if scan.is_deleted and not include_deleted:
        raise UnknownError(f"scan_id: the manifest of {scan_id} was deleted; include_deleted shows it")
    return scan


def state_of(scan: Parts, stopped: Stopped) -> str:
    """The public state (CONTRACT section 7)."""
    status = Status(scan.status)
    reported = scan.engine == EXTERNAL and scan.progress is not None
    return scan_state(
        status,
        waited=_waited(scan),
        has_begun=status in {Status.RUNNING, Status.FINISHING} or scan.numerics is not None or reported,
        has_pixel=scan.first_pixel is not None,
        stopped=stopped,
    )


def _waited(scan: Parts) -> Status:
    """What a scan that nothing began waited in at last."""
    if scan.engine == EXTERNAL:
        return Status.PREPARING
    return Status.QUEUED if scan.launched is None else Status.STARTING


def has_ended(scan: Parts) -> bool:
    """Whether nothing more comes."""
    return Status(scan.status) in ENDED


def facts(scan: Parts, stopped: Stopped) -> dict[str, Any]:
    """What is told of a scan: its state, why, how far it is, when things happened, and what was asked for."""
    told = {name: getattr(scan, name) for name in TOLD}
    return {**told, "best": stored(scan.best), "state": state_of(scan, stopped), "request": _request(scan)}


def _request(scan: Parts) -> dict[str, Any]:
    """What was asked for; the environment may hold a secret, and is not told."""
    return {name: value for name, value in orjson.loads(scan.request).items() if name != ENVIRONMENT}


def stored(text: str | bytes | None) -> orjson.Fragment | None:
    """JSON that is stored, as a part of a document: it is not read again."""
    return None if text is None else orjson.Fragment(text)
