"""JSON and npz: what is written reads back, here and in skyreader, as the same bytes each time."""

import io
import json
import math
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skydriver.errors import ResultError
from skydriver.skymap.columns import COLUMNS, NAMES
from skydriver.skymap.files import product_name, write_atomically
from skydriver.skymap.json_format import NAN, from_document, from_json, read_json, to_document, to_json, write_json
from skydriver.skymap.npz_format import from_npz, read_npz, to_npz, write_npz
from skydriver.skymap.skymap import EventIdentity, SkyMap

LLHS = st.lists(st.floats(0, 1e6) | st.just(math.nan), min_size=1, max_size=12)
STAGES = st.dictionaries(st.sampled_from([1, 2, 8, 64, 512]), LLHS, min_size=1, max_size=3)
EVENTS = st.builds(
    EventIdentity,
    run_id=st.integers(100_000, 999_999),
    event_id=st.integers(0, 2**63 - 1),
    event_type=st.sampled_from(["", "gold", "EHE ☉"]),
    mjd=st.floats(0, 1e6),
    is_real_event=st.booleans(),
)


@given(STAGES, EVENTS, st.booleans())
def test_json_round_trips(new_map, stages, event, complete):
    skymap = new_map(stages, event=event, complete=complete)
    assert from_json(to_json(skymap), skymap.provenance) == skymap


@given(STAGES, EVENTS, st.booleans())
def test_npz_round_trips(new_map, stages, event, complete):
    skymap = new_map(stages, event=event, complete=complete)
    assert from_npz(to_npz(skymap)) == skymap


def test_files_round_trip_with_their_provenance(new_map, tmp_path):
    skymap = new_map({1: [1.0, math.nan], 8: [0.5]})
    written = write_json(skymap, tmp_path / "run1.evt2.x_1_8.json")
    assert [path.name for path in written] == ["run1.evt2.x_1_8.json", "run1.evt2.x_1_8.provenance.json"]
    assert read_json(written[0]) == skymap
    assert read_npz(write_npz(skymap, tmp_path / "a.npz")) == skymap
    written[1].unlink()
    assert read_json(written[0]).provenance is None


def test_the_same_map_is_the_same_bytes(new_map):
    skymap = new_map({1: [1.0, math.nan, 3.0], 8: [0.5, 7.0]})
    rows = {nside: rows[::-1].copy() for nside, rows in skymap.stages.items()}
    rows[1]["llh"][np.isnan(rows[1]["llh"])] = np.array([0xFFF8000000000123], np.uint64).view(np.float64)[0]
    rows = dict(reversed(rows.items()))
    again = SkyMap(rows, skymap.complete, skymap.event, skymap.provenance)
    assert to_json(again) == to_json(skymap)
    assert to_npz(again) == to_npz(skymap)


def test_nothing_in_an_npz_depends_on_when_and_where_it_was_written(new_map):
    with zipfile.ZipFile(io.BytesIO(to_npz(new_map({1: [1.0]})))) as archive:
        assert {(i.date_time, i.create_system, i.extra) for i in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 3, b"")
        }


def test_json_has_exactly_the_keys_of_the_contract(new_map):
    document = json.loads(to_json(new_map({1: [1.0, math.nan], 8: [2.0]})))
    assert list(document) == ["nside-1", "nside-8"]
    assert list(document["nside-1"]) == ["columns", "metadata", "data"]
    assert document["nside-1"]["columns"] == [column.name for column in COLUMNS]
    assert document["nside-1"]["data"][1][:2] == [1, "<skyreader.nan>"]
    assert document["nside-1"]["metadata"] == {
        "nside": 1,
        "complete": True,
        "run_id": 138632,
        "event_id": 31747601,
        "event_type": "gold",
        "mjd": 60279.76,
        "is_real_event": True,
        "version": 1,
    }


# skyreader as the oracle


