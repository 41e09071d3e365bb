"""Server-sent events of a service, as one sequence that outlives connections: none is lost, none comes twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx
import orjson
from httpx_sse import SSEError, connect_sse

from skydriver.client.outages import FIRST_PAUSE_S, no_answer
from skydriver.client.refusals import error_of
from skydriver.errors import SettingError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.client.outages import Patience

TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0, read=45.0)
"""Seconds; a connection that lives says so every 15 s."""
_ALL_TOLD: Final = 204


class Event(NamedTuple):
    """One event."""

    id: str
    """From which to go on, also with another service of the same database."""
    kind: str
    data: dict[str, Any]


def events(http: httpx.Client, path: str, last_id: str | None, patience: Patience) -> Iterator[Event]:
    """Events behind the one of `last_id`, or a snapshot and what follows, until the service says that it told all.

    Raises
    ------
    UnavailableError
        Where the service is away for longer than `patience` allows.
    UnknownError
        Where there is no such scan, or the service is of a release without events.
    """
    while True:
        try:
            for event in _of_one_connection(http, path, last_id, patience):
                last_id = event.id
                yield event
        except UnavailableError as error:
            patience.wait_after(error)
        except _ToldAllError:
            return
        else:
            patience.pause(FIRST_PAUSE_S)


class _ToldAllError(Exception):
    """There is nothing more to be told."""


def _of_one_connection(http: httpx.Client, path: str, last_id: str | None, patience: Patience) -> Iterator[Event]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    try:
        with connect_sse(http, "GET", path, headers=headers, timeout=TIMEOUT, follow_redirects=True) as source:
            if source.response.status_code == _ALL_TOLD:
                raise _ToldAllError
            if source.response.status_code >= 400:
                source.response.read()
                raise error_of(source.response)
            patience.answered()
            for told in source.iter_sse():
                if told.data:
                    yield Event(told.id, told.event, orjson.loads(told.data))
    except (SSEError, orjson.JSONDecodeError) as error:  # before the next, of which it is one
        raise SettingError("url", f"what answers at {http.base_url} is no SkyDriver service") from error
    except httpx.TransportError as error:
        raise no_answer(http.base_url, error) from error
