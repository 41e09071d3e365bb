"""Tokens, by their hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Row, delete, insert, select, update

from skydriver.db.tables import pools, tokens

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

TokenRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes."""


def add(connection: Connection, **values: object) -> None:
    """A token was made."""
    connection.execute(insert(tokens).values(**values))


def get(connection: Connection, token: str) -> TokenRow | None:
    """The token of this hash; None where there is none."""
    return connection.execute(select(tokens).where(tokens.c.hash == token)).one_or_none()


def end_by(connection: Connection, token: str, moment: float) -> None:
    """It is good until `moment` at most."""
    query = update(tokens).where(tokens.c.hash == token, tokens.c.expires > moment)
    connection.execute(query.values(expires=moment))


def drop(connection: Connection, first: str) -> None:
    """Take away a token and all that renewed it."""
    connection.execute(delete(tokens).where(tokens.c.first == first))


def drop_scope(connection: Connection, kinds: Collection[str], scope: str) -> None:
    """Take away all tokens of these kinds for one pool or scan."""
    connection.execute(delete(tokens).where(tokens.c.kind.in_(kinds), tokens.c.scope == scope))


def is_of_scan(connection: Connection, pool: str) -> bool:
    """Whether a pool is, or was, a scan's own."""
    return connection.execute(select(pools.c.id).where(pools.c.id == pool)).one_or_none() is not None


def drop_expired(connection: Connection, now: float) -> None:
    """Take away what is good no more."""
    connection.execute(delete(tokens).where(tokens.c.expires <= now))
