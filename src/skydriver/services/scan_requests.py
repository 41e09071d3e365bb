"""What a scan was asked for with: its request, as POST /scan takes it back, and its event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from skydriver.db.stores import documents
from skydriver.services.event_texts import event_text
from skydriver.services.scan_facts import ENVIRONMENT, known, stored
from skydriver.services.scan_labels import RESERVED

if TYPE_CHECKING:
    from skydriver.db.stores.documents import Parts
    from skydriver.services.context import Service


def scan_request(service: Service, scan_id: str) -> bytes:
    """The request of a scan, also of a deleted one; what comes of POST /scan with it is a scan like this one.

    It names its event by `i3_event_id`. The environment is left out, which may hold a secret, and so are the
    classifiers by which the service marks rescans: whoever sends this asks for a scan of his own.

    Raises
    ------
    UnknownError
        If there is no such scan.
    """
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
    request = as_asked_again(scan)
    request.pop(ENVIRONMENT, None)
    return orjson.dumps(request)


def as_asked_again(scan: Parts) -> dict[str, Any]:
    """The request of a scan as it came, without the classifiers that the service gave it."""
    request: dict[str, Any] = orjson.loads(scan.request)
    mine = {name: value for name, value in request.get("classifiers", {}).items() if name not in RESERVED}
    return request | {"classifiers": mine}


def i3_event(service: Service, scan_id: str) -> bytes:
    """The event of a scan, also of a deleted one: ``{i3_event}``; an `UnknownError` where there is no such scan."""
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        return orjson.dumps({"i3_event": stored(event_text(connection, scan.event))})
