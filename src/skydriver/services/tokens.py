"""Tokens that the service makes: each allows one pool's workers, or one scan's scanner, to speak, for a while.

Jobs elsewhere travel with a pool's starter token, which allows no more than to get a worker's token for it, and what
the worker needs to start.

Only their hashes are stored. They end by the clock of the database: where it jumps ahead they end early, and whoever
holds one is refused and gets a new one as it got the first (a local worker is started anew, an external scan is
submitted again with the same key); where it jumps back they are good for longer by as much.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import tokens
from skydriver.errors import DeniedError

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.services.context import Service

Kind: TypeAlias = Literal["worker", "starter", "scan"]
OF_POOLS: Final = ("worker", "starter")
WORKER_S: Final = 3600.0
"""The life of a worker's token that was got for a starter token; the worker renews it."""
OVERLAP_S = 60.0
"""A token that was renewed is good for so long after, for requests under way and answers that were lost, s."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token allows."""

    kind: Kind
    scope: str
    """The pool, or the scan."""
    hash: str
    """Of the first token of its line: renewing does not change it."""
    expires: float
    """Seconds since 1970."""


def mint(service: Service, kind: Kind, scope: str, seconds: float) -> str:
    """A new token, good for `seconds`; it is told here once, and cannot be found out later."""
    with service.database.transaction(CommitPoint.TOKEN) as connection:
        return mint_in(service, connection, kind, scope, seconds)


def mint_in(service: Service, connection: Connection, kind: Kind, scope: str, seconds: float) -> str:
    """The same, in the transaction of `connection`."""
    now = service.database.now(connection)
    tokens.drop_expired(connection, now)
    return _store(connection, now, kind=kind, scope=scope, seconds=seconds, expires=now + seconds)


def find(service: Service, token: str) -> Token | None:
    """What a token allows; None where it is none of ours, has ended or was revoked."""
    with service.database.reading() as connection:
        row = tokens.get(connection, hash_of(token))
        if row is None or row.expires <= service.database.now(connection):
            return None
    return Token(row.kind, row.scope, row.first, row.expires)


def check(service: Service, token: str, kind: Kind) -> Token:
    """What a token of a kind allows.

    Raises
    ------
    DeniedError
        If it is none of ours, has ended or was revoked (`known` is false), or is of the other kind (`known` is true).
    """
    found = find(service, token)
    if found is None:
        raise DeniedError("Authorization: this token is not known here, or it has expired", known=False)
    if found.kind != kind:
        raise DeniedError(f"Authorization: this token is for a {found.kind}, not for a {kind}", known=True)
    return found


def renew(service: Service, token: str) -> str:
    """Another token for the same, good for as long as the first was made for; the old one ends within a minute.

    Raises
    ------
    DeniedError
        If the old one is none of ours, has ended or was revoked.
    """
    with service.database.transaction(CommitPoint.TOKEN) as connection:
        now = service.database.now(connection)
        row = tokens.get(connection, hash_of(token))
        if row is None or row.expires <= now:
            raise DeniedError("Authorization: this token is not known here, or it has expired", known=False)
        tokens.end_by(connection, row.hash, now + OVERLAP_S)
        line = {"kind": row.kind, "scope": row.scope, "seconds": row.seconds, "first": row.first}
        return _store(connection, now, expires=now + row.seconds, **line)


def trade(service: Service, token: str) -> str:
    """A worker's token for a starter token of its pool: the first of its own line. The starter token stays as it is.

    Raises
    ------
    DeniedError
        If it is none of ours, has ended or was revoked, or is no starter token.
    """
    with service.database.transaction(CommitPoint.TOKEN) as connection:
        now = service.database.now(connection)
        row = tokens.get(connection, hash_of(token))
        if row is None or row.expires <= now:
            raise DeniedError("Authorization: this token is not known here, or it has expired", known=False)
        if row.kind != "starter":
            raise DeniedError(f"Authorization: this token is for a {row.kind}, not for a starter", known=True)
        return mint_in(service, connection, "worker", row.scope, WORKER_S)


def revoke_all(connection: Connection, pool: str) -> None:
    """End all tokens of a pool, starter tokens and workers', in the transaction of `connection`."""
    tokens.drop_scope(connection, OF_POOLS, pool)


def revoke(service: Service, hash: str) -> None:  # noqa: A002 - it is what a Token calls it
    """End a token, and all that renewed it, at once."""
    with service.database.transaction(CommitPoint.TOKEN) as connection:
        tokens.drop(connection, hash)


def hash_of(token: str) -> str:
    """How a token is stored."""
    return hashlib.sha256(token.encode(errors="backslashreplace")).hexdigest()


def _store(connection: Connection, now: float, **of_line: object) -> str:
    """Make a token; the first of its line where `of_line` does not say which that is."""
    token = secrets.token_urlsafe(32)
    values = {"hash": hash_of(token), "first": hash_of(token), "created": now} | of_line
    tokens.add(connection, **values)
    return token
