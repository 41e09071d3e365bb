"""What is fetched from a service leaves the same files as the scan on this machine, from its answer alone."""

from __future__ import annotations

import json

import pytest

from skydriver.errors import ResultError
from skydriver.services.fetched import write_fetched
from skydriver.skymap.read import read_map

RECOS = {"dummy": "1:0,4:12", "crash_dummy:1:error": "1:0"}
TRACK = ("--reco", "pandel_mpe", "--nsides", "8:0,64:12")


def fetched(folder):
    """What a service would answer with for the scan in a folder."""
    (map_file,) = folder.glob("*[0-9].json")
    parts = [map_file.with_suffix(f".{name}.json").read_bytes() for name in ("provenance", "summary")]
    provenance, answer = map(json.loads, parts)
    return json.loads(map_file.read_bytes()), {"provenance": provenance, "answer": answer}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(params=[*RECOS, "pandel_mpe"])
def left(request, skydriver, scan_once):
    """The folder that the scan of an algorithm leaves."""
    if (reco := request.param) not in RECOS:
        return scan_once("example", *TRACK)[1]
    skydriver.scan("--reco", reco, "--nsides", RECOS[reco], code=4 if reco.startswith("crash") else 0)
    return skydriver.folder / "out"


def test_every_file_is_the_same_to_the_last_byte(left, tmp_path):
    document, facts = fetched(left)
    files = write_fetched(document, facts, tmp_path / "new" / "fetched")
    assert contents(tmp_path / "new" / "fetched") == contents(left)
    assert {path.name for path in files} == set(contents(left))


def test_of_a_map_from_elsewhere_there_are_json_and_npz_alone(small_scan, tmp_path):
    document, _ = fetched(small_scan[1])
    files = write_fetched(document, {"provenance": None, "answer": None}, tmp_path)
    stem = "run00000001.evt000000000021.external_1_4"
    assert sorted(path.name for path in files) == [f"{stem}.json", f"{stem}.npz"]
    read = [read_map(path) for path in files]
    assert read[0] == read[1]
    assert read[0].provenance is None


def test_of_a_scan_that_goes_on_there_is_no_answer_and_its_files_are_named_partial(small_scan, tmp_path):
    document, facts = fetched(small_scan[1])
    files = write_fetched(document, {"provenance": facts["provenance"] | {"partial": True}, "answer": None}, tmp_path)
    stem = "run00000001.evt000000000021.dummy_1_4.partial"
    assert sorted(path.name for path in files) == [f"{stem}.json", f"{stem}.npz", f"{stem}.provenance.json"]
    read = read_map(tmp_path / f"{stem}.json")
    assert read == read_map(tmp_path / f"{stem}.npz")
    assert read.partial


@pytest.mark.parametrize(("part", "wrong"), [("answer", {}), ("provenance", {}), ("provenance", 3), ("answer", 3)])
def test_an_answer_that_is_none_is_told_and_nothing_is_written(small_scan, tmp_path, part, wrong):
    document, facts = fetched(small_scan[1])
    with pytest.raises(ResultError):
        write_fetched(document, facts | {part: wrong}, tmp_path / "out")
    assert list(tmp_path.glob("**/*.json")) == []
