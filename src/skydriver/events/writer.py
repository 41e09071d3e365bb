"""Write an event as realtime JSON of format 2023a, so that simulated events are read like real ones."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

from skydriver.errors import EventContentError
from skydriver.events import utctime
from skydriver.events.classes import EventHeader, Time
from skydriver.events.classes_writer import header_slot, mask_slot, particle_slot
from skydriver.events.event import Header
from skydriver.events.frame import Slot, build_frame
from skydriver.events.opcodes import pickle_frame
from skydriver.events.superdst import LAST_IN_ICE
from skydriver.events.superdst_writer import encode_superdst, superdst_grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from skydriver.events.event import Pulses, Seed

FORMAT_VERSION = "2023a"
STATE_OK = 20


def make_header(
    run_id: int, event_id: int, start_time_utc: str, sub_event_id: int = 0, sub_event_stream: str = "InIceSplit"
) -> Header:
    """A header, its time checked and its MJD computed.

    Raises
    ------
    EventContentError
        If an id is not an unsigned 32-bit number, or the time is no ISO-8601 time with Z.
    """
    for name, number in (("run_id", run_id), ("event_id", event_id), ("sub_event_id", sub_event_id)):
        if not 0 <= number < 2**32:
            raise EventContentError(name, f"{number} is not an unsigned 32-bit number")
    time = _time(start_time_utc)
    return Header(run_id, event_id, sub_event_id, sub_event_stream, utctime.to_iso(*time), utctime.to_mjd(*time))


def encode_event(
    header: Header,
    pulses: Pulses,
    seeds: Sequence[Seed] = (),
    *,
    is_real: bool = False,
    stated: Mapping[str, object] | None = None,
) -> bytes:
    """An event as realtime JSON: frames G, C, D (empty), Q and P.

    Reading it gives back the header, the seeds and, where they are on SuperDST's grid (`superdst_grid`), the pulses:
    all of them as series ``I3SuperDST``, those in ice as ``InIceDSTPulses`` and ``SplitInIcePulses``.

    Parameters
    ----------
    header
        From `make_header`; its MJD is not written, its time is.
    pulses
        Of the whole event, not cleaned.
    seeds
        Become I3Particle objects of the P frame.
    is_real
        Simulated events say in ``value.data.is_real_event`` that they are.
    stated
        More for ``value.data``: nch, npulses, qtot, truth …; run_id, event_id and eventtime are always there.

    Raises
    ------
    EventContentError
        If the format cannot hold a pulse or the header.
    """
    start = _time(header.start_time_utc)
    end = Time(*utctime.later(*start, max(0, round(10 * pulses.time_ns.max(initial=0)))))
    slots = _daq(header, start, end, pulses), _physics(header, start, end, pulses, seeds)
    frames = zip("GCDQP", ((), (), (), *slots), strict=True)
    identity = {"run_id": header.run_id, "event_id": header.event_id, "eventtime": header.start_time_utc}
    wrapped = [[stop, wrap_frame(build_frame(stop, objects))] for stop, objects in frames]
    mark = {} if is_real else {"is_real_event": False}
    data = {**(stated or {}), **identity, **mark, "frames": wrapped}
    return json.dumps({"value": {"version": FORMAT_VERSION, "data": data}}).encode()


def wrap_frame(frame: bytes) -> str:
    """A frame as the JSON holds it: pickled, compressed, in base64."""
    return base64.b64encode(zlib.compress(pickle_frame(frame), 9)).decode()


def _daq(header: Header, start: Time, end: Time, pulses: Pulses) -> tuple[Slot, ...]:
    """The Q frame."""
    return (
        Slot("I3SuperDST", "I3SuperDST", encode_superdst(pulses)),
        mask_slot("InIceDSTPulses", "I3SuperDST", superdst_grid(pulses), lambda _, om: om <= LAST_IN_ICE),
        header_slot("QI3EventHeader", _event_header(header, "", start, end)),
    )


def _physics(header: Header, start: Time, end: Time, pulses: Pulses, seeds: Iterable[Seed]) -> tuple[Slot, ...]:
    """The P frame."""
    in_ice = superdst_grid(pulses.select(pulses.om <= LAST_IN_ICE))
    return (
        header_slot("I3EventHeader", _event_header(header, header.sub_event_stream, start, end)),
        mask_slot("SplitInIcePulses", "InIceDSTPulses", in_ice, lambda _string, _om: True),
        *(particle_slot(seed) for seed in seeds),
    )


def _event_header(header: Header, stream: str, start: Time, end: Time) -> EventHeader:
    return EventHeader(header.run_id, 0, header.event_id, STATE_OK, header.sub_event_id, stream, start, end)


def _time(start_time_utc: str) -> Time:
    try:
        return Time(*utctime.from_iso(start_time_utc))
    except ValueError as error:
        raise EventContentError("start_time_utc", str(error)) from error
