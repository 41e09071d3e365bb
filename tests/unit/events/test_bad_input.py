"""Each kind of bad input: which error, and that its sentence names what is wrong and where."""

import json
import struct
import zlib
from base64 import b64encode

import numpy as np
import pytest

from skydriver.errors import ArchiveError, EventContentError, EventLayoutError, FrameError
from skydriver.events.archive_writer import ArchiveWriter
from skydriver.events.classes_writer import mask_slot
from skydriver.events.event import Pulses
from skydriver.events.frame import Slot
from skydriver.events.limits import MAX_JSON_BYTES
from skydriver.events.opcodes import pickle_frame
from skydriver.events.realtime import load_event, read_event
from skydriver.events.writer import encode_event, make_header
from skydriver.testing.events import (
    TOY_START,
    change_blob,
    change_frame,
    change_json,
    change_slots,
    take_frame,
    toy_event,
    toy_pulses,
)

GOOD = toy_event()
Q_TEXT = "value.data.frames.3.1"


def without(name):
    return lambda slots: (slot for slot in slots if slot.name != name)


def packed(pickled):
    return b64encode(zlib.compress(pickled)).decode()


def q_pickle():
    return pickle_frame(take_frame(GOOD, "Q"))


def list_layout(event):
    whole = json.loads(event)
    whole["value"] = {"data": whole["value"]["data"]["frames"]}
    return json.dumps(whole).encode()


def put_at(at, raw):
    """A change of the bytes at an offset, negative from the end."""
    return lambda data: data[: at % len(data)] + raw + data[at % len(data) + len(raw) :]


def version_of(class_name):
    """Where a blob announces the version of its root class."""
    return 2 + 2 + 4 + len(class_name) + 1


IN_ICE = toy_pulses().select(toy_pulses().om <= 60)
FIRST = IN_ICE.select(np.unique(IN_ICE.string * 100 + IN_ICE.om, return_index=True)[1])


def mask_of(source, pulses, name="SplitInIcePulses"):
    return mask_slot(name, source, pulses, lambda _string, _om: True)


def pulse_map(name, modules):
    """An I3RecoPulseSeriesMap of (string, om, times)."""
    archive = ArchiveWriter("I3RecoPulseSeriesMap")
    archive.enter_frame_object("I3RecoPulseSeriesMap")
    archive.enter("map")
    archive.put("I", len(modules))
    archive.enter("pair")
    for string, om, times in modules:
        archive.enter("OMKey", 2, numbered=True)
        archive.put("iIB", string, om, 0)
        archive.enter("vector<I3RecoPulse>")
        archive.put("I", len(times))
        for time in times:
            archive.enter("I3RecoPulse", 3, numbered=True)
            archive.put("dffB", time, 1.0, 8.0, 1)
    return Slot(name, "I3Map<OMKey, vector<I3RecoPulse> >", archive.blob())


def with_map(modules):
    return change_slots(GOOD, "P", lambda slots: [*slots, pulse_map("Extra", [modules])])


def with_year(year):
    at = version_of("I3EventHeader") + 5 + 2 + 4 + 20 + 4 + len("InIceSplit") + 2 + 4 + 4
    return change_blob(GOOD, "P", "I3EventHeader", put_at(at, struct.pack("<i", year)))


def circular(slots):
    masks = [mask_of("B", IN_ICE, "A"), mask_of("A", IN_ICE, "B")]
    return [*slots, *masks]


