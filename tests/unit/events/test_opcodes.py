"""Pickled frames of every Python that wrote them are read, and nothing is ever executed."""

import pickle
import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import EventLayoutError
from skydriver.events.opcodes import FRAME_CLASSES, pickle_frame, pickled_bytes


class I3Frame:
    """A stand-in that pickles like IceTray's."""

    state = b""

    def __reduce__(self) -> tuple:
        return I3Frame, (), ({}, self.state)


def pickled(data, protocol, module, monkeypatch):
    fake = ModuleType(module)
    fake.I3Frame = I3Frame
    monkeypatch.setitem(sys.modules, "icecube", ModuleType("icecube"))
    monkeypatch.setitem(sys.modules, module, fake)
    monkeypatch.setattr(I3Frame, "__module__", module)
    frame = I3Frame()
    frame.state = data
    return pickle.dumps(frame, protocol)


@pytest.mark.parametrize("size", [1, 300, 70_000])
@pytest.mark.parametrize("module", [name.split()[0] for name in FRAME_CLASSES])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_frames_of_each_protocol_are_read(protocol, module, size, monkeypatch):
    data = bytes(index * 7 % 256 for index in range(size))
    assert pickled_bytes(pickled(data, protocol, module, monkeypatch), "here") == data


@pytest.mark.parametrize("code", [b"U\x05", b"T\x05\x00\x00\x00"])
def test_strings_of_python_2_are_read(code):
    head = b"\x80\x02cicecube.icetray\nI3Frame\nq\x01)Rq\x02}q\x03"
    assert pickled_bytes(head + code + b"[i3]\xff" + b"\x86b.", "here") == b"[i3]\xff"


@given(st.binary(max_size=2000))
def test_our_pickles_come_back(data):
    assert pickled_bytes(pickle_frame(data), "here") == data


def test_ours_is_what_python_writes(monkeypatch):
    data = bytes(range(256))
    assert pickle_frame(data) == pickled(data, 2, FRAME_CLASSES[0].split()[0], monkeypatch)


class Bomb:
    def __reduce__(self) -> tuple:
        return exec, ("raise SystemExit('executed')",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_nothing_is_executed(protocol):
    with pytest.raises(EventLayoutError, match="is not a pickled I3Frame"):
        pickled_bytes(pickle.dumps(Bomb(), protocol), "here")


@given(st.data())
def test_no_prefix_of_a_pickle_is_one(data):
    whole = pickle_frame(b"[i3] and so on")
    with pytest.raises(EventLayoutError, match="is not a pickled I3Frame"):
        pickled_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))], "here")
