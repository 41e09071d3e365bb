"""Damage to events, for fuzzing: one of many ways, at one of the levels that an event is wrapped in."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING

from skydriver.testing.events import change_frame, change_slots

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from skydriver.events.frame import Slot
    from skydriver.events.shell import Json

INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
INTERESTING_REALS = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, -1.0, 0.0)
ODD_VALUES: tuple[Json, ...] = (None, True, -1, 2**70, 1e308, "", "x" * 1000, "\ud800", [], {}, [[]], {"frames": []})


def mutate(event: bytes, random: random.Random) -> bytes:
    """A good event, damaged at a level that `random` picks."""
    return random.choice(LEVELS)(event, random)


def damage_bytes(data: bytes, random: random.Random) -> bytes:
    """Bytes damaged once to a few times."""
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        data = _damage_once(data, random)
    return data


def _damage_once(data: bytes, random: random.Random) -> bytes:
    """Flip, overwrite, cut, repeat, insert or zero some bytes; sizes and counts are what it often hits."""
    out = bytearray(data)
    at = random.randrange(len(out)) if out else 0
    span = random.choice((1, 2, 4, 8, 64, 1024))
    match random.randrange(8):
        case 0:
            out[at : at + 1] = bytes([random.randrange(256)])
        case 1 if out:
            out[at] ^= 1 << random.randrange(8)
        case 2:
            out[at : at + 4] = struct.pack("<I", random.choice(INTERESTING))
        case 3:
            out[at : at + 8] = struct.pack("<d", random.choice(INTERESTING_REALS))
        case 4:
            del out[at : at + span]
        case 5:
            out[at:at] = out[at : at + span] * random.choice((1, 2, 50))
        case 6:
            out[at:at] = random.randbytes(span)
        case _:
            del out[at:]
    return bytes(out)


def damage_json_text(event: bytes, random: random.Random) -> bytes:
    """Damage the text itself."""
    return damage_bytes(event, random)


def damage_json_value(event: bytes, random: random.Random) -> bytes:
    """Replace, drop or repeat one value somewhere in the parsed JSON."""
    whole = json.loads(event)
    here: dict[str, Json] | list[Json] = whole
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return event
        key = random.choice(keys)
        below = here[key]  # type: ignore[call-overload,index]  # a key of a dict or an index of a list
        if not isinstance(below, dict | list) or random.random() < 0.3:
            break
        here = below
    match random.randrange(3):
        case 0:
            del here[key]  # type: ignore[arg-type]  # as above
        case 1 if isinstance(here, list):
            here += [below] * random.choice((1, 20))
        case _:
            here[key] = random.choice(ODD_VALUES)  # type: ignore[call-overload,index]  # as above
    return json.dumps(whole).encode()


def damage_base64(event: bytes, random: random.Random) -> bytes:
    """Damage the text of one frame."""
    return _change_text(event, random, lambda text: damage_bytes(text.encode(), random).decode("latin-1"))


def damage_zlib(event: bytes, random: random.Random) -> bytes:
    """Damage the compressed bytes of one frame, or put a bomb in their place."""

    def change(text: str) -> str:
        packed = base64.b64decode(text)
        bomb = random.random() < 0.02
        return base64.b64encode(zlib.compress(bytes(100_000_000)) if bomb else damage_bytes(packed, random)).decode()

    return _change_text(event, random, change)


def damage_pickle(event: bytes, random: random.Random) -> bytes:
    """Damage the pickle of one frame, mostly where its opcodes are."""

    def change(text: str) -> str:
        pickled = zlib.decompress(base64.b64decode(text))
        head, tail = pickled[:70], pickled[70:]
        where = random.randrange(3)
        if where == 0:
            head = damage_bytes(head, random)
        elif where == 1:
            tail = tail[:-40] + damage_bytes(tail[-40:], random)
        else:
            tail = damage_bytes(tail, random)
        return base64.b64encode(zlib.compress(head + tail, 1)).decode()

    return _change_text(event, random, change)


def damage_frame(event: bytes, random: random.Random) -> bytes:
    """Damage one frame and leave its checksum as it was."""
    return change_frame(event, random.choice("GCDQP"), lambda data: damage_bytes(data, random))


def damage_slots(event: bytes, random: random.Random) -> bytes:
    """Drop, repeat, rename, retype, swap or move objects of one frame; the checksum is right."""

    def change(found: tuple[Slot, ...]) -> list[Slot]:
        slots = list(found)
        at, other = random.randrange(len(slots)), random.randrange(len(slots))
        match random.randrange(5):
            case 0:
                del slots[at]
            case 1:
                slots.append(slots[at])
            case 2:
                slots[at] = slots[at]._replace(name=slots[other].name + random.choice(("", "2", "\x00")))
            case 3:
                slots[at] = slots[at]._replace(blob=slots[other].blob)
            case _:
                slots[at] = slots[at]._replace(name=random.choice(("SplitInIcePulses", "I3SuperDST", "I3EventHeader")))
        return slots

    return change_slots(event, random.choice("QP"), change)


def damage_object(event: bytes, random: random.Random) -> bytes:
    """Damage the bytes of one object in Q or P; the checksum is right."""

    def change(found: tuple[Slot, ...]) -> list[Slot]:
        slots = list(found)
        at = random.randrange(len(slots))
        slots[at] = slots[at]._replace(blob=damage_bytes(slots[at].blob, random))
        return slots

    return change_slots(event, random.choice("QP"), change)


def _change_text(event: bytes, random: random.Random, change: Callable[[str], str]) -> bytes:
    """Replace the base64 text of one frame."""
    whole = json.loads(event)
    data = whole["value"]["data"]
    frames = data if isinstance(data, list) else data["frames"]
    item = random.choice(frames)
    item[1] = change(item[1])
    return json.dumps(whole).encode()


LEVELS = (
    damage_json_text,
    damage_json_value,
    damage_base64,
    damage_zlib,
    damage_pickle,
    damage_frame,
    damage_slots,
    damage_object,
    damage_object,
    damage_object,
)
"""Objects count three times: theirs is the widest surface."""
