"""Decoders of IceTray's classes, one function each, and the table of those that SkyDriver knows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skydriver.events.archive import Archive
from skydriver.events.series import Mask, PulseMap
from skydriver.events.superdst import read_superdst

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from skydriver.events.archive import Budget
    from skydriver.events.frame import Slot

OMKEY = [("string", "<i4"), ("om", "<u4"), ("pmt", "u1")]
RECO_PULSE = [("time", "<f8"), ("charge", "<f4"), ("width", "<f4"), ("flags", "u1")]
OMKEY_VERSIONS = (2,)
RECO_PULSE_VERSIONS = (3,)
HLC_FLAG = 1
SHAPES = {
    0: "Null", 10: "Primary", 20: "TopShower", 30: "Cascade", 31: "CascadeSegment", 40: "InfiniteTrack",
    50: "StartingTrack", 60: "StoppingTrack", 70: "ContainedTrack", 80: "MCTrack", 90: "Dark",
}  # fmt: skip
FIT_STATUS = {
    -1: "NotSet", 0: "OK", 10: "GeneralFailure", 20: "InsufficientHits", 30: "FailedToConverge", 40: "MissingSeed",
    50: "InsufficientQuality",
}  # fmt: skip


class Time(NamedTuple):
    """I3Time."""

    year: int
    tenths_ns: int
    """Tenths of ns since January 1, UTC, leap seconds counted."""


class EventHeader(NamedTuple):
    """I3EventHeader."""

    run_id: int
    sub_run_id: int
    event_id: int
    state: int
    sub_event_id: int
    sub_event_stream: str
    start: Time
    end: Time


class Position(NamedTuple):
    """I3Position, m."""

    x: float
    y: float
    z: float


class Particle(NamedTuple):
    """I3Particle, as far as SkyDriver uses it."""

    shape: str
    fit_status: str
    position: Position
    zenith_rad: float
    azimuth_rad: float
    t_ns: float
    energy_gev: float


class FitParams(NamedTuple):
    """I3LogLikelihoodFitParams."""

    logl: float
    rlogl: float
    ndof: int
    nmini: int


class TimeWindow(NamedTuple):
    """I3TimeWindow, ns."""

    start: float
    stop: float


class TimeWindows(NamedTuple):
    """I3TimeWindowSeriesMap: windows by (string, om)."""

    by_module: dict[tuple[int, int], tuple[tuple[float, float], ...]]


def decode(slot: Slot, where: str, budget: Budget) -> object | None:
    """The content of a slot, or None where its class is not one of `DECODERS`.

    Raises
    ------
    ArchiveError
        If it is truncated, has bytes left over, or a class has a version that is not known.
    """
    archive = Archive(slot.blob, where, budget)
    reader = DECODERS.get(archive.root_class())
    if reader is None:
        return None
    content = reader(archive)
    archive.finish()
    return content


def read_time(archive: Archive) -> Time:
    """I3Time version 0."""
    archive.enter_frame_object("I3Time")
    return Time(archive.integer("i"), archive.integer("q"))


def read_event_header(archive: Archive) -> EventHeader:
    """I3EventHeader version 3."""
    archive.enter_frame_object("I3EventHeader", (3,))
    run_id, sub_run_id, event_id = (archive.integer("I") for _ in range(3))
    state, sub_event_id, stream = archive.integer("i"), archive.integer("I"), archive.text()
    return EventHeader(
        run_id, sub_run_id, event_id, state, sub_event_id, stream, read_time(archive), read_time(archive)
    )


def read_position(archive: Archive) -> Position:
    """I3Position version 0."""
    archive.enter_frame_object("I3Position")
    return Position(archive.real(), archive.real(), archive.real())


def read_particle(archive: Archive) -> Particle:
    """I3Particle version 5."""
    archive.enter_frame_object("I3Particle", (5,))
    archive.take(4 + 8 + 4)  # minor and major identity, PDG code
    shape, status = archive.integer("i"), archive.integer("i")
    position = read_position(archive)
    archive.enter_frame_object("I3Direction")
    zenith, azimuth, time, energy, _, _ = (archive.real() for _ in range(6))
    archive.take(4)  # location type
    shape_name, status_name = SHAPES.get(shape, str(shape)), FIT_STATUS.get(status, str(status))
    return Particle(shape_name, status_name, position, zenith, azimuth, time, energy)


def read_fit_params(archive: Archive) -> FitParams:
    """I3LogLikelihoodFitParams version 0."""
    archive.enter_frame_object("I3LogLikelihoodFitParams")
    return FitParams(archive.real(), archive.real(), archive.integer("i"), archive.integer("i"))


def read_double(archive: Archive) -> float:
    """I3PODHolder of a double."""
    archive.enter_frame_object("I3Double")
    return archive.real()


def read_int(archive: Archive) -> int:
    """I3PODHolder of an int."""
    archive.enter_frame_object("I3Int")
    return archive.integer("i")


def read_bool(archive: Archive) -> bool:
    """I3PODHolder of a bool."""
    archive.enter_frame_object("I3Bool")
    return archive.boolean()


def read_string(archive: Archive) -> str:
    """I3PODHolder of a string."""
    archive.enter_frame_object("I3String")
    return archive.text()


def read_time_window(archive: Archive) -> TimeWindow:
    """I3TimeWindow version 1."""
    archive.enter_frame_object("I3TimeWindow", (1,))
    return TimeWindow(archive.real(), archive.real())


def read_time_windows(archive: Archive) -> TimeWindows:
    """I3TimeWindowSeriesMap version 0."""
    archive.enter_frame_object("I3TimeWindowSeriesMap")
    windows = {}
    for _ in range(_map_size(archive)):
        string, om, _ = _read_omkey(archive)
        archive.enter_frame_object("I3TimeWindowSeries", (1,))
        archive.enter("vector<I3TimeWindow>")
        series = [read_time_window(archive) for _ in range(archive.count(16))]
        windows[string, om] = tuple((window.start, window.stop) for window in series)
    return TimeWindows(windows)


def read_pulse_map(archive: Archive) -> PulseMap:
    """I3RecoPulseSeriesMap version 0."""
    archive.enter_frame_object("I3RecoPulseSeriesMap")
    keys, series = [], [np.zeros(0, RECO_PULSE)]
    for _ in range(_map_size(archive)):
        keys.append(_read_omkey(archive))
        archive.enter("vector<I3RecoPulse>")
        rows = archive.records("I3RecoPulse", RECO_PULSE_VERSIONS, RECO_PULSE, archive.count(17))
        series.append(rows[[name for name, _ in RECO_PULSE]])
    if any(here >= following for here, following in pairwise(keys)):
        raise archive.wrong("its modules are not in ascending order")
    lengths = np.array([len(rows) for rows in series[1:]], int)
    archive.budget.spend("pulses", int(lengths.sum()), archive.where)
    pulses = np.concatenate(series)
    key_array = np.array(keys, int).reshape(-1, 3)
    with np.errstate(invalid="ignore"):  # a signalling NaN, which is refused with all others once it is a double
        time_ns, charge_pe, width_ns = (pulses[name].astype(float) for name in ("time", "charge", "width"))
    hlc = (pulses["flags"] & HLC_FLAG).astype(bool)
    return PulseMap(key_array, lengths, time_ns, charge_pe, width_ns, hlc)


def read_mask(archive: Archive) -> Mask:
    """I3RecoPulseSeriesMapMask version 2."""
    archive.enter_frame_object("I3RecoPulseSeriesMapMask", (2,))
    source = archive.text()
    modules = _read_bits(archive)
    archive.enter("vector<bitmask>")
    count = archive.count(3)
    if count != np.count_nonzero(modules):
        raise archive.wrong(f"{count} element masks for {np.count_nonzero(modules)} modules")
    archive.budget.spend("modules", count, archive.where)
    elements = [_read_bits(archive) for _ in range(count)]
    lengths = np.array([len(bits) for bits in elements], int)
    return Mask(source, modules, lengths, np.concatenate([np.zeros(0, bool), *elements]))


def _map_size(archive: Archive) -> int:
    """What stands at the head of a std::map whose keys are OMKeys."""
    archive.enter("map")
    size = archive.count(9)
    archive.budget.spend("modules", size, archive.where)
    if size:
        archive.announce("pair")
    return size


def _read_omkey(archive: Archive) -> tuple[int, int, int]:
    archive.enter("OMKey", OMKEY_VERSIONS)
    string, om, pmt = archive.integer("i"), archive.integer("I"), archive.integer("B")
    if not (-(2**15) <= string < 2**15 and om < 2**15):
        raise archive.wrong(f"no module has string {string} and number {om}")
    return string, om, pmt


def _read_bits(archive: Archive) -> NDArray[np.bool_]:
    """A bitmask: u16 bytes, u8 bits that are not used in the last one, lowest bit first."""
    archive.enter("bitmask")
    size, padding = archive.integer("H"), archive.integer("B")
    if padding >= max(8 * size, 1) or padding > 7:
        raise archive.wrong(f"a bit mask of {size} bytes with {padding} bits unused")
    bits = np.unpackbits(np.frombuffer(archive.take(size), np.uint8), bitorder="little")
    return bits[: 8 * size - padding].astype(bool)


DECODERS: dict[str, Callable[[Archive], object]] = {
    "I3EventHeader": read_event_header,
    "I3Time": read_time,
    "I3Particle": read_particle,
    "I3Position": read_position,
    "I3RecoPulseSeriesMap": read_pulse_map,
    "I3RecoPulseSeriesMapMask": read_mask,
    "I3SuperDST": read_superdst,
    "I3TimeWindow": read_time_window,
    "I3TimeWindowSeriesMap": read_time_windows,
    "I3LogLikelihoodFitParams": read_fit_params,
    "I3Double": read_double,
    "I3Int": read_int,
    "I3Bool": read_bool,
    "I3String": read_string,
}
