"""Maps of every version that skyreader knows are read, from JSON and npz, and what is no map is refused by name."""

import io
import json
import math

import hpgeom
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skydriver.errors import ResultError, SettingError
from skydriver.scan.pixels import children
from skydriver.skymap.columns import COLUMNS, DTYPES, NAMES, VERSION
from skydriver.skymap.json_format import NAN, from_json, to_document, to_json, write_json
from skydriver.skymap.npz_format import from_npz, to_npz, write_npz
from skydriver.skymap.read import mirrored, read_map
from skydriver.skymap.skymap import SkyMap

EVENT = {"run_id": 138632, "event_id": 31747601, "event_type": "neutrino", "mjd": 60280.714}
NOTHING = {"run_id": 0, "event_id": 0, "event_type": "", "is_real_event": False}
LATER = {"complete": st.booleans(), "is_real_event": st.booleans()}
VALUES = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0])
ANY_VERSION = st.sampled_from(sorted(DTYPES))
ANY_EVENT = st.sampled_from([EVENT, {}])
ORACLE = [HealthCheck.function_scoped_fixture]


@st.composite
def rows_of(draw, nside, version):
    """Rows of one stage in any order, any value but the pixel's number NaN or infinite."""
    index = draw(st.lists(st.integers(0, 12 * nside**2 - 1), min_size=1, max_size=8, unique=True))
    return [[pixel, *draw(st.tuples(*[VALUES] * (len(DTYPES[version]) - 1)))] for pixel in index]


@st.composite
def documents(draw, versions=ANY_VERSION, events=ANY_EVENT):
    """A map as skyreader writes it, each stage of its version, with or without fields that came later."""
    event, document = draw(events), {}
    for nside in draw(st.lists(st.sampled_from([1, 2, 8, 64]), min_size=1, max_size=3, unique=True)):
        version = draw(versions)
        metadata = {"nside": nside, **event}
        if version or draw(st.booleans()):
            metadata["version"] = version
        data = draw(rows_of(nside, version))
        columns = list(DTYPES[version].names)
        document[f"nside-{nside}"] = {"columns": columns, "metadata": metadata, "data": data}
    later = draw(st.fixed_dictionaries({}, optional=LATER)) if event else {}
    for stage in document.values():
        stage["metadata"] |= later
    return document


def stages_of(document):
    """Version and data of each stage."""
    return {int(key.split("-")[1]): (s["metadata"].get("version", 0), s["data"]) for key, s in document.items()}


def as_text(document, sentinel):
    """JSON with NaN as skyreader's text or bare; infinities are bare in both."""
    text = json.dumps(document)
    return text.replace("NaN", f'"{NAN}"') if sentinel else text


def as_npz(document, *, headed=True):
    """The npz file that skyreader would write."""
    arrays = {
        f"nside-{nside}": np.array([tuple(row) for row in data], DTYPES[version])
        for nside, (version, data) in stages_of(document).items()
    }
    if headed:
        (first, *_) = metadata = [stage["metadata"] for stage in document.values()]
        kinds = {bool: "?", int: "i8", float: "f8", str: "U9"}
        names = [name for name in first if all(name in fields for fields in metadata)]
        records = [tuple(fields[name] for name in names) for fields in metadata]
        arrays["header"] = np.array(records, [(name, kinds[type(first[name])]) for name in names])
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def expected_rows(version, data):
    """Sorted, finite or NaN, and NaN in what the version lacks."""
    lacking = [math.nan] * (len(NAMES) - len(DTYPES[version]))
    return [[value if math.isfinite(value) else math.nan for value in row] + lacking for row in sorted(data)]


def assert_holds(skymap, document):
    """Whether a map holds the rows of a document and nothing else."""
    stages = stages_of(document)
    assert list(skymap.stages) == sorted(stages)
    for nside, (version, data) in stages.items():
        rows = [list(row) for row in skymap.stages[nside].tolist()]
        np.testing.assert_array_equal(rows, expected_rows(version, data))


