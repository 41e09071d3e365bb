"""The use case behind POST /scans/find: manifests of the scans that a filter is true of, a page of them or all."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.stores import documents, search
from skydriver.services.event_texts import event_text
from skydriver.services.manifests import manifest_of_2025
from skydriver.services.projection import project
from skydriver.services.search.patterns import resolve
from skydriver.services.search.request import read_search, write_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skydriver.db.database import Connection
    from skydriver.services.context import Service
    from skydriver.services.projection import Projection
    from skydriver.services.search.request import Search

BATCH: Final = 200
"""Manifests that are made at once where all are asked for."""


def find(service: Service, arguments: Mapping[str, object]) -> bytes | Iterator[bytes]:
    """Find scans: ``{"manifests": […], "cursor": …}`` where there is a limit, else ``{"manifests": […]}`` in pieces.

    What is found is found at once, as of one moment, and the first manifests are made before this returns: errors come
    before anything is sent. Where the database goes away later the iterator raises, and the document has no end.

    Parameters
    ----------
    service
        Where.
    arguments
        ``filter``, ``include_deleted``, ``manifest_projection``, ``limit``, ``sort`` and ``cursor``.

    Raises
    ------
    SettingError
        Naming the argument that is at fault.
    """
    asked = read_search(arguments)
    if asked.limit is not None:
        return _page(service, asked, asked.limit)
    pieces = _everything(service, asked)
    return chain([next(pieces)], pieces)


def _page(service: Service, asked: Search, limit: int) -> bytes:
    with service.database.reading() as connection:
        term = resolve(connection, asked.term)
        places = search.find(connection, term, asked.keys, asked.after, limit + 1)
        made = _manifests(connection, [place.scan_id for place in places[:limit]], asked.projection)
    cursor = write_cursor(asked, places[limit - 1].values) if len(places) > limit else None
    return b'{"manifests":[%s],"cursor":%s}' % (b",".join(made), orjson.dumps(cursor))


def _everything(service: Service, asked: Search) -> Iterator[bytes]:
    """The document in pieces; each reads for itself, so that whoever takes their time holds no transaction open."""
    with service.database.reading() as connection:
        term = resolve(connection, asked.term)
        found = [place.scan_id for place in search.find(connection, term, asked.keys, None, None)]
        made = _manifests(connection, found[:BATCH], asked.projection)
    yield b'{"manifests":[' + b",".join(made)
    for begin in range(BATCH, len(found), BATCH):
        with service.database.reading() as connection:
            made = _manifests(connection, found[begin : begin + BATCH], asked.projection)
        yield b"".join(b"," + each for each in made)
    yield b"]}"


def _manifests(connection: Connection, ids: Sequence[str], projection: Projection) -> list[bytes]:
    """Manifests as they are now, in the order of `ids`."""
    parts = documents.parts_of(connection, ids)
    made = []
    for scan in (parts[scan_id] for scan_id in ids):
        event = event_text(connection, scan.event) if projection.wants_event else None
        made.append(orjson.dumps(project(manifest_of_2025(scan, event), projection)))
    return made
