"""The event of a request: read, checked, and made ready to be stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from skydriver.db.stores import events
from skydriver.errors import EventError, EventLayoutError, SettingError
from skydriver.events.limits import MAX_JSON_BYTES
from skydriver.events.realtime import hash_of, read_document
from skydriver.events.shell import parse_json, to_json
from skydriver.services.json_values import OF_EVENTS, check_value, told
from skydriver.services.preparation import prepare
from skydriver.services.scan_arguments import EVENT
from skydriver.services.scan_request_model import event_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.events.event import Event
    from skydriver.events.shell import Json
    from skydriver.services.context import Service
    from skydriver.services.scan_request_model import ScanOrder

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class SubmittedEvent(NamedTuple):
    """An event that can be scanned."""

    event: Event
    n_dom: int
    """DOMs that the algorithm would fit; 0 of an external scan, whose algorithm is not ours."""
    text: str
    """Canonical JSON."""

    def to_store(self) -> events.NewEvent:
        """A row of the table."""
        text = self.text.encode()
        header = self.event.header
        identity = self.event.content_hash, header.run_id, header.event_id, header.mjd, self.event.is_real
        return events.NewEvent(*identity, len(text), events.packed(text))


def read_submitted(service: Service, arguments: Mapping[str, object], order: ScanOrder) -> SubmittedEvent:
    """Read the event of a request as far as a worker would.

    Raises
    ------
    SettingError
        If no event is given, or two, or the one named is not stored.
    EventError
        Naming the argument, and the place in the event that is at fault.
    """
    argument, source = event_source(arguments)
    if argument != EVENT:
        source = _stored(service, argument, source)
    try:
        whole, text = _canonical(argument, source)
        event = read_document(whole, hash_of(text), is_real=order.is_real)
        n_dom = 0 if order.is_external else prepare(event, order.scan_request()).nch
    except EventError as error:
        raise type(error)(f"{argument}, {error.where}", error.problem) from error
    return SubmittedEvent(event, n_dom, text)


def _stored(service: Service, argument: str, event_id: object) -> bytes:
    """The JSON of an event that is stored."""
    text = None
    if isinstance(event_id, str) and _HASH.fullmatch(event_id):
        with service.database.reading() as connection:
            text = events.read(connection, event_id)
    if text is None:
        raise SettingError(argument, f"there is no event {told(event_id)} here")
    return text


def _canonical(argument: str, source: object) -> tuple[dict[str, Json], str]:
    """The event as an object, and as the one text that all its spellings have in common."""
    if isinstance(source, str | bytes):
        source = parse_json(source)
    if not isinstance(source, dict):
        raise SettingError(argument, f"is {told(source)}, neither an object nor a JSON text")
    check_value(argument, source, OF_EVENTS)
    text = to_json(source)
    if len(text) > MAX_JSON_BYTES:
        raise EventLayoutError("event JSON", f"is {len(text)} bytes long, more than the {MAX_JSON_BYTES} allowed")
    return source, text