@pytest.fixture(scope="session")
def read_bytes(tmp_path_factory):
    """A function that writes bytes to a file of a name that tells nothing, and reads the map in it."""
    path = tmp_path_factory.mktemp("maps") / "map"

    def read(data, **options: bool):
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return read_map(path, **options)

    return read


def test_version_0_has_the_columns_without_a_vertex_and_version_1_all():
    assert DTYPES[0].names == ("index", "llh", "E_in", "E_tot")
    assert DTYPES[VERSION].names == NAMES == tuple(column.name for column in COLUMNS)


def test_versions_are_skyreaders(skyreader):
    assert skyreader.SkyScanResult.PIXEL_TYPES == DTYPES


@given(document=documents(), sentinel=st.booleans())
def test_json_of_any_version_is_read(read_bytes, document, sentinel):
    assert_holds(read_bytes(as_text(document, sentinel)), document)


@given(document=documents(versions=st.just(1)) | documents(versions=st.just(0)))
def test_npz_of_any_version_is_read(read_bytes, document):
    assert_holds(read_bytes(as_npz(document)), document)


@given(document=documents())
def test_npz_without_a_header_is_read_and_is_of_no_event(read_bytes, document):
    skymap = read_bytes(as_npz(document, headed=False))
    assert_holds(skymap, document)
    assert {name: getattr(skymap.event, name) for name in NOTHING} == NOTHING
    assert math.isnan(skymap.event.mjd)


@given(document=documents())
def test_what_is_said_of_the_event_is_read_and_what_is_not_is_unknown(read_bytes, document):
    skymap = read_bytes(as_text(document, sentinel=True))
    metadata = next(iter(document.values()))["metadata"]
    said = NOTHING | {"mjd": math.nan} | {name: metadata[name] for name in metadata.keys() & {*NOTHING, "mjd"}}
    assert {name: repr(getattr(skymap.event, name)) for name in said} == {n: repr(v) for n, v in said.items()}


@given(document=documents())
def test_what_was_read_is_written_and_read_again(document):
    skymap = from_json(as_text(document, sentinel=True))
    assert from_json(to_json(skymap)) == skymap
    assert from_npz(to_npz(skymap)) == skymap


# skyreader as the oracle, in both directions


def is_skyreaders(document):
    """Whether skyreader can write a map: all its stages say the same of themselves, and their versions are one."""
    return len({(tuple(stage["metadata"]), len(stage["columns"])) for stage in document.values()}) == 1


@pytest.mark.filterwarnings("ignore:DataFrame.applymap has been deprecated:FutureWarning")  # skyreader calls it
@pytest.mark.filterwarnings("ignore:metadata on a dtype is not saved:UserWarning")  # and gives np.savez such dtypes
@settings(suppress_health_check=ORACLE, max_examples=30, deadline=None)
@given(document=documents(events=st.just(EVENT)).filter(is_skyreaders))
def test_what_skyreader_writes_is_what_it_holds(skyreader, tmp_path, document):
    theirs = skyreader.SkyScanResult.deserialize(json.loads(as_text(document, sentinel=True)))
    for write in (theirs.to_json, theirs.to_npz):
        path = write(theirs.get_event_metadata(), tmp_path)
        ours = read_map(path)
        assert_holds(ours, document)
        assert list(ours.stages) == theirs.nsides
        for nside in theirs.nsides:
            rows = theirs.get_results_per_nside(nside)
            for name in rows.dtype.names:
                kept = np.where(np.isinf(rows[name]), np.nan, rows[name])
                np.testing.assert_array_equal(ours.stages[nside][name], kept)
        about = theirs.get_event_metadata()
        assert [getattr(ours.event, n) for n in EVENT] == [getattr(about, n) for n in EVENT]
        assert ours.event.is_real_event == about.is_real_event


@settings(suppress_health_check=ORACLE, max_examples=30, deadline=None)
@given(document=documents())
def test_skyreader_reads_what_we_make_of_old_maps(skyreader, tmp_path, document):
    ours = from_json(as_text(document, sentinel=False))
    readings = (
        skyreader.SkyScanResult.read_json(write_json(ours, tmp_path / "map.json")[0]),
        skyreader.SkyScanResult.read_npz(write_npz(ours, tmp_path / "map.npz")),
    )
    for theirs in readings:
        assert theirs.get_event_metadata().version == VERSION
        for nside in ours.stages:
            assert theirs.get_results_per_nside(nside).tobytes() == ours.stages[nside].tobytes()


