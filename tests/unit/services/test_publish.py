"""The products of a result: of its files what is made in memory, whole or not at all, and no input is touched."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skydriver.errors import ResultError, SettingError
from skydriver.events.realtime import read_event
from skydriver.services.pictures import FORMATS, VIEWS
from skydriver.services.product_table import PRODUCTS, ProductOptions
from skydriver.services.publish import Request, draw, publish
from skydriver.services.publishing import Foreign
from skydriver.services.result import identity
from skydriver.services.topology import LABELS
from skydriver.skymap.columns import rows_from
from skydriver.skymap.json_format import to_json
from skydriver.skymap.npz_format import to_npz
from skydriver.skymap.skymap import SkyMap
from skydriver.testing.events import toy_event

OPTIONS = ProductOptions(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), width_in=4.0)
EVENT = read_event(toy_event())
QUOTED = [product.ending for product in PRODUCTS if product.needs in {"quote", "both"}]
OF_EVENT = ["event.png", "event.pdf"]
QUICK = ("json", "provenance.json", "npz", "multiorder.fits", "contours.txt", "reg", "notice.json", "circular.txt")
"""Those that take no time to make."""


@pytest.fixture(scope="module")
def of_event(by_hand):
    """What a scan of the toy event might have found."""
    made = by_hand.with_provenance(by_hand.gaussian_map(), event_hash=EVENT.content_hash)
    return by_hand.findings(skymap=dataclasses.replace(made, event=identity(EVENT)), stated={"energy": 2e5})


@pytest.fixture
def event_file(tmp_path):
    path = tmp_path / "event.json"
    path.write_bytes(toy_event())
    return str(path)


@pytest.fixture
def result(by_hand, tmp_path):
    """The files of a scan of a track, by their endings."""
    return by_hand.written(by_hand.findings(), tmp_path / "in")


def request(result, out=None, only=QUICK, **more: object):
    usual = {"options": OPTIONS, "foreign": Foreign()}
    return Request(result, out, only, **usual | more)


def contents(folder):
    """Of each file: its bytes, and what tells whether it was written anew."""
    return {
        path.name: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.iterdir()
        if path.is_file()
    }


def endings(answer, skymap):
    stem = f"run{skymap.event.run_id:08d}.evt{skymap.event.event_id:012d}.pandel_mpe_8_256."
    names = [path.rpartition("/")[2] for path in answer["products"]]
    assert all(name.startswith(stem) for name in names)
    return [name.removeprefix(stem) for name in names]


def saved(skymap, path):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(to_json(skymap) if path.suffix == ".json" else to_npz(skymap))
    return path


def test_of_files_the_same_is_published_as_of_the_scan_in_memory(by_hand, of_event, event_file, tmp_path):
    """Every product, byte for byte."""
    result = by_hand.written(of_event, tmp_path / "in")
    answer = publish(request(result["npz"], tmp_path / "out", None, event=event_file))
    assert answer["not_made"] == []
    assert endings(answer, of_event.skymap) == [product.ending for product in PRODUCTS]
    shown = by_hand.published(of_event)
    options = dataclasses.replace(OPTIONS, event=EVENT, summary=result["summary.json"].read_bytes())
    for product, path in zip(PRODUCTS, answer["products"], strict=True):
        assert (tmp_path / path).read_bytes() == product.make(shown, options), product.ending


@pytest.mark.parametrize("label", LABELS)
def test_what_is_not_made_is_told_with_its_reason(by_hand, tmp_path, label):
    """Only a through-going track is quoted; everything else is made of all."""
    found = by_hand.findings(label)
    answer = publish(request(by_hand.written(found, tmp_path)["npz"], tmp_path / "out", None))
    expected = OF_EVENT if label == "through-going" else [*QUOTED, *OF_EVENT]
    assert [item["product"] for item in answer["not_made"]] == expected
    assert all(item["reason"] for item in answer["not_made"])
    made = endings(answer, found.skymap)
    assert made == [product.ending for product in PRODUCTS if product.ending not in expected]
    assert sorted(map(str, (tmp_path / "out").iterdir())) == sorted(answer["products"])


def test_of_a_partial_map_there_are_files_and_pictures_and_no_quote(by_hand, tmp_path):
    partial = by_hand.with_provenance(by_hand.gaussian_map(), partial=True)
    result = by_hand.written(by_hand.findings(skymap=partial), tmp_path)
    answer = publish(request(result["npz"], tmp_path / "out", None))
    assert [item["product"] for item in answer["not_made"]] == [*QUOTED, *OF_EVENT]
    assert {item["reason"] for item in answer["not_made"][: len(QUOTED)]} == {
        "the scan was interrupted: the map is partial"
    }
    assert all(".partial." in path for path in answer["products"])
    assert len(answer["products"]) == len(PRODUCTS) - len(QUOTED) - len(OF_EVENT)


def test_a_map_from_elsewhere_has_no_provenance_and_no_notice(by_hand, tmp_path):
    """Even with levels; its contours may be drawn then."""
    skymap = dataclasses.replace(by_hand.gaussian_map(), provenance=None)
    path = saved(skymap, tmp_path / "theirs.json")
    answer = publish(request(path, tmp_path / "out", None, foreign=Foreign("millipede_original", "ic160427a")))
    ours = ["json", "provenance.json", "npz", "summary.json", "notice.json", "circular.txt"]
    assert [item["product"] for item in answer["not_made"]] == [*ours, *OF_EVENT]
    stem = "run00123456.evt000000000021.skydriver_of_millipede_original_8_256."
    assert all(stem in name for name in answer["products"])


def test_the_order_of_products_is_that_of_the_table_whatever_was_asked_for(result, by_hand, tmp_path):
    asked = ("npz", "json", "npz", "provenance.json", "json")
    answer = publish(request(result["npz"], tmp_path / "out", asked))
    assert endings(answer, by_hand.gaussian_map()) == ["json", "provenance.json", "npz"]
    assert len(list((tmp_path / "out").iterdir())) == 3


@pytest.mark.parametrize("only", [("",), ("json", ""), ("JSON",), (" json",), (".json",), ("png", "gif"), ("*",)])
def test_what_is_no_product_is_refused(result, tmp_path, only):
    with pytest.raises(SettingError, match=r"^only: there is no product "):
        publish(request(result["npz"], tmp_path / "out", only))
    assert not (tmp_path / "out").exists()


def test_a_product_asked_for_by_name_must_be_made(by_hand, tmp_path):
    """With the reason for each that cannot be."""
    result = by_hand.written(by_hand.findings("cascade"), tmp_path)
    with pytest.raises(ResultError) as refusal:
        publish(request(result["npz"], tmp_path / "out", ("event.png", "json", "reg")))
    assert str(refusal.value) == (
        "reg: it is a cascade: its direction is not known; "
        "event.png: the event itself is needed: give its file with --event"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nside": 3}, "nside"),
        ({"tense": "soon"}, "tense"),
        ({"width_in": 1.0}, "width"),
        ({"tense": "current"}, "tense"),
    ],
)
@pytest.mark.parametrize("out", ["in", "new/er"])
def test_all_is_made_before_anything_is_written(result, tmp_path, changes, named, out):
    """A product that fails leaves the folder as it was, and makes none."""
    before = contents(tmp_path / "in")
    options = dataclasses.replace(OPTIONS, **changes)
    with pytest.raises((SettingError, ResultError), match=named):
        publish(request(result["npz"], tmp_path / out, None, options=options))
    assert contents(tmp_path / "in") == before
    assert not (tmp_path / "new").exists()


def test_a_folder_in_a_product_s_place_stops_the_rest(result, by_hand, tmp_path):
    """Those before it are whole, of it and those after there is nothing."""
    stem = result["npz"].name.removesuffix("npz")
    (tmp_path / "out" / f"{stem}npz").mkdir(parents=True)
    with pytest.raises(ResultError, match=r"^cannot write .*npz: Is a directory"):
        publish(request(result["json"], tmp_path / "out"))
    left = {path.name.removeprefix(stem): path for path in (tmp_path / "out").iterdir()}
    assert set(left) == {"json", "provenance.json", "npz"}
    assert left["json"].read_bytes() == to_json(by_hand.gaussian_map())


@pytest.mark.parametrize("place", ["file", "file/below", "new/" + 300 * "n"])
def test_a_folder_that_cannot_be_made_is_an_error(result, tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match="folder"):
        publish(request(result["npz"], tmp_path / place))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "in"]


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from skydriver.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.argv = ["skydriver", *sys.argv[2:]]
main()
"""


