"""I3SuperDST, version 1: the pulses of a whole event in two bytes each.

A stamp is a 16-bit word: 8 bits of time in ns since the stamp before, 6 of charge, one for hard local coincidence and
one that ends a readout. A readout's header holds the module and three more bits of its first time. Saturated values go
on in the words that follow. Widths are powers of two, run-length encoded apart from the stamps. Source: IceTray's
dataclasses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skydriver.events.series import PulseMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.events.archive import Archive

VERSION = 1
EARLIEST_NS = -512
"""Time that the first delta counts from, ns."""
MAX_TIME, MAX_FIRST_TIME, MAX_CHARGE, MAX_OVERFLOW = 255, 2047, 63, 0xFFFF
CHARGE_STEP_PE = 0.05
LOG_CHARGE_STEP = 9 / (2**14 - 1)
"""Decades of charge per code in IceTop, from 10^-2."""
LAST_IN_ICE = 60
LONG_SIZE = 0xF7
"""Size tags from here to 0xfe announce a size of 0xff minus the tag bytes."""


class Stamps(NamedTuple):
    """All pulses in the order of the readouts."""

    module: NDArray[np.int64]
    """string << 6 | om - 1"""
    time: NDArray[np.int64]
    charge: NDArray[np.int64]
    hlc: NDArray[np.bool_]


def read_superdst(archive: Archive) -> PulseMap:
    """Decode the object that `archive` stands at.

    Raises
    ------
    ArchiveError
        If its streams do not fit each other.
    """
    archive.enter_frame_object("I3SuperDST", (VERSION,))
    words, headers = _compact(archive, "ChargeStamp", "<u2"), _compact(archive, "DOMHeader", "<u2")
    archive.budget.spend("pulses", len(words), archive.where)
    width_codes = [_runs(archive, len(words)) for _ in range(4)]
    extra = _compact(archive, "uint8_t", "u1")
    if max(len(headers), len(extra)) > len(words):
        raise archive.wrong(f"{len(headers)} readouts and {len(extra)} IceTop charges for {len(words)} stamps")
    stamps = _Unpacker(archive, words.tolist(), extra.tolist()).unpack(headers.tolist())
    return separated(stamps, _match_widths(archive, stamps, width_codes))


def _compact(archive: Archive, item: str, dtype: str) -> NDArray[np.unsignedinteger]:
    """A CompactVector, and the SizeCodec in it."""
    archive.enter(f"CompactVector<{item}>")
    archive.enter("SizeCodec")
    size = archive.integer("B")
    if size == 0xFF:
        raise archive.wrong(f"size tag 0xff at byte {archive.at - 1} has no meaning")
    if size >= LONG_SIZE:
        size = int.from_bytes(archive.take(0xFF - size), "little")
    return archive.array(dtype, size)


def _runs(archive: Archive, limit: int) -> NDArray[np.uint8]:
    """Width codes from their runs: low nibble the code, high nibbles of equal codes the length, lowest first."""
    codes = _compact(archive, "uint8_t", "u1")
    if len(codes) == 0:
        return np.zeros(0, np.uint8)
    value, digit = codes & 15, (codes >> 4).astype(np.float64)
    starts = np.flatnonzero(np.diff(value, prepend=16))
    place = np.arange(len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes)))
    lengths = np.add.reduceat(digit * 16.0 ** np.minimum(place, 200), starts)
    if lengths.sum() > limit:
        raise archive.wrong(f"{lengths.sum():.0f} widths for at most {limit} pulses")
    return np.repeat(value[starts], lengths.astype(np.int64))


class _Unpacker:
    """A walk over the stamps, readout by readout."""

    def __init__(self, archive: Archive, words: list[int], extra: list[int]) -> None:
        self.archive = archive
        self.words = words
        self.extra = extra
        self.at = 0
        self.extra_at = 0
        self.found: list[tuple[int, int, int, bool]] = []

    def unpack(self, headers: list[int]) -> Stamps:
        reference = EARLIEST_NS
        for header in headers:
            reference = self.readout(header, reference)
        if self.at != len(self.words):
            raise self.archive.wrong(f"{len(self.words) - self.at} stamps belong to no readout")
        if self.extra_at != len(self.extra):
            raise self.archive.wrong(f"{len(self.extra)} IceTop charges for {self.extra_at} IceTop pulses")
        columns = np.array(self.found, np.int64).reshape(-1, 4).T
        return Stamps(columns[0], columns[1], columns[2], columns[3].astype(bool))

    def readout(self, header: int, reference: int) -> int:
        """Read one readout and return the time of its first pulse, which the next one counts from."""
        module = header & 0x1FFF
        is_icetop = (module & 63) >= LAST_IN_ICE
        high, limit, time, begin = (header >> 13) << 8, MAX_FIRST_TIME, reference, len(self.found)
        stop = False
        while not stop:
            word = self.word()
            time += self.extended((word & 255) | high, limit)
            charge = self.icetop_charge(word) if is_icetop else self.extended((word >> 8) & 63, MAX_CHARGE)
            self.found.append((module, time, charge, bool(word & 0x4000)))
            stop, high, limit = bool(word & 0x8000), 0, MAX_TIME
        self.check(begin, is_icetop=is_icetop)
        return self.found[begin][1]

    def check(self, begin: int, *, is_icetop: bool) -> None:
        readout = self.found[begin:]
        if len({hlc for _, _, _, hlc in readout}) > 1:
            raise self.archive.wrong(f"the stamps of the readout before stamp {self.at} differ in local coincidence")
        if is_icetop and len(readout) > 1:
            raise self.archive.wrong(f"the IceTop readout before stamp {self.at} has {len(readout)} pulses, not one")

    def word(self) -> int:
        if self.at >= len(self.words):
            raise self.archive.wrong(f"its stamps end in the middle of a readout, after {len(self.found)} pulses")
        self.at += 1
        return self.words[self.at - 1]

    def extended(self, value: int, limit: int) -> int:
        """A value, with the words that continue it if it is saturated; the last of them is not saturated itself."""
        if value == limit:
            word = MAX_OVERFLOW
            while word == MAX_OVERFLOW:
                word = self.word()
                value += word
        return value

    def icetop_charge(self, word: int) -> int:
        """A logarithmic charge: six bits in the stamp, eight more among the extra bytes."""
        if self.extra_at >= len(self.extra):
            raise self.archive.wrong(f"{len(self.extra)} IceTop charges are fewer than its IceTop pulses")
        self.extra_at += 1
        return (word >> 8) & 63 | self.extra[self.extra_at - 1] << 6


def _match_widths(archive: Archive, stamps: Stamps, codes: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Widths in ns, from the four streams: in ice SLC and HLC, IceTop SLC and HLC."""
    kind = 2 * ((stamps.module & 63) >= LAST_IN_ICE) + stamps.hlc
    widths = np.zeros(len(kind))
    for stream, code in enumerate(codes):
        here = kind == stream
        if len(code) != np.count_nonzero(here):
            raise archive.wrong(f"{len(code)} widths for the {np.count_nonzero(here)} pulses of stream {stream}")
        widths[here] = np.ldexp(1.0, code.astype(np.int64))
    return widths