def test_skyreader_reads_a_map_without_a_header_too(skyreader, tmp_path):
    """So such files are maps; it takes the event for run 0, event 0."""
    document = {"nside-1": {"metadata": {}, "data": [[3, 1.0, 2.0, 3.0], [4, 0.5, 2.0, math.nan]]}}
    path = tmp_path / "map.npz"
    path.write_bytes(as_npz(document, headed=False))
    theirs, ours = skyreader.SkyScanResult.read_npz(path), read_map(path)
    assert theirs.get_results_per_nside(1)["llh"].tolist() == ours.stages[1]["llh"].tolist()
    about = theirs.get_event_metadata()
    assert (about.run_id, about.event_id, about.event_type) == (ours.event.run_id, ours.event.event_id, "")


# Stages that are complete or not


def staged(fine, **said: bool):
    """A map of the whole sky at nside 1 and some pixels of nside 4."""
    rows = {1: range(12), 4: fine}
    return {
        f"nside-{nside}": {
            "columns": list(DTYPES[0].names),
            "metadata": {"nside": nside, **EVENT, **said},
            "data": [[int(i), 1.0, 2.0, 3.0] for i in pixel],
        }
        for nside, pixel in rows.items()
    }


WHOLE = children(1, [2, 7], 4).ravel()


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("fine", [WHOLE, WHOLE[:-1]])
def test_what_is_said_of_a_stage_counts(fine, said):
    assert dict(from_json(json.dumps(staged(fine, complete=said))).complete) == {1: said, 4: said}


@pytest.mark.parametrize("given", [{}, {"complete": None}])
def test_a_stage_of_which_nothing_is_said_is_complete_if_it_refines_whole_pixels(given):
    assert dict(from_json(json.dumps(staged(WHOLE, **given))).complete) == {1: True, 4: True}
    assert dict(from_json(json.dumps(staged(WHOLE[:-1], **given))).complete) == {1: True, 4: False}


def test_it_is_pixels_of_the_stage_before_that_are_refined():
    """Not those of the coarsest one."""
    middle = children(1, [2], 2).ravel()
    document = staged(children(2, middle[:1], 4).ravel())
    columns, metadata = document["nside-4"]["columns"], document["nside-4"]["metadata"] | {"nside": 2}
    data = [[int(pixel), 1.0, 2.0, 3.0] for pixel in middle]
    document["nside-2"] = {"columns": columns, "metadata": metadata, "data": data}
    assert dict(from_json(json.dumps(document)).complete) == {1: True, 2: True, 4: True}


@pytest.mark.parametrize("written", [as_npz, lambda document: as_text(document, sentinel=True)])
def test_a_coarsest_stage_of_which_nothing_is_said_is_complete(read_bytes, written):
    """Whether it covers the sky is checked where that matters."""
    document = {"nside-4": staged(WHOLE[:5])["nside-4"]}
    assert dict(read_bytes(written(document)).complete) == {4: True}


# Declination upside down


@pytest.mark.parametrize("nside", [1, 2, 8, 64, 2**29])
def test_the_mirrored_pixel_has_the_same_right_ascension_and_minus_the_declination(nside):
    rng = np.random.default_rng(nside)
    pixel = np.unique(np.concatenate([rng.integers(0, 12 * nside**2, 500), [0, 12 * nside**2 - 1]]))
    rows = np.zeros(len(pixel), DTYPES[1])
    rows["index"], rows["llh"] = pixel, pixel
    image = mirrored(SkyMap({nside: rows}, {nside: True}, from_json(json.dumps(staged(WHOLE))).event, None))
    moved = image.stages[nside]
    order = np.argsort(moved["llh"])
    there = hpgeom.pixel_to_angle(nside, moved["index"][order], nest=False)
    ra, dec = hpgeom.pixel_to_angle(nside, pixel, nest=False)
    np.testing.assert_allclose(there, [ra, -dec], rtol=0, atol=1e-9)