LAYOUT = {
    "not JSON": (b"run 138632", "event JSON: is not JSON"),
    "not an object": (b"[1, 2]", "event JSON: is a list of 2, not an object"),
    "not UTF-8": (b'{"a": "\xff"}', "event JSON: is not UTF-8 at byte 7"),
    "truncated JSON": (GOOD[:-20], "event JSON: is not JSON"),
    "nested too deep": (b"[" * 100_000, "event JSON: cannot be parsed"),
    "too large": (b" " * (MAX_JSON_BYTES + 1), f"more than the {MAX_JSON_BYTES} allowed"),
    "no value": (b'{"data": 1}', "value: is missing"),
    "no frames": (change_json(GOOD, "value.data", {}), "value.data.frames: is missing"),
    "frames of the wrong kind": (change_json(GOOD, "value.data", "x"), "value.data: is a text"),
    "odd version": (change_json(GOOD, "value.version", 3), "value.version: is a number"),
    "no frame at all": (change_json(GOOD, "value.data.frames", []), "value.data.frames: holds 0 frames"),
    "a frame that is no pair": (
        change_json(GOOD, "value.data.frames.3", ["Q"]),
        "value.data.frames[3]: is a list of 1",
    ),
    "a stop that is none": (change_json(GOOD, "value.data.frames.3.0", "QQ"), "value.data.frames[3]: does not begin"),
    "two P frames": (
        change_json(GOOD, "value.data.frames.3", json.loads(GOOD)["value"]["data"]["frames"][4]),
        "second P",
    ),
    "not base64": (change_json(GOOD, Q_TEXT, "%%%%"), "value.data.frames[3]: is not base64"),
    "not zlib": (change_json(GOOD, Q_TEXT, "AAAA"), "value.data.frames[3]: is not zlib data"),
    "truncated zlib": (change_json(GOOD, Q_TEXT, b64encode(zlib.compress(q_pickle())[:-9]).decode()), "truncated zlib"),
    "bytes after zlib": (
        change_json(GOOD, Q_TEXT, b64encode(zlib.compress(q_pickle()) + b"x").decode()),
        "has 1 bytes after",
    ),
    "zip bomb": (change_json(GOOD, Q_TEXT, packed(bytes(200_000_000))), "value.data.frames[3]: decompresses to more"),
    "truncated pickle": (
        change_json(GOOD, Q_TEXT, packed(q_pickle()[:-1])),
        "frames[3]: is not a pickled I3Frame: it is truncated",
    ),
    "bytes after pickle": (change_json(GOOD, Q_TEXT, packed(q_pickle() + b".")), "has 1 bytes after its pickle"),
    "another protocol": (change_json(GOOD, Q_TEXT, packed(b"(lp0\n.")), "opcode 0x28 at byte 0"),
    "another class": (
        change_json(GOOD, Q_TEXT, packed(q_pickle().replace(b"icecube._icetray\nI3Frame", b"os\nsystem"))),
        "it names 'os system'",
    ),
    "an escape in a name": (
        change_json(GOOD, Q_TEXT, packed(q_pickle().replace(b"_icetray\n", b"_icetr\\Sy\n"))),
        "is not a pickled I3Frame: it names no class at byte 2",
    ),
    "another call": (
        change_json(GOOD, Q_TEXT, packed(q_pickle().replace(b"_codecs\nencode", b"builtins\neval"))),
        "it names 'builtins eval'",
    ),
}

FRAME = {
    "truncated": (
        change_frame(GOOD, "Q", lambda frame: frame[:-30]),
        "Q frame, object 2: truncated: its content should have",
    ),
    "empty": (change_frame(GOOD, "P", lambda _: b""), "P frame: an I3 frame of 0 bytes is truncated"),
    "wrong checksum": (change_frame(GOOD, "Q", put_at(-40, b"\x55")), "Q frame: checksum 0x"),
    "another magic": (change_frame(GOOD, "Q", put_at(0, b"[i4]")), "Q frame: not an I3 frame"),
    "another version": (
        change_frame(GOOD, "Q", put_at(4, b"\x07")),
        "Q frame: an I3 frame of version 7; only version 6 is known",
    ),
    "another stream": (change_frame(GOOD, "Q", put_at(10, b"P")), "Q frame: a frame of stream 'P' announced as 'Q'"),
    "too many objects": (change_frame(GOOD, "Q", put_at(11, b"\xff" * 4)), "Q frame: 4294967295 objects announced"),
    "objects of one name": (
        change_slots(GOOD, "Q", lambda slots: [*slots, slots[0]]),
        "Q frame: two objects named I3SuperDST",
    ),
    "no name": (change_slots(GOOD, "Q", lambda slots: [slots[0]._replace(name="")]), "Q frame: '' is not the name"),
}