@pytest.fixture(params=["json", "npz"])
def read_by_skyreader(request, skyreader, tmp_path_factory):
    """A function that writes a map and lets skyreader read the file."""
    folder = tmp_path_factory.mktemp("maps")

    def write_and_read(skymap):
        if request.param == "json":
            return skyreader.SkyScanResult.read_json(write_json(skymap, folder / "map.json")[0])
        return skyreader.SkyScanResult.read_npz(write_npz(skymap, folder / "map.npz"))

    return write_and_read


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(stages=STAGES, complete=st.booleans())
def test_skyreader_reads_the_same_rows(read_by_skyreader, new_map, stages, complete):
    skymap = new_map(stages, complete=complete)
    theirs = read_by_skyreader(skymap)
    assert theirs.nsides == list(skymap.stages)
    for nside, rows in skymap.stages.items():
        assert theirs.get_results_per_nside(nside).tobytes() == rows.tobytes()
    metadata = theirs.get_event_metadata()
    assert (metadata.run_id, metadata.event_id, metadata.event_type) == (138632, 31747601, "gold")
    assert (metadata.mjd, metadata.is_real_event, metadata.version) == (60279.76, True, 1)
    # Its own best fit loses a whole nside to one NaN, so the comparison is with the rows it read.
    finite = [r for n in theirs.nsides for r in theirs.get_results_per_nside(n) if not np.isnan(r["llh"])]
    best = skymap.best_fit()
    assert (best and best.llh) == min((r["llh"] for r in finite), default=None)


@pytest.mark.parametrize("stages", [{8: [3.0, 1.0, 2.0]}, {1: [5.0, 4.0], 8: [9.0, 2.0], 64: [3.0, 2.5]}])
def test_skyreader_finds_the_same_best_fit(read_by_skyreader, new_map, stages):
    skymap = new_map(stages)
    theirs, best = read_by_skyreader(skymap), skymap.best_fit()
    assert (theirs.best_fit["index"], theirs.best_fit["llh"]) == (best.pixel, best.llh)
    assert np.degrees(theirs.best_dir) == pytest.approx((best.ra_deg, best.dec_deg), abs=1e-11)


@pytest.mark.filterwarnings("ignore:DataFrame.applymap has been deprecated:FutureWarning")  # skyreader calls it
@pytest.mark.filterwarnings("ignore:metadata on a dtype is not saved:UserWarning")  # and gives np.savez such dtypes
def test_what_skyreader_writes_is_read(skyreader, new_map, tmp_path):
    skymap = new_map({1: [5.0, math.nan, 4.0], 8: [math.nan]}, provenance=None)
    theirs = skyreader.SkyScanResult.deserialize(to_document(skymap))
    assert read_json(theirs.to_json(theirs.get_event_metadata(), tmp_path)) == skymap
    assert read_npz(theirs.to_npz(theirs.get_event_metadata(), tmp_path)) == skymap


def test_skyreader_has_no_place_for_provenance_in_json(skyreader, new_map):
    """Which is why it lies beside the map; when this fails, it may move in."""
    document = to_document(new_map({1: [1.0]}))
    with pytest.raises(KeyError, match="metadata"):
        skyreader.SkyScanResult.deserialize(document | {"provenance": {}})
    with pytest.raises(ValueError, match="extra/missing keys"):
        skyreader.SkyScanResult.deserialize({"nside-1": document["nside-1"] | {"provenance": {}}})


def test_names_are_skyreaders_with_the_algorithm_for_the_type(skyreader, new_map):
    skymap = new_map({8: [1.0], 64: [1.0], 512: [1.0]})
    theirs = skyreader.SkyScanResult.deserialize(to_document(skymap))
    metadata = skyreader.EventMetadata(138632, 31747601, "pandel_mpe", 60279.76, True)  # noqa: FBT003 - their order
    name = product_name(skymap.event, "pandel_mpe", (8, 64, 512), "npz")
    assert name == theirs.get_filename(metadata, "npz").name
    assert name == "run00138632.evt000031747601.pandel_mpe_8_64_512.npz"


# Malformed files


def test_nan_is_read_bare_too_and_rows_in_any_order(new_map):
    skymap = new_map({1: [1.0, math.nan, 3.0]}, provenance=None)
    document = to_document(skymap)
    document["nside-1"]["data"].reverse()
    text = json.dumps(document).replace(f'"{NAN}"', "NaN")
    assert NAN not in text
    assert from_json(text) == skymap


def broken(change):
    """A JSON document with one change."""

    def apply(document):
        change(document["nside-1"])
        return document

    return apply


