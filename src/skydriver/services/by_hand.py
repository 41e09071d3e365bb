"""Starter tokens for workers that people start by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from skydriver.clusters.configured import LOCAL
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import tokens as stored
from skydriver.errors import SettingError, StateError
from skydriver.log import get_logger
from skydriver.services import tokens
from skydriver.services.body_arguments import Given
from skydriver.services.json_values import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.services.context import Service

ROUTE: Final = "POST /tokens"
KNOWN: Final = ("pool", "hours")
POOL: Final = "by-hand"
HOURS: Final = 24.0
MOST_HOURS: Final = 720.0
_POOL: Final = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)

log = get_logger()


def starter_token(service: Service, arguments: Mapping[str, object]) -> bytes:
    """A starter token, and where it is of use.

    Parameters
    ----------
    service
        Whose workers they will be.
    arguments
        Optionally ``pool``, under which name the workers stand (``by-hand``), and ``hours``, for how long new workers
        may start with the token (24, up to 720); a worker that has started renews its own token.

    Returns
    -------
    bytes
        ``token``, ``expires_s``, ``pool``, and of the workers' own address ``url`` and ``ca`` (PEM, or null where
        machines know it anyway), both null where there is no such address; ``baseline``, the instruction set of all
        workers' fits, or null where each has its machine's own.

    Raises
    ------
    SettingError
        Naming an argument.
    StateError
        If the pool is a scan's own.
    """
    given = Given(arguments, KNOWN, ROUTE)
    pool, seconds = _pool(given.get("pool")), 3600.0 * _hours(given.get("hours"))
    with service.database.transaction(CommitPoint.TOKEN) as connection:
        if stored.is_of_scan(connection, pool):
            raise StateError(f"pool: {pool} is a scan's own")
        token = tokens.mint_in(service, connection, "starter", pool, seconds)
    log.info("starter_token_made", pool=pool, seconds=seconds)
    address = service.worker_access.address
    ca = None if address is None or address.ca is None else address.ca.decode()
    url = None if address is None else address.url
    said = {"token": token, "expires_s": seconds, "pool": pool, "url": url, "ca": ca}
    return orjson.dumps(said | {"baseline": service.clusters.baseline})


def _pool(value: object) -> str:
    if value is None:
        return POOL
    if not isinstance(value, str) or not _POOL.fullmatch(value):
        raise SettingError("pool", f"is {told(value)}, not 1 to 40 letters, digits and -")
    if value == LOCAL:
        raise SettingError("pool", f"{LOCAL} is the service's own machine")
    return value


def _hours(value: object) -> float:
    if value is None:
        return HOURS
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= MOST_HOURS:
        raise SettingError("hours", f"is {told(value)}, not a number above 0 and up to {MOST_HOURS:.0f}")
    return float(value)
