"""Pulses travel to workers and are what they were; anything else that comes is refused with a sentence."""

import io
import random
import zipfile
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import TaskInputError
from skydriver.events.event import Pulses
from skydriver.testing.events import toy_pulses
from skydriver.testing.mutate import damage_bytes
from skydriver.worker import pulses_file
from skydriver.worker.pulses_file import COLUMNS, from_bytes, to_bytes

reals = st.floats(allow_nan=False, allow_infinity=False)
pulse = st.tuples(
    st.integers(-(2**15), 2**15 - 1), st.integers(0, 64), reals, reals, reals, st.booleans(), st.integers(0, 255)
)


def npz(**replaced: object):
    """The toy pulses' file with some arrays replaced (None: left out) or added."""
    arrays = {name: getattr(toy_pulses(), name) for name in COLUMNS} | replaced
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **{k: v for k, v in arrays.items() if v is not None})
    return file.getvalue()


@given(st.lists(pulse, max_size=20))
def test_there_and_back_is_the_same(rows):
    columns = zip(*rows, strict=True) if rows else [np.zeros(0)] * 7
    pulses = Pulses(*(np.array(column) for column in columns))
    again = from_bytes(to_bytes(pulses))
    assert again == pulses
    for field in fields(Pulses):
        assert getattr(again, field.name).tobytes() == getattr(pulses, field.name).tobytes()


def test_the_columns_are_those_of_pulses():
    assert {name: getattr(toy_pulses(), name).dtype for name in COLUMNS} == COLUMNS
    assert list(COLUMNS) == [field.name for field in fields(Pulses)]


def test_the_same_pulses_are_the_same_bytes(monkeypatch):
    first = to_bytes(toy_pulses())
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert to_bytes(toy_pulses()) == first


def test_numpy_reads_it():
    with np.load(io.BytesIO(to_bytes(toy_pulses())), allow_pickle=False) as arrays:
        assert all(np.array_equal(arrays[name], getattr(toy_pulses(), name)) for name in COLUMNS)


@pytest.mark.parametrize(
    ("replaced", "problem"),
    [
        ({"hlc": None}, "have the columns charge_pe"),
        ({"more": np.zeros(3)}, "have the columns charge_pe"),
        ({"om": np.zeros(3, np.int16)}, "the columns of Pulses must be equally long"),
        ({"om": np.zeros(81, np.int32)}, "column om of the pulses is .* of int32"),
        ({"time_ns": np.zeros(81, ">f8")}, "column time_ns of the pulses is .* of >f8"),
        ({"time_ns": np.zeros((9, 9))}, "column time_ns of the pulses is"),
        ({"time_ns": np.float64(1.0)}, "column time_ns of the pulses is"),
        ({"time_ns": np.full(81, np.nan)}, "column time_ns of the pulses holds a number that is not finite"),
        ({"width_ns": np.full(81, np.inf)}, "column width_ns of the pulses holds a number that is not finite"),
        ({"hlc": np.full(81, 2, np.uint8).view(np.bool_)}, "hlc of the pulses holds more than true and false"),
        ({"time_ns": np.array([print], object)}, "column time_ns of the pulses is .* of object"),
        ({"charge_pe": np.zeros(500_001)}, "column charge_pe of the pulses is"),
    ],
)
def test_wrong_arrays_are_refused(replaced, problem):
    with pytest.raises(TaskInputError, match=problem):
        from_bytes(npz(**replaced))


def test_a_header_that_promises_much_takes_no_memory(monkeypatch):
    """And no time: what it says is compared with what is there."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, dtype in COLUMNS.items():
            file = io.BytesIO()
            header = {"descr": dtype.str, "fortran_order": False, "shape": (10**15,)}
            np.lib.format.write_array_header_1_0(file, header)
            archive.writestr(f"{name}.npy", file.getvalue())
    with pytest.raises(TaskInputError, match=r"\(1000000000000000,\)"):
        from_bytes(data.getvalue())
    monkeypatch.setattr(pulses_file, "MAX_BYTES", 100)
    with pytest.raises(TaskInputError, match="more than 100 bytes"):
        from_bytes(to_bytes(toy_pulses()))


def test_what_unpacks_to_much_is_not_unpacked(monkeypatch):
    read = []
    unpack = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: read.append(n) or unpack(self, n))
    with pytest.raises(TaskInputError, match="column string of the pulses is"):
        from_bytes(npz(string=np.zeros(10**8, np.int16)))
    assert max(read) <= 500_000 * 8 + 2000
    assert -1 not in read


@pytest.mark.parametrize("data", [b"", b"PK", b"no npz", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_file_is_refused(data):
    with pytest.raises(TaskInputError):
        from_bytes(data)


def test_damage_is_noticed_or_harmless():
    good, draws = to_bytes(toy_pulses()), random.Random(3)  # noqa: S311 - not for secrets
    for _ in range(500):
        try:
            from_bytes(damage_bytes(good, draws))
        except TaskInputError as error:
            assert str(error).startswith("the ")  # noqa: PT017 - most are refused, not all
