"""I3SuperDST as IceTray packs it, and the grid of times, charges and widths that it can hold."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skydriver.errors import EventContentError
from skydriver.events import superdst
from skydriver.events.archive_writer import ArchiveWriter
from skydriver.events.limits import MAX_TIME_NS
from skydriver.events.series import to_pulses
from skydriver.events.superdst import Stamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.events.event import Pulses

LONGEST_LAUNCH_NS = 6450
"""Pulses of one module further apart than this are of different readouts."""
MAX_WIDTH_CODE = 15
MAX_CODE = 2**31 - 1
MAX_LOG_CODE = 2**14 - 1


class _Stamp(NamedTuple):
    module: int
    time: int
    charge: int
    hlc: bool
    width: int


def superdst_grid(pulses: Pulses) -> Pulses:
    """The pulses as SuperDST holds them.

    Times become whole ns, charges in ice the middle of a 0.05 PE step, widths powers of two that end where the next
    pulse begins; pulses of one module in the same ns become one, with their summed charge.

    Raises
    ------
    EventContentError
        If SuperDST cannot hold a pulse at all: its module, or a time before -512 ns.
    """
    stamps, width = _codes(pulses)
    return to_pulses(superdst.separated(stamps, np.ldexp(1.0, width)), "pulses")


def encode_superdst(pulses: Pulses) -> bytes:
    """The serialised I3SuperDST of pulses, which need not be on its grid."""
    stamps, width = _codes(pulses)
    columns = (column.tolist() for column in (*stamps, width))
    packer = _Packer()
    for readout in sorted(_readouts([_Stamp(*row) for row in zip(*columns, strict=True)]), key=lambda of: of[0].time):
        packer.add(readout)
    archive = ArchiveWriter("I3SuperDST")
    archive.enter_frame_object("I3SuperDST", superdst.VERSION)
    archive.compact("ChargeStamp", np.array(packer.words, "<u2").tobytes(), 2)
    archive.compact("DOMHeader", np.array(packer.headers, "<u2").tobytes(), 2)
    for widths in packer.widths:
        archive.compact("uint8_t", _runs(widths), 1)
    archive.compact("uint8_t", bytes(packer.extra), 1)
    return archive.blob()


def _codes(pulses: Pulses) -> tuple[Stamps, NDArray[np.int64]]:
    """Stamps and width codes by module and time, one for each module and ns."""
    _check(pulses)
    om, string = pulses.om.astype(np.int64), pulses.string.astype(np.int64)
    module = string << 6 | (om - 1)
    time = np.floor(pulses.time_ns + 0.5).astype(np.int64)
    order = np.lexsort((time, module))
    is_new = (np.diff(module[order], prepend=-1) != 0) | (np.diff(time[order], prepend=0) != 0)
    starts = np.flatnonzero(is_new)
    if len(starts) == 0:
        nothing = np.zeros(0, np.int64)
        return Stamps(nothing, nothing, nothing, np.zeros(0, bool)), nothing
    charge_pe = np.add.reduceat(pulses.charge_pe[order], starts)
    hlc = np.logical_or.reduceat(pulses.hlc[order], starts)
    width_ns = np.maximum.reduceat(pulses.width_ns[order], starts)
    first = order[starts]
    charge = _charge_codes(charge_pe, om[first] > superdst.LAST_IN_ICE)
    return Stamps(module[first], time[first], charge, hlc), _width_codes(width_ns)


def _check(pulses: Pulses) -> None:
    """Refuse what SuperDST has no room for."""
    finite = np.isfinite(pulses.time_ns) & np.isfinite(pulses.charge_pe) & np.isfinite(pulses.width_ns)
    in_time = (pulses.time_ns >= superdst.EARLIEST_NS) & (pulses.time_ns <= MAX_TIME_NS)
    on_module = (pulses.string >= 0) & (pulses.string < 128) & (pulses.om >= 1) & (pulses.om <= 64) & (pulses.pmt == 0)
    problems = (
        (finite, "has a time, charge or width that is not a finite number"),
        (in_time, f"is not between {superdst.EARLIEST_NS} and {MAX_TIME_NS:.0f} ns"),
        (on_module, "is on a module that SuperDST has no number for"),
    )
    for good, problem in problems:
        if not good.all():
            raise EventContentError("pulses", f"pulse {np.argmin(good)} {problem}")


def _charge_codes(charge_pe: NDArray[np.float64], is_icetop: NDArray[np.bool_]) -> NDArray[np.int64]:
    linear = np.clip(np.floor(charge_pe / superdst.CHARGE_STEP_PE), 0, MAX_CODE)
    decades = np.log10(np.maximum(charge_pe, 0.01)) + 2
    logarithmic = np.clip(np.rint(decades / superdst.LOG_CHARGE_STEP), 0, MAX_LOG_CODE)
    return np.where(is_icetop, logarithmic, linear).astype(np.int64)


def _width_codes(width_ns: NDArray[np.float64]) -> NDArray[np.int64]:
    """The power of two that is at least the width."""
    mantissa, exponent = np.frexp(np.maximum(width_ns, 1.0))
    return np.minimum(np.where(mantissa == 0.5, exponent - 1, exponent), MAX_WIDTH_CODE).astype(np.int64)


def _readouts(stamps: list[_Stamp]) -> list[list[_Stamp]]:
    """Runs of stamps of one module, of one kind of coincidence, and not too long; in IceTop, single stamps."""
    readouts: list[list[_Stamp]] = []
    for stamp in stamps:
        head = readouts[-1][0] if readouts else None
        continues = (
            head is not None
            and (head.module, head.hlc) == (stamp.module, stamp.hlc)
            and stamp.time - head.time <= LONGEST_LAUNCH_NS
            and (stamp.module & 63) < superdst.LAST_IN_ICE
        )
        if continues:
            readouts[-1].append(stamp)
        else:
            readouts.append([stamp])
    return readouts


class _Packer:
    """The streams of an I3SuperDST in the making; readouts are added by their start."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self.headers: list[int] = []
        self.widths: list[list[int]] = [[], [], [], []]
        self.extra: list[int] = []
        self.reference = superdst.EARLIEST_NS

    def add(self, readout: list[_Stamp]) -> None:
        head = readout[0]
        before, limit = self.reference, superdst.MAX_FIRST_TIME
        self.headers.append(head.module | min(head.time - before, limit) >> 8 << 13)
        for index, stamp in enumerate(readout):
            self._stamp(stamp, stamp.time - before, limit, stop=index == len(readout) - 1)
            before, limit = stamp.time, superdst.MAX_TIME
        self.reference = head.time

    def _stamp(self, stamp: _Stamp, delta: int, limit: int, *, stop: bool) -> None:
        is_icetop = (stamp.module & 63) >= superdst.LAST_IN_ICE
        charge = stamp.charge & 63 if is_icetop else min(stamp.charge, superdst.MAX_CHARGE)
        self.words.append(min(delta, limit) & 255 | charge << 8 | stamp.hlc << 14 | stop << 15)
        self._continue(delta, limit)
        if is_icetop:
            self.extra.append(stamp.charge >> 6)
        else:
            self._continue(stamp.charge, superdst.MAX_CHARGE)
        self.widths[2 * is_icetop + stamp.hlc].append(stamp.width)

    def _continue(self, value: int, limit: int) -> None:
        """The words after a saturated value; the last of them is not saturated."""
        if value >= limit:
            full, rest = divmod(value - limit, superdst.MAX_OVERFLOW)
            self.words += [superdst.MAX_OVERFLOW] * full + [rest]


def _runs(widths: list[int]) -> bytes:
    """Run lengths in base 16, lowest digit first, beside the code that is repeated."""
    out = bytearray()
    for code, run in groupby(widths):
        length = len(list(run))
        while length:
            out.append(length % 16 << 4 | code)
            length //= 16
    return bytes(out)