@pytest.mark.parametrize(("limit", "n_left"), [(0, 0), (20_000, 2)])
def test_a_full_disk_leaves_whole_files_and_no_part(result, by_hand, tmp_path, limit, n_left):
    """Where files cannot grow beyond a limit, that of a disk which is full."""
    asked = "provenance.json,contours.txt,json"
    arguments = ["products", str(result["npz"]), "--out", str(tmp_path / "out"), "--only", asked]
    sizes = {ending: len(product_of(by_hand, ending)) for ending in asked.split(",")}
    assert sizes["provenance.json"] < 20_000 < sizes["json"], sizes
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(limit), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith("error: cannot write ")
    assert len(done.stderr.splitlines()) == 1
    left = list((tmp_path / "out").iterdir()) if (tmp_path / "out").exists() else []
    assert not [path.name for path in left if path.name.startswith(".")]
    for path in left:
        assert path.read_bytes() == product_of(by_hand, path.name.partition("_8_256.")[2])
    assert len(left) in {0, n_left}


def product_of(by_hand, ending):
    (product,) = (product for product in PRODUCTS if product.ending == ending)
    return product.make(by_hand.published(by_hand.findings()), OPTIONS)


@pytest.mark.parametrize("kind", ["npz", "json"])
def test_a_result_in_its_own_folder_stays_as_it_is(result, tmp_path, kind):
    """Also the provenance that was read with it, to the inode; it counts as made."""
    before = contents(tmp_path / "in")
    answer = publish(request(result[kind]))
    assert [path.rpartition("_8_256.")[2] for path in answer["products"]] == list(QUICK)
    after = contents(tmp_path / "in")
    for ending in (kind, "summary.json", "provenance.json"):
        assert after[result[ending].name] == before[result[ending].name], ending
    assert {name: data for name, (data, *_) in before.items()}.items() <= {
        name: data for name, (data, *_) in after.items()
    }.items()


