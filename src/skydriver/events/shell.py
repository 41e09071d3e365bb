"""The shell around the frames: JSON -> base64 -> zlib -> a pickle -> the bytes of an I3 frame."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from skydriver.errors import EventLayoutError
from skydriver.events.limits import MAX_FRAME_BYTES, MAX_FRAMES, MAX_JSON_BYTES
from skydriver.events.opcodes import pickled_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Document(NamedTuple):
    """A realtime JSON, taken apart as far as its layout goes."""

    whole: dict[str, Json]
    version: str
    frames: list[Json]
    frames_at: str
    """Where `frames` stands, as a dotted path."""
    stated: dict[str, Json]
    """What stands beside the frames; empty in the layout where `value.data` is a list."""


def parse_json(source: bytes | str | Mapping[str, object]) -> dict[str, Json]:
    """Parse a realtime JSON object.

    Raises
    ------
    EventLayoutError
        If it is too large, not JSON, or not an object.
    """
    if not isinstance(source, bytes | str):
        source = to_json(source)
    if len(source) > MAX_JSON_BYTES:
        raise EventLayoutError("event JSON", f"is {len(source)} bytes long, more than the {MAX_JSON_BYTES} allowed")
    try:
        document = json.loads(source.decode() if isinstance(source, bytes) else source)
    except UnicodeDecodeError as error:
        raise EventLayoutError("event JSON", f"is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise EventLayoutError("event JSON", f"is not JSON: {error}") from error
    except (RecursionError, ValueError) as error:
        raise EventLayoutError("event JSON", f"cannot be parsed: {error}") from error
    if not isinstance(document, dict):
        raise EventLayoutError("event JSON", f"is {_kind(document)}, not an object")
    return document


def to_json(document: Mapping[str, object]) -> str:
    """The canonical text of a JSON object: keys sorted, no blanks, ASCII only."""
    try:
        return json.dumps(document, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise EventLayoutError("event JSON", f"cannot be written as JSON: {error}") from error


def open_document(document: dict[str, Json]) -> Document:
    """Find the frames in any of the documented layouts.

    Raises
    ------
    EventLayoutError
        If neither ``value.data.frames`` nor ``value.data`` is a list.
    """
    value = document.get("value")
    if not isinstance(value, dict):
        raise EventLayoutError("value", f"is {_kind(value)}, not an object")
    version = value.get("version", "unversioned")
    if not isinstance(version, str) or not (version.isascii() and version.isalnum()):
        raise EventLayoutError("value.version", f"is {_kind(version)}, not a word such as 2023a")
    data = value.get("data")
    if isinstance(data, list):
        return Document(document, version[:20], data, "value.data", {})
    if not isinstance(data, dict):
        raise EventLayoutError("value.data", f"is {_kind(data)}, neither an object nor a list of frames")
    frames = data.get("frames")
    if not isinstance(frames, list):
        raise EventLayoutError("value.data.frames", f"is {_kind(frames)}, not a list of frames")
    stated = {key: item for key, item in data.items() if key != "frames"}
    return Document(document, version[:20], frames, "value.data.frames", stated)


def unwrap_frames(frames: list[Json], at: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield (stop, place, bytes) of each frame.

    Raises
    ------
    EventLayoutError
        If an item is not ``[stop, base64]``, or its base64, zlib or pickle is not what it should be.
    """
    if not 0 < len(frames) <= MAX_FRAMES:
        raise EventLayoutError(at, f"holds {len(frames)} frames, not 1 to {MAX_FRAMES}")
    room = MAX_FRAME_BYTES
    for index, item in enumerate(frames):
        where = f"{at}[{index}]"
        stop, text = _stop_and_text(item, where)
        pickled = inflate(text, where, room)
        room -= len(pickled)
        yield stop, where, pickled_bytes(pickled, where)


def inflate(text: str, where: str, room: int) -> bytes:
    """Undo base64 and zlib; at most `room` bytes may come out."""
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EventLayoutError(where, f"is not base64: {error}") from error
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, room + 1)
    except zlib.error as error:
        raise EventLayoutError(where, f"is not zlib data: {error}") from error
    if len(data) > room:
        raise EventLayoutError(where, f"decompresses to more than the {MAX_FRAME_BYTES} bytes allowed for all frames")
    if not inflater.eof:
        raise EventLayoutError(where, "is truncated zlib data")
    if inflater.unused_data:
        raise EventLayoutError(where, f"has {len(inflater.unused_data)} bytes after its zlib data")
    return data


def _stop_and_text(item: Json, where: str) -> tuple[str, str]:
    if not isinstance(item, list) or len(item) != 2:
        raise EventLayoutError(where, f"is {_kind(item)}, not a pair of stop and base64")
    stop, text = item
    if not isinstance(stop, str) or len(stop) != 1 or not stop.isascii() or not stop.isalpha():
        raise EventLayoutError(where, "does not begin with a stop of one letter")
    if not isinstance(text, str):
        raise EventLayoutError(where, f"holds {_kind(text)} instead of base64 text")
    return stop, text


def _kind(value: object) -> str:
    names = {
        type(None): "missing",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a text",
        dict: "an object",
    }
    return f"a list of {len(value)}" if isinstance(value, list) else names.get(type(value), type(value).__name__)