OBJECT = {
    "unknown header version": (
        change_blob(GOOD, "P", "I3EventHeader", put_at(version_of("I3EventHeader"), b"\x04")),
        "P frame, I3EventHeader: class I3EventHeader of version 4; version 3 is known",
    ),
    "unknown SuperDST version": (
        change_blob(GOOD, "Q", "I3SuperDST", put_at(version_of("I3SuperDST"), b"\x02")),
        "Q frame, I3SuperDST: class I3SuperDST of version 2; version 1 is known",
    ),
    "truncated": (change_blob(GOOD, "P", "ToySeed", lambda blob: blob[:-1]), "P frame, ToySeed: truncated"),
    "bytes left over": (
        change_blob(GOOD, "P", "ToySeed", lambda blob: blob + b"\x00"),
        "P frame, ToySeed: 1 bytes unread",
    ),
    "no pointer": (
        change_blob(GOOD, "P", "ToySeed", lambda blob: b"\x01" + blob[1:]),
        "does not begin with a shared pointer",
    ),
    "null pointer": (change_blob(GOOD, "P", "ToySeed", put_at(2, b"\xff\xff")), "P frame, ToySeed: a null pointer"),
    "huge count": (
        change_blob(
            GOOD, "P", "SplitInIcePulses", lambda blob: blob.replace(struct.pack("<I", 40), b"\xff\xff\xff\x7f", 1)
        ),
        "P frame, SplitInIcePulses: truncated: 2147483647 items announced",
    ),
    "mask of other modules": (
        change_slots(GOOD, "P", lambda slots: [*without("SplitInIcePulses")(slots), mask_of("I3SuperDST", IN_ICE)]),
        "P frame, SplitInIcePulses: a mask of 40 modules does not fit the 41 of I3SuperDST",
    ),
    "mask of other pulses": (
        change_slots(GOOD, "P", lambda slots: [*without("SplitInIcePulses")(slots), mask_of("InIceDSTPulses", FIRST)]),
        "P frame, SplitInIcePulses: its bits do not fit the pulses of InIceDSTPulses",
    ),
    "modules that descend": (
        change_slots(GOOD, "P", lambda slots: [*slots, pulse_map("Extra", [(2, 1, [5.0]), (1, 1, [5.0])])]),
        "P frame, Extra: its modules are not in ascending order",
    ),
    "object out of sequence": (
        change_blob(GOOD, "P", "I3EventHeader", put_at(version_of("I3EventHeader") + 1, b"\x07")),
        "P frame, I3EventHeader: object numbered 7 at byte 23 instead of 0",
    ),
}


@pytest.mark.parametrize(("event", "says"), LAYOUT.values(), ids=LAYOUT)
def test_shell(event, says):
    with pytest.raises(EventLayoutError) as caught:
        read_event(event)
    assert says in str(caught.value)


@pytest.mark.parametrize(("event", "says"), FRAME.values(), ids=FRAME)
def test_frame(event, says):
    with pytest.raises(FrameError) as caught:
        read_event(event)
    assert says in str(caught.value)


@pytest.mark.parametrize(("event", "says"), OBJECT.values(), ids=OBJECT)
def test_object(event, says):
    with pytest.raises(ArchiveError) as caught:
        read_event(event)
    assert says in str(caught.value)


CONTENT = {
    "no header": (
        change_slots(change_slots(GOOD, "P", without("I3EventHeader")), "Q", without("QI3EventHeader")),
        "event: holds no I3EventHeader in its P or Q frame",
    ),
    "no pulse series": (
        change_slots(GOOD, "P", without("SplitInIcePulses")),
        "event: holds no pulse series named SplitInIcePulses or SplitUncleanedInIcePulses",
    ),
    "mask of nothing": (
        change_slots(GOOD, "Q", without("InIceDSTPulses")),
        "P frame, SplitInIcePulses: a mask of 'InIceDSTPulses', which the event does not hold",
    ),
    "masks of each other": (
        change_slots(GOOD, "P", circular),
        "P frame, A: a mask that refers to itself by way of others",
    ),
    "no pulses": (
        encode_event(make_header(123456, 1, TOY_START), toy_pulses().select(toy_pulses().om > 60), is_real=True),
        "P frame, SplitInIcePulses: holds no pulses",
    ),
    "impossible run id": (toy_event(run_id=99_999), "P frame, I3EventHeader: run id 99999 is impossible"),
    "another run id in the JSON": (
        change_json(GOOD, "value.data.run_id", 123457),
        "value.data.run_id: is 123457, but the event header says 123456",
    ),
    "another event id in the JSON": (
        change_json(GOOD, "value.data.event_id", "42"),
        "value.data.event_id: is '42', but",
    ),
    "neither real nor not": (
        change_json(GOOD, "value.data.is_real_event", "no"),
        "is_real_event: is neither true nor false",
    ),
    "NaN time": (with_map((1, 1, [5.0, float("nan")])), "P frame, Extra: the time of pulse 1 is not a finite number"),
    "infinite time": (with_map((1, 1, [float("inf")])), "P frame, Extra: the time of pulse 0 is not a finite number"),
    "impossible time": (with_map((1, 1, [-1e10])), "P frame, Extra: the time of pulse 0, -1e+10 ns, is impossible"),
    "year 0": (with_year(0), "P frame, I3EventHeader: start time in the year 0 is impossible"),
    "year far ahead": (with_year(9999), "P frame, I3EventHeader: start time in the year 9999 is impossible"),
}


