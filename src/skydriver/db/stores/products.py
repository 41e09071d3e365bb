"""Products that were made, kept for whoever asks next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from skydriver.db.tables import products

if TYPE_CHECKING:
    from sqlalchemy import Connection

c = products.c


class Key(NamedTuple):
    """Which product."""

    scan: str
    name: str
    options: str
    """Hash of how it is made."""


class Kept(NamedTuple):
    """A product."""

    version: str
    """Which map it is of."""
    blob: bytes
    made: float
    """Seconds since 1970."""


_WHERE = (c.scan == bindparam("k_scan"), c.name == bindparam("k_name"), c.options == bindparam("k_options"))
_GET = select(c.version, c.blob, c.made).where(*_WHERE)
_DROP = delete(products).where(*_WHERE)
_INSERTS = {dialect.dialect.name: dialect.insert(products) for dialect in (sqlite, postgresql)}
_PUT = {
    name: made.on_conflict_do_update(
        index_elements=[c.scan, c.name, c.options],
        set_={column: made.excluded[column] for column in ("version", "blob", "made")},
    )
    for name, made in _INSERTS.items()
}
_SIZES = select(c.scan, c.name, c.options, func.length(c.blob)).order_by(c.made.desc(), c.scan, c.name, c.options)


def get(connection: Connection, key: Key) -> Kept | None:
    """A product; None where there is none."""
    found = connection.execute(_GET, _named(key)).one_or_none()
    return None if found is None else Kept(found.version, bytes(found.blob), found.made)


def put(connection: Connection, key: Key, kept: Kept, room_bytes: int) -> None:
    """Keep a product in place of the one before, and drop the oldest ones that there is no room for."""
    connection.execute(_PUT[connection.dialect.name], {**key._asdict(), **kept._asdict()})
    for old in _without_room(connection, room_bytes):
        connection.execute(_DROP, _named(old))


def forget(connection: Connection, scan: str) -> None:
    """Drop all products of a scan."""
    connection.execute(delete(products).where(c.scan == scan))


def _without_room(connection: Connection, room_bytes: int) -> list[Key]:
    """The oldest products, beyond the room for all."""
    total, beyond = 0, []
    for scan, name, options, size in connection.execute(_SIZES):
        total += size
        if total > room_bytes:
            beyond.append(Key(scan, name, options))
    return beyond


def _named(key: Key) -> dict[str, Any]:
    return {f"k_{name}": value for name, value in key._asdict().items()}
