"""The bytes in a pickled I3Frame, without unpickling: the opcodes are walked, and must spell one frame and no more."""

from __future__ import annotations

import io
import pickletools
import re

from skydriver.errors import EventLayoutError

FRAME_CLASSES = ("icecube._icetray I3Frame", "icecube.icetray I3Frame")
ENCODER = "_codecs encode"
LATIN_1 = "latin1"
GLOBAL_CODE = ord("c")
_NAME = re.compile(rb"[\w.]{1,40}\n\w{1,40}\n")
"""A module and a name in it. Anything else is refused unread: genops would interpret escapes in it."""
_BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
_PYTHON_2_STRINGS = {"BINSTRING", "SHORT_BINSTRING"}
_TEXTS = {"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
_SILENT = {"PROTO", "FRAME", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_ACTIONS = {"GLOBAL", "STACK_GLOBAL", "EMPTY_TUPLE", "REDUCE", "EMPTY_DICT", "TUPLE2", "BUILD", "STOP"}
_ALLOWED = _BYTES | _PYTHON_2_STRINGS | _TEXTS | _SILENT | _ACTIONS
_ALLOWED_CODES = {ord(op.code) for op in pickletools.opcodes if op.name in _ALLOWED}


def pickled_bytes(data: bytes, where: str) -> bytes:
    """The one byte string in a pickled I3Frame, without unpickling.

    Raises
    ------
    EventLayoutError
        If the opcodes spell anything but ``I3Frame()`` with the state ``({}, bytes)``.
    """
    reader = _Opcodes(data, where)
    reader.expect_name(FRAME_CLASSES)
    reader.expect("EMPTY_TUPLE", "REDUCE", "EMPTY_DICT")
    payload = reader.payload()
    reader.expect("TUPLE2", "BUILD", "STOP")
    if reader.consumed != len(data):
        raise EventLayoutError(where, f"has {len(data) - reader.consumed} bytes after its pickle")
    return payload


def pickle_frame(data: bytes) -> bytes:
    """A pickled I3Frame around `data`, opcode by opcode as the events of 2023 have it."""
    module, name = FRAME_CLASSES[0].split(), ENCODER.split()
    text, latin_1 = data.decode("latin-1").encode(), LATIN_1.encode()
    return b"".join([
        b"\x80\x02", b"c", *(part.encode() + b"\n" for part in module), b"q\x00)Rq\x01}q\x02",
        b"c", *(part.encode() + b"\n" for part in name), b"q\x03",
        b"X", len(text).to_bytes(4, "little"), text, b"q\x04",
        b"X", len(latin_1).to_bytes(4, "little"), latin_1, b"q\x05\x86q\x06Rq\x07\x86q\x08b.",
    ])  # fmt: skip


class _Opcodes:
    """The opcodes of a pickle, one at a time, without those that only keep or frame objects."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.where = where
        self.stream = io.BytesIO(data)
        self.opcodes = pickletools.genops(self.stream)
        name, version, _ = self._step()
        if name != "PROTO" or version not in range(2, 6):
            raise self.wrong(f"begins with {name}, not with a protocol from 2 to 5")

    @property
    def consumed(self) -> int:
        return self.stream.tell()

    def wrong(self, problem: str) -> EventLayoutError:
        return EventLayoutError(self.where, f"is not a pickled I3Frame: {problem}")

    def _step(self) -> tuple[str, object, int]:
        """The next opcode, refused by its code before its argument is read."""
        at = self.consumed
        if at >= len(self.data):
            raise self.wrong("it is truncated")
        if self.data[at] not in _ALLOWED_CODES:
            raise self.wrong(f"opcode {self.data[at]:#04x} at byte {at} has no place in one")
        if self.data[at] == GLOBAL_CODE and not _NAME.match(self.data, at + 1):
            raise self.wrong(f"it names no class at byte {at}")
        try:
            opcode, argument, _ = next(self.opcodes)
        except ValueError as error:
            raise self.wrong(f"opcode at byte {at} is damaged ({_short(str(error))})") from error
        return opcode.name, argument, at

    def next(self) -> tuple[str, object, int]:
        step = self._step()
        while step[0] in _SILENT:
            step = self._step()
        return step

    def expect(self, *names: str) -> None:
        for expected in names:
            name, _, at = self.next()
            if name != expected:
                raise self.wrong(f"{name} at byte {at} instead of {expected}")

    def text(self) -> str:
        name, argument, at = self.next()
        if name not in _TEXTS or not isinstance(argument, str):
            raise self.wrong(f"{name} at byte {at} instead of a text")
        return argument

    def expect_name(self, allowed: tuple[str, ...], first: tuple[str, object, int] | None = None) -> None:
        """Read a global name in either spelling, as one opcode or as two texts and STACK_GLOBAL."""
        opcode, argument, at = first or self.next()
        if opcode in _TEXTS:
            argument = f"{argument} {self.text()}"
            self.expect("STACK_GLOBAL")
        elif opcode != "GLOBAL":
            raise self.wrong(f"{opcode} at byte {at} instead of a class name")
        if argument not in allowed:
            raise self.wrong(f"it names {_short(str(argument))} at byte {at}")

    def payload(self) -> bytes:
        """The frame's bytes in any of the three spellings: bytes, a Python 2 string, or a call that encodes a text."""
        step = self.next()
        name, argument, _ = step
        if name in _BYTES and isinstance(argument, bytes):
            return argument
        if name in _PYTHON_2_STRINGS and isinstance(argument, str):
            return argument.encode("latin-1")
        self.expect_name((ENCODER,), step)
        text = self.text()
        if self.text() != LATIN_1:
            raise self.wrong("its bytes are not encoded as latin1")
        self.expect("TUPLE2", "REDUCE")
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError as error:
            raise self.wrong(f"its text has a character beyond latin1 at {error.start}") from error


def _short(text: str) -> str:
    return ascii(text[:60])
