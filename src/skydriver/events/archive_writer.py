"""Writing boost's portable binary archive as IceTray does, the counterpart of `skydriver.events.archive`."""

from __future__ import annotations

import struct

import numpy as np

from skydriver.events.archive import BASE_CLASS

CLASS_ID = 2
"""Boost's number for the first class of an archive after the pointer's own two."""
LONG_SIZE = 0xF7


class ArchiveWriter:
    """A serialised object in the making.

    Parameters
    ----------
    class_name
        The class that the archive announces.
    """

    def __init__(self, class_name: str) -> None:
        self.parts = [b"\x00\x01"]
        self.seen: set[str] = set()
        self.next_object = 0
        self.put("h", CLASS_ID)
        self.text(class_name)

    def put(self, codes: str, *values: float) -> None:
        """Append numbers, by their `struct` codes."""
        self.parts.append(struct.pack(f"<{codes}", *values))

    def text(self, text: str) -> None:
        """Append a string after its u32 length."""
        raw = text.encode()
        self.put("I", len(raw))
        self.parts.append(raw)

    def enter(self, name: str, version: int = 0, *, numbered: bool = False) -> None:
        """Append what precedes one instance of a class."""
        if name not in self.seen:
            self.seen.add(name)
            self.put("BB", numbered, version)
        if numbered:
            self.put("I", self.next_object)
            self.next_object += 1

    def enter_frame_object(self, name: str, version: int = 0) -> None:
        """Append what precedes one instance of a class that derives from I3FrameObject."""
        self.enter(name, version, numbered=True)
        self.enter(BASE_CLASS, numbered=True)

    def compact(self, item: str, values: bytes, item_bytes: int) -> None:
        """Append a CompactVector of `item`, already serialised."""
        self.enter(f"CompactVector<{item}>")
        self.enter("SizeCodec")
        size = len(values) // item_bytes
        if size < LONG_SIZE:
            self.put("B", size)
        else:
            raw = size.to_bytes((size.bit_length() + 7) // 8, "little")
            self.put("B", 0xFF - len(raw))
            self.parts.append(raw)
        self.parts.append(values)

    def bits(self, bits: list[bool]) -> None:
        """Append a bitmask."""
        raw = np.packbits(np.array(bits, bool), bitorder="little").tobytes()
        self.enter("bitmask")
        self.put("HB", len(raw), 8 * len(raw) - len(bits))
        self.parts.append(raw)

    def blob(self) -> bytes:
        """All that was appended."""
        return b"".join(self.parts)
