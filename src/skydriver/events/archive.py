"""Reading boost's portable binary archive as IceTray writes it.

Numbers are little-endian, a class is announced at its first instance, and instances of most classes are numbered.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from skydriver.errors import ArchiveError
from skydriver.events.limits import MAX_MODULES, MAX_PULSES

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

BASE_CLASS = "I3FrameObject"
_SCALARS = {code: struct.Struct(f"<{code}") for code in ("B", "H", "h", "i", "I", "q", "Q", "f", "d")}


class Budget:
    """How many modules and pulses an event may still hold."""

    def __init__(self) -> None:
        self.left = {"modules": MAX_MODULES, "pulses": MAX_PULSES}

    def spend(self, what: str, count: int, where: str) -> None:
        """Take `count` off; too many are an ArchiveError."""
        self.left[what] -= count
        if self.left[what] < 0:
            raise ArchiveError(where, f"more {what} in all than an event may hold")


class Archive:
    """A cursor over one serialised object.

    Parameters
    ----------
    data
        The blob of one slot.
    where
        Its place, for messages.
    budget
        Shared by all objects of one event.
    """

    def __init__(self, data: bytes, where: str, budget: Budget) -> None:
        self.data = data
        self.where = where
        self.budget = budget
        self.at = 0
        self.next_object = 0
        self.classes: dict[str, tuple[bool, int]] = {}

    @property
    def remaining(self) -> int:
        """Bytes not yet read."""
        return len(self.data) - self.at

    def wrong(self, problem: str) -> ArchiveError:
        """An error at this object."""
        return ArchiveError(self.where, problem)

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if size > self.remaining:
            raise self.wrong(f"truncated: {size} bytes wanted at byte {self.at}, {self.remaining} are left")
        self.at += size
        return self.data[self.at - size : self.at]

    def integer(self, code: str) -> int:
        """The next integer, by its `struct` code."""
        layout = _SCALARS[code]
        return int(layout.unpack(self.take(layout.size))[0])

    def real(self) -> float:
        """The next double."""
        return float(_SCALARS["d"].unpack(self.take(8))[0])

    def boolean(self) -> bool:
        """The next byte, which must be 0 or 1."""
        value = self.integer("B")
        if value > 1:
            raise self.wrong(f"{value} at byte {self.at - 1} is neither true nor false")
        return bool(value)

    def text(self) -> str:
        """A string after its u32 length; bytes that are not UTF-8 are kept as escapes."""
        return self.take(self.integer("I")).decode(errors="backslashreplace")

    def count(self, item_bytes: int) -> int:
        """A u32 number of items of at least `item_bytes` bytes, checked against what is left to read."""
        number = self.integer("I")
        if number * item_bytes > self.remaining:
            raise self.wrong(
                f"truncated: {number} items announced at byte {self.at - 4}, {self.remaining} bytes are left"
            )
        return number

    def array(self, dtype: DTypeLike, count: int) -> NDArray[Any]:
        """`count` items of `dtype`, without copying."""
        return np.frombuffer(self.take(np.dtype(dtype).itemsize * count), dtype)

    def announce(self, name: str, versions: tuple[int, ...] = (0,)) -> bool:
        """Read what precedes the first instance of a class, and say whether its instances are numbered.

        Raises
        ------
        ArchiveError
            If the class has a version that is not in `versions`.
        """
        if name not in self.classes:
            tracked, version = self.boolean(), self.integer("B")
            if version not in versions:
                known = " and ".join(str(known) for known in versions)
                raise self.wrong(f"class {name} of version {version}; version {known} is known")
            self.classes[name] = tracked, version
        return self.classes[name][0]

    def enter(self, name: str, versions: tuple[int, ...] = (0,)) -> None:
        """Read what precedes one instance of a class."""
        if self.announce(name, versions):
            self.number(self.integer("I"))

    def number(self, found: int) -> None:
        """Check that an object is numbered in sequence."""
        if found != self.next_object:
            raise self.wrong(f"object numbered {found} at byte {self.at - 4} instead of {self.next_object}")
        self.next_object += 1

    def enter_frame_object(self, name: str, versions: tuple[int, ...] = (0,)) -> None:
        """Read what precedes one instance of a class that derives from I3FrameObject."""
        self.enter(name, versions)
        self.enter(BASE_CLASS)

    def records(
        self, name: str, versions: tuple[int, ...], content: list[tuple[str, str]], count: int
    ) -> NDArray[np.void]:
        """`count` instances of a class of fixed size, as a structured array with the fields of `content`."""
        if count == 0:
            return np.zeros(0, content)
        if not self.announce(name, versions):
            return self.array(content, count)
        rows = self.array([("object", "<u4"), *content], count)
        if not np.array_equal(rows["object"], np.arange(self.next_object, self.next_object + count)):
            raise self.wrong(f"objects of class {name} before byte {self.at} are not numbered in sequence")
        self.next_object += count
        return rows

    def root_class(self) -> str:
        """Read the pointer that a blob begins with: its class name."""
        if self.take(2) != b"\x00\x01":
            raise self.wrong("does not begin with a shared pointer")
        if self.integer("h") < 0:
            raise self.wrong("a null pointer")
        return self.text()

    def finish(self) -> None:
        """Check that nothing is left unread."""
        if self.remaining:
            raise self.wrong(f"{self.remaining} bytes unread at its end")
