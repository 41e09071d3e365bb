"""What goes between the service and the process that makes products: a head of JSON, and parts that are bytes.

A message is the length of its head, four bytes, the most significant first, the head, and its parts one after the
other; the head says how long each is. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIZE: Final = 4
_PARTS: Final = "parts"


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    head: Mapping[str, Any]
    """Plain values."""
    parts: tuple[bytes, ...] = ()


def send(file: IO[bytes], message: Message) -> None:
    """Write a message; an `OSError` where the other end is gone."""
    head = json.dumps({**message.head, _PARTS: [len(part) for part in message.parts]}).encode()
    file.write(len(head).to_bytes(_SIZE, "big") + head)
    file.writelines(message.parts)
    file.flush()


def receive(file: IO[bytes]) -> Message:
    """Read a message; an `EOFError` where there is none, or not all of one."""
    head = json.loads(_read(file, int.from_bytes(_read(file, _SIZE), "big")))
    return Message(head, tuple(_read(file, size) for size in head.pop(_PARTS)))


def _read(file: IO[bytes], size: int) -> bytes:
    found = file.read(size)
    if len(found) < size:
        raise EOFError("the other end is gone")
    return found