@pytest.mark.parametrize("kind", ["npz", "json"])
def test_a_result_stays_as_it_is_through_links(result, tmp_path, kind):
    """Of its folder, of itself, and of the product that would take its place."""
    before = contents(tmp_path / "in")
    (tmp_path / "door").symlink_to(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / result[kind].name).symlink_to(result[kind])
    publish(request(tmp_path / "door" / result[kind].name, tmp_path / "in" / ".." / "door"))
    publish(request(result[kind], tmp_path / "out"))
    after = contents(tmp_path / "in")
    for ending in (kind, "summary.json", "provenance.json"):
        assert after[result[ending].name] == before[result[ending].name], ending
    assert (tmp_path / "out" / result[kind].name).is_symlink()


def test_a_result_under_another_name_is_published_under_its_own(result, by_hand, tmp_path):
    other = result["npz"].rename(tmp_path / "in" / "mine.npz")
    result["summary.json"].rename(tmp_path / "in" / "mine.summary.json")
    answer = publish(request(other))
    assert endings(answer, by_hand.gaussian_map()) == list(QUICK)
    assert other.read_bytes() == result["npz"].read_bytes()


def test_an_incomplete_map_from_elsewhere_is_drawn_and_not_quoted(by_hand, tmp_path):
    skymap = dataclasses.replace(by_hand.gaussian_map(), provenance=None, complete={8: True, 256: False})
    path = saved(skymap, tmp_path / "theirs.npz")
    foreign = Foreign("millipede_original", "ic160427a")
    answer = publish(request(path, tmp_path / "out", None, foreign=foreign))
    reasons = {item["product"]: item["reason"] for item in answer["not_made"]}
    assert {reasons[ending] for ending in QUOTED} == {"the scan was interrupted: the map is partial"}
    assert {"multiorder.fits", "fits.gz", "png"} <= {Path(name).name.split("_8_256.")[1] for name in answer["products"]}


