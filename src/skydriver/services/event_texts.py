"""Events as documents show them: unpacked, and kept for the next document for as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from skydriver.db.stores import events

if TYPE_CHECKING:
    from skydriver.db.database import Connection

ROOM_BYTES: Final = 8_000_000


class Texts:
    """Texts by the hash of what they say, the ones used last; safe to use from many threads.

    An event never changes, so that nothing here is ever out of date.
    """

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room = room_bytes
        self._lock = threading.Lock()
        self._texts: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def get(self, key: str) -> bytes | None:
        """A text that is kept."""
        with self._lock:
            text = self._texts.get(key)
            if text is not None:
                self._texts.move_to_end(key)
            return text

    def keep(self, key: str, text: bytes) -> None:
        """Keep a text, and forget the oldest ones that there is no room for."""
        with self._lock:
            if key not in self._texts:
                self._texts[key] = text
                self._size += len(text)
            while self._size > self._room:
                self._size -= len(self._texts.popitem(last=False)[1])


_kept = Texts()


def event_text(connection: Connection, event: str) -> bytes:
    """The JSON of an event."""
    text = _kept.get(event)
    if text is None:
        text = events.read(connection, event) or b"null"
        _kept.keep(event, text)
    return text
