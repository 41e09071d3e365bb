"""``skydriver compare``: the exit code says whether two maps agree, the last line why not."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from skydriver.cli.compare import DIFFER
from skydriver.cli.exits import EXIT_CODES
from skydriver.skymap.columns import DTYPES


@pytest.fixture
def skydriver(here):
    return here


@pytest.fixture(scope="module")
def maps(small_scan, tmp_path_factory):
    """Files that agree with the small scan's or not, by what they are."""
    _, folder = small_scan
    (whole,) = (path for path in folder.glob("*.json") if len(path.suffixes) == 3)
    (npz,) = folder.glob("*.npz")
    made = tmp_path_factory.mktemp("maps")
    document = json.loads(whole.read_bytes())
    found = {"json": whole, "npz": npz}
    for name, change in (("near", 1e-7), ("far", 0.5)):
        document["nside-1"]["data"][3][1] += change
        found[name] = made / f"{name}.json"
        found[name].write_text(json.dumps(document))
    for name, data in (("empty", b""), ("FITS", b"SIMPLE  ="), ("text", b"hello"), ("cut", npz.read_bytes()[:-99])):
        found[name] = made / name
        found[name].write_bytes(data)
    return found | {"folder": made, "nowhere": made / "nowhere"}


def test_a_map_agrees_with_itself_in_the_other_form(skydriver, maps):
    done = skydriver("compare", maps["json"], maps["npz"])
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "AGREE      within 1e-06"
    assert [line.split()[0] for line in lines if line.startswith("nside")] == ["nside-1", "nside-4"]
    assert list(skydriver.folder.iterdir()) == []


def test_maps_that_differ_say_so_and_why(skydriver, maps):
    done = skydriver("compare", maps["npz"], maps["far"])
    assert (done.returncode, done.stderr) == (5, "")
    assert done.stdout.splitlines()[-1].startswith("DIFFER     nside-1: llh differs by up to 0.5")


def test_the_code_for_a_difference_is_documented():
    assert EXIT_CODES[DIFFER] == "the maps that were compared do not agree"


def test_the_tolerance_decides(skydriver, maps):
    pair = ("compare", maps["json"], maps["near"])
    assert [skydriver(*pair, *given).returncode for given in ((), ("--tolerance", "1e-8"))] == [0, 5]


def test_json_is_one_object(skydriver, maps):
    same, other = (skydriver.json("compare", maps["json"], maps[n], code=code) for n, code in (("npz", 0), ("far", 5)))
    assert (same["agree"], same["reasons"], same["overlap90"], same["offset_deg"]) == (True, [], 1.0, 0.0)
    assert (other["agree"], len(other["reasons"])) == (False, 1)
    assert other["stages"][0]["llh_largest"] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("name", ["empty", "FITS", "text", "cut", "folder", "nowhere"])
@pytest.mark.parametrize("first", [True, False])
def test_what_is_no_map_is_named(skydriver, maps, name, first):
    pair = (maps[name], maps["json"]) if first else (maps["json"], maps[name])
    done = skydriver("compare", *pair)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert done.stderr.startswith("error: ")
    assert str(maps[name]) in done.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [(("--tolerance", "-1"), "tolerance: -1.0 is not a number"), (("--flipped-a",), "flipped_declination: ")],
)
def test_options_that_do_not_fit_are_refused(skydriver, maps, options, reason):
    done = skydriver("compare", maps["npz"], maps["npz"], *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {reason}")


def test_an_old_public_map_is_turned_round(skydriver):
    """Version 0, of no event, at nside 1: the minimum is in the north or, flipped, in the south."""
    for name, pixel in (("a.npz", 0), ("b.npz", 8)):
        rows = np.array([(i, float(i != pixel), 1.0, 2.0) for i in (pixel, 4, 5)], DTYPES[0])
        np.savez(skydriver.folder / name, **{"nside-1": rows})
    assert skydriver("compare", "a.npz", "b.npz").returncode == 5
    for option in ("--flipped-a", "--flipped-b"):
        assert skydriver("compare", "a.npz", "b.npz", option).returncode == 0


def test_maps_without_a_value_are_compared(skydriver):
    """There is no best fit to tell of, and nothing differs."""
    rows = np.array([(i, math.nan, 1.0, 2.0) for i in range(12)], DTYPES[0])
    np.savez(skydriver.folder / "a.npz", **{"nside-1": rows})
    done = skydriver("compare", "a.npz", "a.npz")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no best fit" in done.stdout
    answer = skydriver.json("compare", "a.npz", "a.npz")
    assert (answer["maps"][0]["best_fit"], answer["overlap90"], answer["stages"][0]["llh_largest"]) == (None,) * 3
