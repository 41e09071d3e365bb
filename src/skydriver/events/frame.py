"""I3 frames, version 6: a stream's letter and named, typed blobs under one checksum."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import google_crc32c

from skydriver.errors import FrameError
from skydriver.events.limits import MAX_SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC = b"[i3]"
VERSION = 6
_PREAMBLE = struct.Struct("<4sI2xcI")
_U32 = struct.Struct("<I")
_CHECKED_FROM = 10
"""Offset of the stream's letter, the first byte under the checksum."""


class Slot(NamedTuple):
    """One object of a frame, still serialised."""

    name: str
    type_name: str
    blob: bytes


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) with initial value 0 and no final exclusive or, as IceTray computes it."""
    return int(google_crc32c.extend(0xFFFFFFFF, data)) ^ 0xFFFFFFFF


def parse_frame(data: bytes, stop: str, where: str) -> tuple[Slot, ...]:
    """Take one frame apart and verify its checksum.

    Parameters
    ----------
    data
        The frame.
    stop
        The stream's letter that the JSON announced.
    where
        The frame's place, for messages.

    Raises
    ------
    FrameError
        If it is truncated, of another version or stream, or its checksum is wrong.
    """
    if len(data) < _PREAMBLE.size + 4:
        raise FrameError(where, f"an I3 frame of {len(data)} bytes is truncated")
    magic, version, letter, n_slots = _PREAMBLE.unpack_from(data)
    if magic != MAGIC:
        raise FrameError(where, f"not an I3 frame: it begins with {magic!r}")
    if version != VERSION:
        raise FrameError(where, f"an I3 frame of version {version}; only version {VERSION} is known")
    if letter != stop.encode():
        raise FrameError(where, f"a frame of stream {letter.decode('latin-1')!a} announced as {stop!r}")
    if n_slots > MAX_SLOTS:
        raise FrameError(where, f"{n_slots} objects announced, more than the {MAX_SLOTS} allowed")
    slots, end = _slots(data, n_slots, where)
    _verify(data, end, where)
    return slots


def build_frame(stop: str, slots: Iterable[Slot]) -> bytes:
    """The bytes of a frame, its checksum last."""
    slots = tuple(slots)
    content = [stop.encode(), _U32.pack(len(slots))]
    for slot in slots:
        for part in (slot.name.encode(), slot.type_name.encode(), slot.blob):
            content += [_U32.pack(len(part)), part]
    checked = b"".join(content)
    return MAGIC + _U32.pack(VERSION) + bytes(2) + checked + _U32.pack(crc32c(checked))


def _slots(data: bytes, n_slots: int, where: str) -> tuple[tuple[Slot, ...], int]:
    at = _PREAMBLE.size
    slots: dict[str, Slot] = {}
    for index in range(n_slots):
        parts = []
        for part in ("name", "type", "content"):
            blob, at = _sized(data, at, f"{where}, object {index}", part)
            parts.append(blob)
        slot = Slot(_word(parts[0], where), _word(parts[1], where), parts[2])
        if slot.name in slots:
            raise FrameError(where, f"two objects named {slot.name}")
        slots[slot.name] = slot
    return tuple(slots.values()), at


def _sized(data: bytes, at: int, where: str, part: str) -> tuple[bytes, int]:
    """A byte string after its u32 length; the frame's last four bytes are its checksum and never part of one."""
    room = len(data) - 4 - at - 4
    if room < 0:
        raise FrameError(where, f"truncated before the length of its {part}")
    (size,) = _U32.unpack_from(data, at)
    if size > room:
        raise FrameError(where, f"truncated: its {part} should have {size} bytes, {room} are left")
    return data[at + 4 : at + 4 + size], at + 4 + size


def _word(raw: bytes, where: str) -> str:
    text = raw.decode("latin-1")
    if not text or not text.isascii() or not text.isprintable() or len(text) > 200:
        raise FrameError(where, f"{text[:60]!a} is not the name of an object or type")
    return text


def _verify(data: bytes, end: int, where: str) -> None:
    if end + 4 != len(data):
        raise FrameError(where, f"{len(data) - end - 4} bytes between the last object and the checksum")
    stated, found = _U32.unpack_from(data, end)[0], crc32c(data[_CHECKED_FROM:end])
    if stated != found:
        raise FrameError(where, f"checksum {found:#010x} of its content instead of the stated {stated:#010x}")