MALFORMED = [
    (lambda _: [], "a map is a JSON object"),
    (lambda _: {}, "the map has no stage"),
    (lambda d: d | {"provenance": {}}, "'provenance' is not the name of a stage"),
    (lambda d: {"nside-01": d["nside-1"]}, "'nside-01' is not the name of a stage"),
    (lambda d: {"nside-8": d["nside-1"]}, "nside-8: the metadata says nside 1"),
    (broken(lambda s: s.pop("data")), "nside-1: not an object of exactly"),
    (broken(lambda s: s.update(extra=1)), "nside-1: not an object of exactly"),
    (broken(lambda s: s["columns"].reverse()), "nside-1: the columns are"),
    (broken(lambda s: s["metadata"].pop("run_id")), "nside-1: run_id is missing"),
    (broken(lambda s: s["metadata"].update(run_id="1")), "nside-1: run_id in the metadata is '1'"),
    (broken(lambda s: s["metadata"].update(run_id=True)), "nside-1: run_id in the metadata is 'True'"),
    (broken(lambda s: s["metadata"].update(run_id=7)), "run_id 7 of a real event"),
    (broken(lambda s: s["metadata"].update(mjd=10**400)), "mjd is no Modified Julian Date"),
    (broken(lambda s: s["metadata"].update(version=2)), "nside-1: version 2 of the columns is unknown; 0 and 1 are"),
    (broken(lambda s: s["metadata"].update(complete=1)), "nside-1: complete in the metadata"),
    (broken(lambda s: s.update(metadata=[])), "nside-1: metadata is not an object"),
    (broken(lambda s: s.update(data={})), "nside-1: metadata is not an object, or data not a list"),
    (broken(lambda s: s["data"].append([1, 2])), "nside-1: row 2 is not a list of 8 values"),
    (broken(lambda s: s["data"][1].__setitem__(1, "low")), "nside-1: llh of row 1 is 'low'"),
    (broken(lambda s: s["data"][1].__setitem__(1, None)), "nside-1: llh of row 1 is 'None'"),
    (broken(lambda s: s["data"][1].__setitem__(1, 10**400)), "nside-1: llh of row 1 is"),
    (broken(lambda s: s["data"][1].__setitem__(0, 1.0)), "nside-1: index of row 1 is '1.0'"),
    (broken(lambda s: s["data"][1].__setitem__(0, NAN)), "nside-1: index of row 1 is 'nan'"),
    (broken(lambda s: s["data"][1].__setitem__(0, 2**64)), "nside-1: index of row 1 is"),
    (broken(lambda s: s["data"][1].__setitem__(0, 0)), "nside-1: pixel 0 is there twice"),
    (broken(lambda s: s["data"][1].__setitem__(0, 12)), "nside-1: a pixel index is not between 0 and 11"),
]


@pytest.mark.parametrize(("change", "reason"), MALFORMED)
def test_a_malformed_document_is_refused_by_name(new_map, change, reason):
    document = change(json.loads(to_json(new_map({1: [1.0, 2.0]}))))
    with pytest.raises(ResultError) as refusal:
        from_document(document)
    assert reason in str(refusal.value)


def test_stages_of_different_events_are_refused(new_map):
    other = EventIdentity(138633, 1, "", 6e4, is_real_event=True)
    document = to_document(new_map({1: [1.0]})) | to_document(new_map({8: [1.0]}, event=other))
    with pytest.raises(ResultError, match="nside-8 is of another event than nside-1"):
        from_document(document)


@pytest.mark.parametrize("text", ["", "{", b"\xff\xfe\xff", "[" * 100_000, '{"nside-1": Infinity}', "1" * 5000])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ResultError):
        from_json(text)


