"""One product of a scan: kept from before, or made when it is asked for."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from anyio.to_thread import run_sync

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import events, products, results
from skydriver.db.stores.products import Kept, Key
from skydriver.errors import StateError, UnavailableError, UnknownError
from skydriver.log import get_logger
from skydriver.services.coordination.maps import look_at, read_state
from skydriver.services.drawing.drawer import ENDS
from skydriver.services.drawing.order import Made, Order
from skydriver.services.memory import give_back
from skydriver.services.product_list import GROWING, about
from skydriver.services.product_options import kind_named, options_hash
from skydriver.services.publishing import UNKNOWN
from skydriver.skymap.json_format import to_json
from skydriver.skymap.provenance import is_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from skydriver.services.context import Service
    from skydriver.services.product_kinds import Kind
    from skydriver.services.product_list import About
    from skydriver.services.product_options import Asked

log = get_logger()

PATIENCE_S: Final = 50.0
"""Whoever asks waits so long: many clients give up after a minute."""
LOOK_AGAIN_S: Final = 1.0
"""Whether the service ends is looked at so often."""
FRESH_S: Final = 2.0
"""A product of a map that grows is good for so long."""
ROOM_BYTES: Final = 1_000_000_000
"""Of all products that are kept; the oldest go first."""
MOST_BYTES: Final = 100_000_000
"""A larger product is not kept."""


class Product(NamedTuple):
    """A product, ready to be sent."""

    file: str
    """Its file's name, as the command would write it."""
    content: bytes
    media_type: str

    @property
    def etag(self) -> str:
        """What tells it from every other, in HTTP's quotes."""
        return f'"{hashlib.sha256(self.content).hexdigest()}"'


def look(
    service: Service, scan_id: str, name: str, asked: Asked, *, include_deleted: bool = False
) -> Product | Future[Made]:
    """A product that is kept, or else the future one.

    Parameters
    ----------
    service, scan_id
        Of which scan.
    name
        Which product, by its ending.
    asked
        How.
    include_deleted
        Whether to answer for a result that was deleted.

    Raises
    ------
    UnknownError
        If there is no such scan or product, no finished pixel yet, or the result was deleted.
    StateError
        If the map does not have what the product needs.
    UnavailableError, ImpossibleError
        As of `skydriver.services.drawing.drawer.Drawer.ask`.
    """
    kind = kind_named(name)
    key = Key(scan_id, kind.ending, options_hash(asked.of(kind)))
    with service.database.reading() as connection:
        seen = about(connection, scan_id, include_deleted=include_deleted)
        kept, now = products.get(connection, key), service.database.now(connection)
    reason = seen.why_not(kind)
    if seen.version is None:
        raise UnknownError(f"scan_id: there is no map of {scan_id} yet: {reason}")
    if reason:
        raise StateError(f"{kind.ending}: {reason}")
    if kept is not None and _is_good(kept, seen.version, now):
        return _unpacked(kept, kind)
    making = _Making(service, seen, kind, asked, key)
    return service.drawer.ask(key, seen.scan.priority, making.order, making.keep)


async def await_product(
    find: Callable[[], Product | Future[Made]], name: str, is_over: Callable[[], Awaitable[bool]]
) -> Product:
    """A product, as soon as it is there.

    Parameters
    ----------
    find
        What looks for it (`look`).
    name
        Which.
    is_over
        Whether the service ends or the client went away meanwhile.

    Raises
    ------
    UnavailableError
        If it takes too long: it is made all the same, for whoever asks later.
    """
    found = await run_sync(find)
    if isinstance(found, Product):
        return found
    loop = asyncio.get_running_loop()
    until, made = loop.time() + PATIENCE_S, asyncio.wrap_future(found)
    while not made.done():
        if await is_over():
            made.cancel()
            raise UnavailableError(ENDS)
        if loop.time() > until:
            made.cancel()
            raise UnavailableError(f"{name}: it is still being made: ask again")
        await asyncio.wait([made], timeout=LOOK_AGAIN_S)
    return Product(*made.result(), kind_named(name).media_type)


def _is_good(kept: Kept, version: str, now: float) -> bool:
    """Whether a product that is kept is of this map, or of one that was the same a moment ago."""
    if kept.version == version:
        return True
    grows = kept.version.startswith(GROWING) and version.startswith(GROWING)
    return grows and 0.0 <= now - kept.made < FRESH_S


def _packed(made: Made) -> bytes:
    return made.file.encode() + b"\n" + made.content


def _unpacked(kept: Kept, kind: Kind) -> Product:
    file, _, content = kept.blob.partition(b"\n")
    return Product(file.decode(), content, kind.media_type)


@dataclass(slots=True)
class _Making:
    """A product whose turn comes; all of it happens in the drawer's thread."""

    service: Service
    seen: About
    kind: Kind
    asked: Asked
    key: Key
    version: str = ""
    """Of the map that it is made of, which may be a later one than was seen."""

    def order(self) -> Order:
        """What is to be made."""
        scan, needs_event = self.seen.scan, self.kind.needs == "event"
        with self.service.database.reading() as connection:
            seen = about(connection, scan.id, include_deleted=True)
            found = results.get(connection, scan.id)
            event = events.read(connection, scan.event) if needs_event else None
            now = self.service.database.now(connection)
        if found is None:
            document, provenance, answer = (*self._map_so_far(), None)
        else:
            self.version = seen.version or ""
            document, provenance, answer = found.document, found.provenance, found.answer
        return Order(
            product=self.kind.ending,
            now=now,
            options=self.asked.of(self.kind),
            algorithm=scan.reco if is_name(scan.reco) else UNKNOWN,
            is_real=scan.is_real,
            document=document,
            provenance=provenance,
            answer=answer,
            event=event,
        )

    def keep(self, made: Made) -> None:
        """Keep what was made; where it cannot be kept it is made again the next time."""
        blob = _packed(made)
        if len(blob) > MOST_BYTES:
            return
        try:
            with self.service.database.transaction(CommitPoint.PRODUCT) as connection:
                now = self.service.database.now(connection)
                products.put(connection, self.key, Kept(self.version, blob, now), ROOM_BYTES)
        except UnavailableError as error:
            log.warning("product_not_kept", scan=self.key.scan, product=self.kind.ending, problem=str(error))

    def _map_so_far(self) -> tuple[bytes, bytes | None]:
        """The map of a scan that has none stored, and its provenance."""
        state = read_state(self.service, self.key.scan)
        if state is None:
            raise UnknownError(f"scan_id: there is no map of {self.key.scan} yet")
        self.version = f"{GROWING} {state.scan.fits_done}"
        skymap = look_at(state).skymap
        give_back()
        made = skymap.provenance
        return to_json(skymap), None if made is None else made.to_json()