@given(document=documents())
def test_twice_flipped_is_the_map_itself(read_bytes, document):
    text = as_text(document, sentinel=True)
    flipped = read_bytes(text, flipped_declination=True)
    assert mirrored(flipped) == read_bytes(text)
    best, there = read_bytes(text).best_fit(), flipped.best_fit()
    assert (best is None) == (there is None)
    assert best is None or best.llh == there.llh


def test_a_map_of_ours_is_never_flipped(new_map, tmp_path):
    ours = new_map({1: [1.0, 2.0]})
    for path in (write_npz(ours, tmp_path / "a"), write_json(ours, tmp_path / "b.json")[0]):
        with pytest.raises(SettingError, match="was made by SkyDriver") as refusal:
            read_map(path, flipped_declination=True)
        assert refusal.value.argument == "flipped_declination"
        assert str(path) in str(refusal.value)


MILLIPEDE_ORIGINAL = (
    *(5574.801852169173, 5435.199142720908, 6428.430521595646, 6323.864968742514, 6422.706802693574),
    *(5494.6813953341725, 5195.687800627248, 6448.069538685191, 6202.150388195908, 5330.509719345306),
    *(5606.350692059899, 6213.661193312017),
)
MILLIPEDE_WILKS = (
    *(2271.085312987903, 2093.7184245623907, 966.7617414528647, 2397.086870895601, 1756.6958389802473),
    *(2225.762812342252, 1958.854916836936, 2409.2598463589757, 1948.5947287205477, 2499.9787858508854),
    *(2469.7102962523472, 1880.6919368172792),
)
OFFICIAL = {
    "IC231202A": (138632, 31747601, 60280.71416774572, MILLIPEDE_ORIGINAL, (138.65, 0.15)),
    "IC220624A": (136766, 7637140, 59754.67588432013, MILLIPEDE_WILKS, (224.12, 41.31)),
}
"""Coarse maps published in icecube/skymap_scanner, tests/data/results_json, and the directions that were published."""


def official(name):
    """skyreader's document of an official map, and the published direction."""
    run_id, event_id, mjd, llhs, direction = OFFICIAL[name]
    metadata = {"nside": 1, "complete": True, "run_id": run_id, "event_id": event_id, "event_type": "neutrino"}
    metadata |= {"mjd": mjd, "is_real_event": True, "version": 1}
    data = [[pixel, llh, *[NAN] * 6] for pixel, llh in enumerate(llhs)]
    return {"nside-1": {"columns": list(NAMES), "metadata": metadata, "data": data}}, direction


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_minimum_of_an_official_map_is_at_the_published_direction(skyreader, read_bytes, name):
    document, (ra, dec) = official(name)
    best = read_bytes(json.dumps(document)).best_fit()
    assert best.pixel == hpgeom.angle_to_pixel(1, ra, dec, nest=False)
    assert best.pixel == skyreader.SkyScanResult.deserialize(document).best_fit["index"]


def test_with_its_declination_flipped_it_would_not_be(read_bytes):
    document, (ra, dec) = official("IC220624A")
    best = read_bytes(json.dumps(document), flipped_declination=True).best_fit()
    assert best.pixel == hpgeom.angle_to_pixel(1, ra, -dec, nest=False)
    assert best.pixel != hpgeom.angle_to_pixel(1, ra, dec, nest=False)


# What decides, and what is no map


def test_the_content_decides_and_not_the_name(new_map, tmp_path):
    ours = new_map({1: [1.0, math.nan], 8: [0.5]}, provenance=None)
    for name, data in (
        ("a.json", to_npz(ours)),
        ("b.npz", to_json(ours)),
        ("c.fits", b"\xef\xbb\xbf\n " + to_json(ours)),
    ):
        (tmp_path / name).write_bytes(data)
        assert read_map(tmp_path / name) == ours


def test_a_map_in_json_has_the_provenance_beside_it(new_map, tmp_path):
    ours = new_map({1: [1.0]})
    path, beside = write_json(ours, tmp_path / "map.json")
    assert read_map(path) == ours
    beside.unlink()
    assert read_map(path).provenance is None
    beside.write_text("{")
    with pytest.raises(ResultError, match=r"map\.json: provenance: not JSON"):
        read_map(path)