def npz(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def arrays_of(skymap):
    with np.load(io.BytesIO(to_npz(skymap))) as arrays:
        return dict(arrays)


MALFORMED_NPZ = [
    (lambda _: b"", "npz: not readable"),
    (lambda _: b"PK\x05\x06" + bytes(18), "the map has no stage"),
    (lambda a: npz(a | {"header": np.array([{}], dtype=object)}), "npz: not readable"),
    (lambda a: npz(a | {"header": np.zeros(3)}), "npz: the header is not a list of records"),
    (lambda a: npz(a | {"header": a["header"][["nside", "run_id"]]}), "nside-1: event_id is missing"),
    (lambda a: npz(a | {"header": a["header"][:0]}), "the map has no stage"),
    (lambda a: npz({"header": a["header"]}), "the header names nside-1, but there is no such array"),
    (lambda a: npz(a | {"nside-1": np.zeros(2)}), "nside-1: the columns are"),
    (lambda a: npz(a | {"nside-1": a["nside-1"][0]}), "nside-1: the columns are"),
    (lambda a: npz(a | {"nside-1": np.concatenate([a["nside-1"]] * 2)}), "nside-1: pixel 0 is there twice"),
    (
        lambda a: npz(a | {"provenance": np.full(1, 0x110000, "u4").view("U1")[0:1].reshape(())}),
        "a text or a date in it",
    ),
    (lambda a: npz(a | {"provenance": np.zeros(2)}), "npz: the provenance is not a text"),
    (lambda a: npz(a | {"provenance": np.array("{}")}), "provenance: format None is not 1"),
]


@pytest.mark.parametrize(("change", "reason"), MALFORMED_NPZ)
def test_a_malformed_npz_is_refused_by_name(new_map, change, reason):
    with pytest.raises(ResultError) as refusal:
        from_npz(change(arrays_of(new_map({1: [1.0, 2.0]}))))
    assert reason in str(refusal.value)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(new_map, monkeypatch):
    monkeypatch.setattr("skydriver.skymap.npz_format.MAX_BYTES", 100)
    with pytest.raises(ResultError, match="unpack to more than 100 bytes"):
        from_npz(to_npz(new_map({1: [1.0]})))


def test_an_array_that_claims_to_be_huge_is_refused(new_map):
    data = to_npz(new_map({1: [1.0, 2.0]}, provenance=None))
    start = data.index(b"PK\x03\x04", 4)
    claim = data[start:].replace(b"'shape': (2,), }", b"'shape': (2" + b"0" * 12 + b",), }", 1)
    assert claim != data[start:]
    with pytest.raises(ResultError):
        from_npz(data[:start] + claim)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_npz_raises_nothing_else(new_map, data):
    skymap = new_map({1: [1.0, math.nan], 8: [3.0]})
    damaged = bytearray(to_npz(skymap))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))]
    try:
        assert from_npz(bytes(damaged)).n_pixels == 3, "what the checksums let pass is whole"
    except ResultError as refusal:
        message = str(refusal)
        assert message


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists), st.data())
def test_a_damaged_document_raises_nothing_else(new_map, junk, data):
    document = json.loads(to_json(new_map({1: [1.0, 2.0]})))
    at = data.draw(
        st.sampled_from(["nside-1", "columns", "metadata", "data", *document["nside-1"]["metadata"], *range(8)])
    )
    holder = document if at == "nside-1" else document["nside-1"]
    holder = holder["metadata"] if at in holder.get("metadata", {}) else holder
    holder = document["nside-1"]["data"][1] if isinstance(at, int) else holder
    holder[at] = junk
    try:
        assert from_document(document).n_pixels in {0, 2}, "a stage may be empty"
    except ResultError as refusal:
        message = str(refusal)
        assert len(message) < 300


# Files


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/b"])
def test_a_name_that_is_none_makes_no_file_name(new_map, name):
    with pytest.raises(ResultError, match="no name of an algorithm"):
        product_name(new_map({}).event, name, (8,), "json")


def test_writing_replaces_the_whole_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.npz"
    for data in (b"old" * 1000, b"new"):
        write_atomically(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_says_so_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.npz"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(ResultError, match=r"cannot write .*a\.npz: "):
        write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
    with pytest.raises(ResultError, match=r"cannot write .*: No such file"):
        write_atomically(tmp_path / "nowhere" / "a.npz", b"new")


def test_a_file_that_is_missing_is_named(tmp_path):
    for read in (read_json, read_npz):
        with pytest.raises(ResultError, match=r"cannot read .*nowhere"):
            read(tmp_path / "nowhere.json")


def test_every_column_is_written(new_map):
    assert to_document(new_map({1: [1.0]}))["nside-1"]["columns"] == list(NAMES)
