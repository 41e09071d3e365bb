"""The stream of an I3SuperDST: each way it can be inconsistent, and how simultaneous pulses are told apart."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skydriver.errors import ArchiveError
from skydriver.events import superdst
from skydriver.events.archive import Archive, Budget
from skydriver.events.archive_writer import ArchiveWriter
from skydriver.events.superdst_writer import _runs

STOP, HLC = 0x8000, 0x4000
IN_ICE, ICETOP = 36 << 6 | 29, 36 << 6 | 60


def read(words, headers, widths=((0,), (), (), ()), extra=(), tag=None):
    archive = ArchiveWriter("I3SuperDST")
    archive.enter_frame_object("I3SuperDST", 1)
    archive.compact("ChargeStamp", np.array(words, "<u2").tobytes(), 2)
    archive.compact("DOMHeader", np.array(headers, "<u2").tobytes(), 2)
    for stream in widths:
        archive.compact("uint8_t", _runs(list(stream)), 1)
    archive.compact("uint8_t", bytes(extra), 1)
    blob = archive.blob() if tag is None else archive.blob()[:-1] + tag
    reader = Archive(blob, "here", Budget())
    reader.root_class()
    found = superdst.read_superdst(reader)
    reader.finish()
    return found


def test_one_stamp_is_one_pulse():
    found = read([100 | 20 << 8 | STOP], [IN_ICE])
    assert found.keys.tolist() == [[36, 30, 0]]
    assert (found.time_ns[0], found.charge_pe[0], found.width_ns[0], found.hlc[0]) == (
        100 - 512,
        20 * 0.05 + 0.025,
        1,
        False,
    )


def test_high_bits_of_the_first_time_are_in_the_header():
    assert read([100 | STOP], [IN_ICE | 3 << 13]).time_ns[0] == 3 * 256 + 100 - 512


def test_saturated_values_go_on_until_a_word_that_is_not_saturated():
    found = read([255 | 63 << 8 | STOP, 0xFFFF, 7, 0xFFFF, 0xFFFF, 0], [IN_ICE | 7 << 13])
    assert found.time_ns[0] == 2047 + 65535 + 7 - 512
    assert found.charge_pe[0] == (63 + 2 * 65535) * 0.05 + 0.025


def test_icetop_charge_is_logarithmic_and_never_saturated():
    found = read([63 << 8 | STOP], [ICETOP], ((), (), (0,), ()), [0xFF])
    assert found.keys.tolist() == [[36, 61, 0]]
    assert found.charge_pe[0] == pytest.approx(1e7, rel=1e-12)


def test_readouts_count_from_the_first_pulse_of_the_one_before():
    found = read([100, 5 | STOP, 10 | STOP], [IN_ICE, IN_ICE + 1], ((0, 0, 0), (), (), ()))
    assert (found.time_ns + 512).tolist() == [100, 105, 110]


DAMAGED = {
    "ends in a readout": (([100], [IN_ICE]), "end in the middle of a readout, after 1 pulses"),
    "ends in an overflow": (([255 | STOP, 0xFFFF], [IN_ICE | 7 << 13]), "end in the middle of a readout"),
    "ends before a readout": (([STOP, STOP], [IN_ICE] * 3, ((0, 0), (), (), ())), "3 readouts and 0 IceTop charges"),
    "more stamps": (([STOP, STOP], [IN_ICE]), "1 stamps belong to no readout"),
    "mixed coincidence": (([HLC, STOP], [IN_ICE], ((0,), (0,), (), ())), "differ in local coincidence"),
    "fewer widths": (([STOP], [IN_ICE], ((), (), (), ())), "0 widths for the 1 pulses of stream 0"),
    "widths of another kind": (([STOP], [IN_ICE], ((), (0,), (), ())), "0 widths for the 1 pulses of stream 0"),
    "more widths": (([STOP], [IN_ICE], ((0,) * 100, (), (), ())), "100 widths for at most 1 pulses"),
    "long IceTop readout": (([0, STOP], [ICETOP], ((), (), (0, 0), ()), [0, 0]), "IceTop readout before stamp 2 has 2"),
    "fewer IceTop charges": (([STOP], [ICETOP], ((), (), (0,), ())), "0 IceTop charges are fewer"),
    "more IceTop charges": (([STOP], [IN_ICE], ((0,), (), (), ()), [9]), "1 IceTop charges for 0 IceTop pulses"),
    "size tag without meaning": (([STOP], [IN_ICE], ((0,), (), (), ()), (), b"\xff"), "size tag 0xff"),
    "size beyond the end": (
        ([STOP], [IN_ICE], ((0,), (), (), ()), (), b"\xfb\xff\xff\xff\x7f"),
        "truncated: 2147483647",
    ),
}


@pytest.mark.parametrize(("streams", "says"), DAMAGED.values(), ids=DAMAGED)
def test_streams_that_do_not_fit_are_refused(streams, says):
    with pytest.raises(ArchiveError) as caught:
        read(*streams)
    assert says in str(caught.value)


@pytest.mark.parametrize("size", [*range(1, 8), 8])
def test_sizes_may_have_any_number_of_bytes(size):
    assert len(read([STOP], [IN_ICE], tag=bytes([0xFF - size]) + bytes(size)).time_ns) == 1


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 5000)), max_size=6))
@example([(3, 16), (3, 1), (0, 255), (0, 257)])
def test_runs_come_back(runs):
    widths = [code for code, length in runs for _ in range(length)]
    archive = ArchiveWriter("x")
    archive.compact("uint8_t", _runs(widths), 1)
    reader = Archive(archive.blob(), "here", Budget())
    reader.root_class()
    assert superdst._runs(reader, len(widths)).tolist() == widths


@pytest.mark.parametrize(
    ("time", "width", "then_time", "then_width"),
    [
        ([10, 10], [8, 4], [10, 12], [2, 2]),
        ([0, 10, 10, 30], [16, 8, 8, 8], [0, 5, 10, 30], [5, 5, 8, 8]),
        ([10, 10, 10], [8, 4, 2], [10, 10, 10], [0, 0, 2]),
        ([10, 10, 20], [8, 16, 2], [10, 15, 20], [5, 5, 2]),
        ([0, 100], [8, 8], [0, 100], [8, 8]),
    ],
)
def test_simultaneous_pulses_share_a_width(time, width, then_time, then_width):
    time, width = [float(t) for t in time], [float(w) for w in width]
    superdst._share(time, width)
    assert (time, width) == (then_time, then_width)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 5)), min_size=1, max_size=30))
def test_separating_all_modules_at_once_is_separating_each(rows):
    module, time, code = np.array(sorted(rows)).T
    times, widths = time.astype(float), 2.0**code
    starts = np.flatnonzero(np.diff(module, prepend=-1))
    bounds = np.append(starts, len(module))
    expected = []
    for first, end in pairwise(bounds.tolist()):
        one_time, one_width = times[first:end].tolist(), widths[first:end].tolist()
        superdst._share(one_time, one_width)
        expected += zip(one_time, one_width, strict=True)
    superdst._separate(times, widths, bounds)
    assert list(zip(times.tolist(), widths.tolist(), strict=True)) == expected
