"""Which files a map becomes, and that nothing is left half written."""

import dataclasses
import json

import numpy as np
import pytest

from skydriver.detector.geometry import dom_positions
from skydriver.errors import ResultError
from skydriver.events.cleaning import clean
from skydriver.events.realtime import read_event
from skydriver.scan.fits import Finished
from skydriver.services.answer import answer
from skydriver.services.first_looks import first_looks
from skydriver.services.headline import NOTHING
from skydriver.services.local_scan import LocalScan
from skydriver.services.preparation import ScanRequest
from skydriver.services.products import folder_to_fill, write_products
from skydriver.services.result import sky_map
from skydriver.services.verdict import Findings, quote_of, verdict
from skydriver.skymap.json_format import read_json
from skydriver.testing.events import toy_event

EVENT = read_event(toy_event())
CLEANED = clean(EVENT.pulses, dom_positions())


def a_map(n=12, llh=1.0):
    """The map of a scan of twelve pixels, n of them finished."""
    scan = LocalScan(ScanRequest("dummy", "1:0"), CLEANED.pulses, EVENT.header.mjd)
    for wanted in scan.ledger.plan().certain[:n]:
        scan.ledger.add(Finished(wanted, llh + wanted.pixel, *[0.0] * 6, cpu_seconds=0.0, error=None))
    return sky_map(scan, EVENT, CLEANED)


def written_of(skymap, folder, looks=()):
    """The products of a map of no topology."""
    found = Findings(skymap, looks, None, None, NOTHING, None)
    return write_products(skymap, answer(found, verdict(found)), quote_of(found), folder)


def test_a_whole_map(tmp_path):
    written = written_of(a_map(), tmp_path / "new" / "out", first_looks(EVENT))
    stem = "run00123456.evt000000000042.dummy_1"
    ends = (".json", ".provenance.json", ".npz", ".summary.json", ".png")
    assert [path.name for path in written] == [f"{stem}{end}" for end in ends]
    assert sorted(written) == sorted((tmp_path / "new" / "out").iterdir())


def test_the_summary_is_the_answer(tmp_path):
    found = Findings(a_map(), first_looks(EVENT), None, None, NOTHING, None)
    content = answer(found, verdict(found))
    written = write_products(found.skymap, content, None, tmp_path)
    (path,) = (path for path in written if path.name.endswith(".summary.json"))
    assert json.loads(path.read_bytes()) == content


def test_a_partial_map_says_so(tmp_path):
    written = written_of(a_map(5), tmp_path)
    assert all(path.name.startswith("run00123456.evt000000000042.dummy_1.partial.") for path in written)
    kept = read_json(written[0])
    assert kept.partial
    assert kept.provenance is not None
    assert kept.provenance.partial
    assert kept.n_pixels == 5


def test_without_a_best_fit_there_is_no_picture(tmp_path):
    written = written_of(a_map(llh=np.nan), tmp_path)
    assert len(written) == 4
    assert not any(path.suffix == ".png" for path in written)


def test_a_map_of_unknown_provenance_is_refused(tmp_path):
    with pytest.raises(ResultError, match="unknown provenance"):
        written_of(dataclasses.replace(a_map(), provenance=None), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["json", "provenance.json", "npz", "summary.json", "png"])
def test_a_product_that_cannot_be_written_leaves_no_part(tmp_path, suffix):
    taken = tmp_path / f"run00123456.evt000000000042.dummy_1.{suffix}"
    taken.mkdir()
    with pytest.raises(ResultError, match=f"cannot write .*{suffix}: Is a directory"):
        written_of(a_map(), tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]


def test_a_folder_that_stays_empty_goes_away(tmp_path):
    with folder_to_fill(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with folder_to_fill(tmp_path):
        pass
    assert tmp_path.is_dir()


def test_a_folder_that_was_filled_stays(tmp_path):
    with folder_to_fill(tmp_path / "a" / "b"):
        (tmp_path / "a" / "mine").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["file", "file/below", "new/" + 300 * "n"])
def test_a_folder_that_cannot_be_is_an_error(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match="cannot make the folder"), folder_to_fill(tmp_path / name):
        pytest.fail("there is no such folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