def test_an_older_provenance_beside_json_stays(result, tmp_path):
    """One of a release that had fewer fields."""
    path = result["provenance.json"]
    path.write_text(
        json.dumps({name: value for name, value in json.loads(path.read_bytes()).items() if name != "region"})
    )
    before = path.read_bytes()
    answer = publish(request(result["json"], None, None))
    assert path.read_bytes() == before
    assert "provenance.json" in [item["product"] for item in answer["not_made"]]
    publish(request(result["json"], tmp_path / "out", ("provenance.json",)))
    assert b'"region"' in (tmp_path / "out" / path.name).read_bytes()


def test_the_event_and_the_catalogue_stay_too(by_hand, of_event, tmp_path):
    """Even under the names of products."""
    result = by_hand.written(of_event, tmp_path / "in")
    stem = str(tmp_path / "out" / result["npz"].name.removesuffix("npz"))
    (tmp_path / "out").mkdir()
    files = {f"{stem}json": toy_event(), f"{stem}contours.txt": b"name,ra,dec\nIt,1,2\n"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    answer = publish(
        request(result["npz"], tmp_path / "out", None, event=f"{stem}json", catalogue=tmp_path / f"{stem}contours.txt")
    )
    assert [item["product"] for item in answer["not_made"]] == ["json", "contours.txt"]
    for name, data in files.items():
        assert (tmp_path / name).read_bytes() == data


def test_no_picture_takes_the_place_of_a_file_it_is_made_of(result, tmp_path):
    """The content decides what a file is, not its name."""
    taken = result["npz"].rename(tmp_path / "map.png")
    (tmp_path / "link.png").symlink_to(taken)
    sources = tmp_path / "sources.png"
    sources.write_text("name,ra,dec\nIt,1,2\n")
    before = contents(tmp_path)
    for file in ("map.png", "link.png", "sources.png"):
        with pytest.raises(SettingError, match=r"^out: "):
            draw(request(taken, catalogue=sources), "zoom.png", tmp_path / file)
    assert contents(tmp_path) == before


def test_a_picture_lies_beside_its_result_or_where_it_is_asked_for(result, by_hand, tmp_path):
    stem = result["npz"].name.removesuffix("npz")
    beside = draw(request(result["npz"]), "zoom.png", None)
    assert beside == tmp_path / "in" / f"{stem}zoom.png"
    elsewhere = draw(request(result["npz"]), "zoom.png", tmp_path / "it.png")
    assert elsewhere == tmp_path / "it.png"
    assert elsewhere.read_bytes() == beside.read_bytes() == product_of(by_hand, "zoom.png")


def test_a_picture_that_cannot_be_made_leaves_nothing(result, tmp_path):
    with pytest.raises(ResultError, match="--event"):
        draw(request(result["npz"]), "event.png", tmp_path / "it.png")
    with pytest.raises(ResultError, match="cannot write"):
        draw(request(result["npz"]), "zoom.png", tmp_path / "no" / "it.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_every_view_is_a_product_in_every_format():
    made = {product.ending for product in PRODUCTS}
    assert {f"{view.ending}{kind}" for view in VIEWS for kind in FORMATS} <= made
    assert [product.ending for product in PRODUCTS if product.needs == "event"] == OF_EVENT


@pytest.mark.parametrize(
    ("ids", "event_hash", "said"),
    [
        ({"run_id": 123457}, EVENT.content_hash, "is not that of the map"),
        ({"event_id": 43}, EVENT.content_hash, "is not that of the map"),
        ({}, "0" * 64, "content"),
    ],
)
def test_another_event_is_refused(of_event, tmp_path, ids, event_hash, said):
    """By its ids, or by its content where these are the same."""
    (tmp_path / "event.json").write_bytes(toy_event())
    made = dataclasses.replace(of_event.skymap.provenance, event_hash=event_hash)
    event = dataclasses.replace(of_event.skymap.event, **ids)
    path = saved(dataclasses.replace(of_event.skymap, event=event, provenance=made), tmp_path / "map.npz")
    with pytest.raises(SettingError, match=rf"^event: .*{said}"):
        publish(request(path, tmp_path / "out", ("json",), event=str(tmp_path / "event.json")))
    assert not (tmp_path / "out").exists()


def test_what_an_option_says_reaches_its_product(result, tmp_path):
    """Each changes its own products and no other."""
    named = {
        "fits.gz": {"nside": 64},
        "notice.json": {"now": dt.datetime(2027, 1, 1, tzinfo=dt.UTC)},
        "circular.txt": {"event_name": "IceCube-231202A"},
        "zoom.png": {"width_in": 5.0},
        "all-sky.png": {"first_looks": False},
    }
    only = tuple(named)
    publish(request(result["npz"], tmp_path / "usual", only))
    usual = {name: data for name, (data, *_) in contents(tmp_path / "usual").items()}
    for ending, changes in named.items():
        options = dataclasses.replace(OPTIONS, **changes)
        publish(request(result["npz"], tmp_path / ending, only, options=options))
        changed = {
            name.partition("_8_256.")[2]
            for name, (data, *_) in contents(tmp_path / ending).items()
            if data != usual[name]
        }
        both = {"circular.txt": {"notice.json"}, "zoom.png": {"all-sky.png"}, "all-sky.png": {"zoom.png"}}
        assert changed == {ending} | both.get(ending, set())


def test_nested_is_another_order_of_the_same_sky(result, tmp_path):
    import gzip
    import io

    import hpgeom
    from astropy.io import fits

    skies = []
    for nested in (False, True):
        options = dataclasses.replace(OPTIONS, nested=nested, nside=64)
        answer = publish(request(result["npz"], tmp_path / str(nested), ("fits.gz",), options=options))
        (path,) = map(Path, answer["products"])
        table = fits.open(io.BytesIO(gzip.decompress(path.read_bytes())))[1]
        assert table.header["ORDERING"] == ("NESTED" if nested else "RING")
        skies.append(np.ravel(table.data["PROBABILITY"]))
    np.testing.assert_array_equal(skies[1], skies[0][hpgeom.nest_to_ring(64, np.arange(12 * 64**2))])


def test_what_is_told_of_a_result(result, tmp_path):
    answer = publish(request(result["npz"], tmp_path / "out", ("json",)))
    assert set(answer) == {"run_id", "event_id", "statement", "products", "not_made"}
    assert (answer["run_id"], answer["event_id"], answer["not_made"]) == (123456, 21, [])
    assert "Made by SkyDriver pandel_mpe 3" in answer["statement"]


def test_a_scan_of_an_event_with_more_first_looks_than_one_can_show_is_written(by_hand, tmp_path):
    """An event may come with a direction in each of its objects."""
    looks = [by_hand.look_at(f"Look{number}") for number in range(3000)]
    result = by_hand.written(by_hand.findings(looks=looks), tmp_path)
    assert len(publish(request(result["npz"], tmp_path / "out"))["products"]) == len(QUICK)


UNFIT = {
    "one pixel": {8: {5: 1.0}},
    "no value": {8: dict.fromkeys(range(768), np.nan)},
    "no coarse stage": {256: {5: 1.0, 6: 2.0}},
}


@pytest.mark.parametrize("stages", UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("out", [None, "new"])
def test_of_a_map_that_is_hardly_one_nothing_is_written(by_hand, tmp_path, stages, out):
    rows = {nside: rows_from([(i, llh, *[0.0] * 6) for i, llh in row.items()]) for nside, row in stages.items()}
    event = by_hand.gaussian_map().event
    path = saved(SkyMap(rows, dict.fromkeys(rows, True), event, None), tmp_path / "map.npz")
    with pytest.raises(ResultError):
        publish(request(path, None if out is None else tmp_path / out, None))
    assert list(tmp_path.iterdir()) == [path]