def separated(stamps: Stamps, width_ns: NDArray[np.float64]) -> PulseMap:
    """Pulses by module and time, none overlapping the next."""
    order = np.lexsort((stamps.time, stamps.module))
    module, code = stamps.module[order], stamps.charge[order]
    time_ns, width_ns = stamps.time[order].astype(float), width_ns[order]
    starts = np.flatnonzero(np.diff(module, prepend=-1))
    _separate(time_ns, width_ns, np.append(starts, len(module)))
    om = (module & 63) + 1
    linear = code * CHARGE_STEP_PE + CHARGE_STEP_PE / 2
    charge_pe = np.where(om > LAST_IN_ICE, 10.0 ** (np.minimum(code, 2**14) * LOG_CHARGE_STEP - 2), linear)
    keys = np.stack([module[starts] >> 6, om[starts], np.zeros(len(starts), int)], axis=1)
    return PulseMap(keys, np.diff(starts, append=len(module)), time_ns, charge_pe, width_ns, stamps.hlc[order])


def _separate(time_ns: NDArray[np.float64], width_ns: NDArray[np.float64], bounds: NDArray[np.intp]) -> None:
    """Clip every pulse to the start of the next in its module, and give simultaneous ones a share of a width each."""
    last = bounds[1:] - 1
    gap = np.full(len(time_ns), np.inf)
    gap[:-1] = np.diff(time_ns)
    gap[last] = np.inf
    tied = np.add.reduceat(gap == 0, bounds[:-1]) if len(last) else np.zeros(0)
    unclipped = width_ns.copy()
    np.minimum(width_ns, gap, out=width_ns)
    for first, end in zip(bounds[:-1][tied > 0].tolist(), bounds[1:][tied > 0].tolist(), strict=True):
        times, widths = time_ns[first:end].tolist(), unclipped[first:end].tolist()
        _share(times, widths)
        time_ns[first:end], width_ns[first:end] = times, widths


def _share(time: list[float], width: list[float]) -> None:
    """One module's pulses, as IceTray separates them: a pulse without width takes half of the one before."""
    pending = False
    for here in range(len(time) - 1):
        width[here] = min(width[here], time[here + 1] - time[here])
        without = width[here] == 0 or pending
        if without and here > 0:
            _halve(time, width, here)
        pending = without and here == 0
    if pending:
        _halve(time, width, len(time) - 1)


def _halve(time: list[float], width: list[float], here: int) -> None:
    shared = width[here - 1] or width[here]
    width[here - 1] = width[here] = shared / 2
    time[here] = time[here - 1] + shared / 2
