"""A small event to test with, and events taken apart so that a test can damage one piece and put them back together."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np

from skydriver.events.event import Pulses, Seed
from skydriver.events.frame import Slot, build_frame, parse_frame
from skydriver.events.shell import open_document, parse_json, unwrap_frames
from skydriver.events.superdst_writer import superdst_grid
from skydriver.events.writer import encode_event, make_header, wrap_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from skydriver.events.shell import Json

TOY_START = "2026-03-01T12:00:00.0000000001Z"


def toy_positions() -> NDArray[np.float64]:
    """(5160, 3): a square detector, strings 125 m apart and modules 17 m, in rows of string and number."""
    string, om = np.divmod(np.arange(5160), 60)
    row, column = np.divmod(string, 10)
    return np.stack([125.0 * (column - 4.5), 125.0 * (row - 4.0), 17.0 * (29.5 - om)], axis=1)


def toy_pulses() -> Pulses:
    """Light of something that crosses the square detector's middle row, and one hit in IceTop."""
    string = np.repeat(np.arange(41, 49, dtype=np.int16), 5)
    om = np.tile(np.arange(28, 33, dtype=np.int16), 8)
    time_ns = 10_000 + 417.0 * (string - 41) + 31.0 * np.abs(om - 30)
    charge_pe = 0.5 + 3.0 / (1 + np.abs(om - 30.0))
    late = Pulses(string, om, time_ns + 200, charge_pe / 4, np.full(40, 8.0), np.ones(40, bool))
    columns = [
        np.concatenate([early, getattr(late, name), [surface]])
        for name, early, surface in (
            ("string", string, 44),
            ("om", om, 61),
            ("time_ns", time_ns, 9000.0),
            ("charge_pe", charge_pe, 1.0),
            ("width_ns", np.full(40, 16.0), 64.0),
            ("hlc", np.ones(40, bool), False),
        )
    ]
    return superdst_grid(Pulses(*columns))


def toy_seed(name: str = "ToySeed") -> Seed:
    """A track along the middle row."""
    return Seed(name, math.pi / 2, math.pi, 0.0, 0.0, 0.0, 11_459.5, 1e4, "OK", "InfiniteTrack")


def toy_event(*, run_id: int = 123456, is_real: bool = True) -> bytes:
    """The toy pulses and seed as realtime JSON."""
    return encode_event(make_header(run_id, 42, TOY_START), toy_pulses(), [toy_seed()], is_real=is_real)


def take_frame(event: bytes, stop: str) -> bytes:
    """The bytes of one frame."""
    document = open_document(parse_json(event))
    items: list[Json] = [item for item in document.frames if isinstance(item, list) and item[0] == stop]
    return next(unwrap_frames(items, stop))[2]


def put_together(event: bytes, stop: str, frame: bytes) -> bytes:
    """An event with one frame replaced."""
    whole = json.loads(event)
    for item in open_document(whole).frames:
        if isinstance(item, list) and item[0] == stop:
            item[1] = wrap_frame(frame)
    return json.dumps(whole).encode()


def change_frame(event: bytes, stop: str, change: Callable[[bytes], bytes]) -> bytes:
    """An event with the bytes of one frame changed."""
    return put_together(event, stop, change(take_frame(event, stop)))


def change_slots(event: bytes, stop: str, change: Callable[[tuple[Slot, ...]], Iterable[Slot]]) -> bytes:
    """An event with the objects of one frame changed and its checksum right."""
    return change_frame(event, stop, lambda data: build_frame(stop, change(parse_frame(data, stop, stop))))


def change_blob(event: bytes, stop: str, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """An event with the bytes of one object changed and the frame's checksum right."""
    return change_slots(
        event, stop, lambda slots: (s._replace(blob=change(s.blob)) if s.name == name else s for s in slots)
    )


def change_json(event: bytes, path: str, value: object) -> bytes:
    """An event with one value of its JSON replaced, at a dotted path; digits are an index."""
    whole = here = json.loads(event)
    keys: list[str | int] = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in keys[:-1]:
        here = here[key]
    here[keys[-1]] = value
    return json.dumps(whole).encode()