def pickled():
    file = io.BytesIO()
    np.savez(file, **{"nside-1": np.array([{}], dtype=object)})
    return file.getvalue()


def other_columns():
    file = io.BytesIO()
    np.savez(file, **{"nside-1": np.zeros(12)})
    return file.getvalue()


def changed(**metadata: object):
    """A map of version 1 whose metadata say something else."""
    document, _ = official("IC231202A")
    document["nside-1"]["metadata"] |= metadata
    return json.dumps(document).encode()


GOOD = staged(WHOLE)
NO_MAPS = {
    "empty": (b"", "neither a map in JSON nor in npz, but empty"),
    "FITS": (b"SIMPLE  =                    T", "neither a map in JSON nor in npz, but FITS"),
    "picture": (b"\x89PNG\r\n\x1a\n", "neither a map in JSON nor in npz, but something else"),
    "list": (b"[]", "neither a map in JSON nor in npz"),
    "pickle": (b"\x80\x04}.", "neither a map in JSON nor in npz"),
    "pickled arrays": (pickled(), "npz: not readable (Object arrays cannot be loaded"),
    "truncated JSON": (as_text(GOOD, sentinel=True).encode()[:-9], "a map that is not JSON"),
    "truncated npz": (as_npz(GOOD)[:-9], "npz: not readable"),
    "npz without arrays": (b"PK\x05\x06" + bytes(18), "the map has no stage"),
    "other arrays": (
        other_columns(),
        "nside-1: the columns are None, of float64, not ('index', ",
    ),
    "JSON without stages": (b"{}", "the map has no stage"),
    "other JSON": (b'{"run_id": 1}', "'run_id' is not the name of a stage"),
    "version to come": (changed(version=2), "nside-1: version 2 of the columns is unknown; 0 and 1 are known"),
    "version of other columns": (changed(version=0), "not ['index', 'llh', 'E_in', 'E_tot'] of version 0"),
    "a part of an event": (changed(event_id=None), "nside-1: event_id is missing in the metadata"),
    "other nside": (changed(nside=2), "nside-1: the metadata says nside 2"),
    "impossible event": (changed(run_id=7), "run_id 7 of a real event"),
}


@pytest.mark.parametrize("name", NO_MAPS)
def test_what_is_no_map_is_refused_by_the_name_of_its_file(tmp_path, name):
    data, reason = NO_MAPS[name]
    path = tmp_path / "some map.json"
    path.write_bytes(data)
    with pytest.raises(ResultError) as refusal:
        read_map(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert reason in str(refusal.value)


def test_folders_and_missing_files_are_named(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.npz"):
        with pytest.raises(ResultError, match=f"cannot read {path}: "):
            read_map(path)


@settings(max_examples=150)
@given(data=st.binary(max_size=60), start=st.sampled_from([b"", b"PK\x03\x04", b"{", b'{"nside-1": ']))
def test_no_bytes_lead_to_any_other_error(read_bytes, data, start):
    with pytest.raises(ResultError):
        read_bytes(start + data)


@settings(max_examples=150)
@given(
    document=documents(versions=st.just(1)),
    junk=st.binary(min_size=1, max_size=4),
    at=st.floats(0, 1),
    npz=st.booleans(),
)
def test_a_damaged_map_is_read_or_refused(read_bytes, document, junk, at, npz):
    whole = as_npz(document) if npz else as_text(document, sentinel=True).encode()
    where = int(at * len(whole))
    try:
        skymap = read_bytes(whole[:where] + junk + whole[where + len(junk) :])
    except ResultError as refusal:
        assert len(str(refusal)) < 500  # noqa: PT017 - either is right
    else:
        assert skymap.n_pixels >= 0


def test_the_document_of_a_map_is_of_the_last_version(new_map):
    stage = to_document(new_map({1: [1.0]}))["nside-1"]
    assert (stage["metadata"]["version"], stage["columns"]) == (VERSION, list(NAMES))