@pytest.mark.parametrize(("event", "says"), CONTENT.values(), ids=CONTENT)
def test_content(event, says):
    with pytest.raises(EventContentError) as caught:
        read_event(event)
    assert says in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(EventLayoutError, match=r"missing\.json: cannot be read: No such file"):
        load_event(tmp_path / "missing.json")


def test_a_mapping_that_is_not_json_is_refused():
    with pytest.raises(EventLayoutError, match="event JSON: cannot be written as JSON"):
        read_event({"value": {"data": {1, 2}}})


def test_simulated_events_may_have_any_run_id():
    assert read_event(toy_event(run_id=1, is_real=False)).header.run_id == 1


@pytest.mark.parametrize("said", [True, False])
def test_who_gives_an_event_that_does_not_say_so_says_whether_it_is_real(said):
    unmarked = change_json(toy_event(is_real=True), "value.data.note", "")
    assert read_event(unmarked).is_real is True
    assert read_event(unmarked, is_real=said).is_real is said


def test_an_event_that_is_not_what_it_is_given_as():
    for event, said, word in ((toy_event(is_real=False), True, "simulated"), (GOOD, False, "real")):
        marked = change_json(event, "value.data.is_real_event", word == "real")
        assert read_event(marked, is_real=not said).is_real is not said
        with pytest.raises(EventContentError, match=f"says that the event is {word}, but it was given as"):
            read_event(marked, is_real=said)


def test_the_list_layout_is_real_and_without_statements():
    event = read_event(list_layout(GOOD))
    assert (event.is_real, event.format_version, dict(event.stated)) == (True, "unversioned", {})
    assert event.series == read_event(GOOD).series


@pytest.mark.parametrize("source", [GOOD, GOOD.decode(), json.loads(GOOD)], ids=["bytes", "text", "mapping"])
def test_an_event_is_the_same_in_any_form(source):
    event = read_event(source)
    assert event.content_hash == read_event(GOOD).content_hash
    assert event.pulses == IN_ICE


def test_masks_of_an_unknown_class_are_left_out():
    unknown = Slot("Union", "I3RecoPulseSeriesMapUnion", ArchiveWriter("I3RecoPulseSeriesMapUnion").blob())
    event = read_event(change_slots(GOOD, "P", lambda slots: [*slots, unknown, mask_of("Union", IN_ICE, "OfUnion")]))
    assert "OfUnion" not in event.series
    assert [found.name for found in event.objects if not found.decoded] == ["Union"]


def test_the_header_of_the_p_frame_wins():
    other = encode_event(make_header(654321, 43, TOY_START), IN_ICE, is_real=True)
    mixed = change_frame(change_json(GOOD, "value.data.run_id", 123456), "Q", lambda _: take_frame(other, "Q"))
    assert read_event(mixed).header.run_id == 123456
    without_p = change_slots(mixed, "P", without("I3EventHeader"))
    with pytest.raises(EventContentError, match="is 123456, but the event header says 654321"):
        read_event(without_p)


@pytest.mark.parametrize(("field", "value"), [("string", 128), ("om", 65), ("time_ns", -513.0), ("charge_pe", np.nan)])
def test_pulses_that_superdst_cannot_hold_are_not_written(field, value):
    columns = {"string": 1, "om": 1, "time_ns": 0.0, "charge_pe": 1.0, "width_ns": 1.0, "hlc": True} | {field: value}
    with pytest.raises(EventContentError, match="pulses: pulse 0"):
        encode_event(make_header(1, 1, TOY_START), Pulses(**columns))


@pytest.mark.parametrize(("run_id", "time"), [(-1, TOY_START), (2**32, TOY_START), (1, "2026-03-01 12:00"), (1, "")])
def test_impossible_headers_are_not_made(run_id, time):
    with pytest.raises(EventContentError):
        make_header(run_id, 1, time)
