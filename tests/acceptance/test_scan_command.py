"""``skydriver scan``: its answer, its files and its exit codes, with algorithms that need no time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skydriver.skymap.json_format import read_json
from skydriver.skymap.npz_format import read_npz

STEM = "run00000001.evt000000000021.dummy_1_4"
ENDS = (".json", ".npz", ".png", ".provenance.json", ".summary.json")
COST = {"n_fits", "fit_cpu_seconds", "cpu_seconds", "wall_seconds", "products"}
KEYS = {
    "run_id", "event_id", "mjd", "is_real_event", "algorithm", "statement", "region", "partial", "interrupted",
    "not_reproducible", "best_fit", "offsets", "n_pixels", "n_failed", "first_looks", "event_stated", "topology",
    "headline", "posterior", "wilks", "systematics", "verdict",
    "n_fits", "fit_cpu_seconds", "cpu_seconds", "wall_seconds", "products",
}  # fmt: skip


def test_answer_and_products(small_scan):
    answer, folder = small_scan
    assert set(answer) == KEYS
    assert set(answer["best_fit"]) == {"ra_deg", "dec_deg", "llh", "nside", "pixel"}
    assert (answer["partial"], answer["not_reproducible"], answer["n_failed"]) == (False, [], 0)
    assert answer["n_pixels"] == answer["n_fits"] == 12 + 12 * 16
    assert 0 < answer["fit_cpu_seconds"] < answer["cpu_seconds"]
    assert 0 < answer["wall_seconds"] < 60
    names = [f"{STEM}{end}" for end in ENDS]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert sorted(answer["products"]) == [f"out/{name}" for name in names]
    assert (folder / f"{STEM}.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_the_summary_is_the_answer_but_for_its_cost(small_scan):
    answer, folder = small_scan
    summary = json.loads((folder / f"{STEM}.summary.json").read_bytes())
    assert summary == {key: value for key, value in answer.items() if key not in COST}


def test_of_an_algorithm_that_fits_no_track_nothing_is_quoted(small_scan):
    answer, _ = small_scan
    assert (answer["topology"]["label"], answer["headline"]["kind"]) == ("unknown", "none")
    assert (answer["posterior"], answer["wilks"], answer["systematics"]) == (None, None, None)
    assert answer["verdict"]["answer"] == "no"
    assert answer["verdict"]["reasons"]


def test_our_readers_find_the_same_map(small_scan):
    answer, folder = small_scan
    ours = read_json(folder / f"{STEM}.json")
    assert ours == read_npz(folder / f"{STEM}.npz")
    assert ours.best_fit()._asdict() == answer["best_fit"]
    assert ours.provenance.algorithm == "dummy"
    assert not ours.partial


@pytest.mark.filterwarnings("ignore")  # what skyreader and its dependencies warn of is theirs
@pytest.mark.parametrize("form", ["json", "npz"])
def test_skyreader_finds_the_same_best_fit(small_scan, form):
    skyreader = pytest.importorskip("skyreader")
    answer, folder = small_scan
    theirs = getattr(skyreader.SkyScanResult, f"read_{form}")(folder / f"{STEM}.{form}")
    best = min((row["llh"], nside, int(row["index"])) for nside in (1, 4) for row in theirs.result[f"nside-{nside}"])
    assert best == tuple(answer["best_fit"][key] for key in ("llh", "nside", "pixel"))


def test_text_for_people(skydriver):
    done = skydriver("scan", "example", "--reco", "dummy:3", "--nsides", "1:0", "--workers", "1", "--out", "a b/ü")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Run 1, event 21 (simulated), dummy"
    assert lines[1].startswith("Best fit   RA ")
    assert lines[2] == "Headline   nothing is quoted"
    assert "May I use it?  NO" in lines
    products = [line.removeprefix("Product    ") for line in lines if line.startswith("Product    ")]
    assert len(products) == 5
    assert all((skydriver.folder / path).is_file() for path in products)
    assert lines[-1].startswith("Made by SkyDriver dummy 1, independent of and not endorsed by IceCube.")


def test_a_scan_replaces_the_files_of_the_one_before(skydriver):
    first = skydriver.scan("--reco", "dummy:1")
    second = skydriver.scan("--reco", "dummy:2")
    assert first["products"] == second["products"]
    kept = read_json(skydriver.folder / "out" / f"{STEM}.json")
    assert kept.provenance.tables == {"seed": "2"}
    assert len(list((skydriver.folder / "out").iterdir())) == 5


def test_every_option_that_selects_pulses_is_heeded_and_told(skydriver, real_event):
    options = {
        "pulses": "InIceDSTPulses",
        "exclude_strings": "1,3",
        "exclude_doms": "47-32,saturated",
        "time_window": "9000.0,15000.0",
        "exclude_windows": "errata",
    }
    words = [word for name, text in options.items() for word in (f"--{name.replace('_', '-')}", text)]
    answer = skydriver.scan(*words, "--deepcore", event=real_event("hese_event_02"))
    (path,) = [skydriver.folder / path for path in answer["products"] if path.endswith("_4.json")]
    provenance = read_json(path).provenance
    assert provenance.selection == {**options, "deepcore": "true"}
    assert provenance.pulse_series == "InIceDSTPulses"
    assert provenance.counts["n_deepcore"] == 0 < provenance.counts["n_excluded"]


def test_two_scans_into_one_new_folder_do_not_disturb_each_other(skydriver):
    arguments = ("scan", "example", "--reco", "dummy", "--nsides", "1:0,4:12", "--workers", "1", "--out", "new/out")
    pair = [skydriver.start(*arguments, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [(skydriver.end(process)[0], process.returncode) for process in pair] == [(None, 0)] * 2
    names = sorted(path.name for path in (skydriver.folder / "new" / "out").iterdir())
    assert names == [f"{STEM}{end}" for end in ENDS]
    assert read_json(skydriver.folder / "new" / "out" / f"{STEM}.json").n_pixels == 204


@pytest.mark.parametrize(
    "out", ["taken", "taken/below", "/proc/version", "/proc/nothing", "/proc", "n" * 300, "new/" + "n" * 300]
)
def test_a_folder_that_cannot_be_written_to_is_an_error_before_the_scan(skydriver, out):
    (skydriver.folder / "taken").write_text("mine")
    done = skydriver("scan", "example", "--reco", "crash_dummy:1:hang", "--max-reco-time", "1000", "--out", out)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: cannot ")
    assert out in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in skydriver.folder.iterdir()] == ["taken"]
    assert (skydriver.folder / "taken").read_text() == "mine"


def test_an_answer_that_cannot_be_printed_leaves_the_products(skydriver):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = skydriver("scan", "example", "--reco", "dummy", "--nsides", "1:0", stdout=full)
    assert done.returncode == 3
    assert "error: cannot write to standard output" in done.stderr
    assert len(list((skydriver.folder / "out").iterdir())) == 5


@pytest.mark.parametrize("closed", [(2,), (0, 1, 2)])
def test_closed_streams_do_not_stop_a_scan(skydriver, closed):
    closing = " ".join(f"{number}>&-" for number in closed)
    line = f"exec skydriver scan example --reco dummy --nsides 1:0 --out out {closing}"
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=skydriver.folder, env={"PATH": path}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list((skydriver.folder / "out").iterdir())) == 5


def test_pixels_that_fail_are_named_and_the_rest_is_used(skydriver):
    answer = skydriver.scan("--reco", "crash_dummy:0.3", "--nsides", "4:0")
    assert 0 < answer["n_failed"] < answer["n_pixels"] == 192
    assert answer["n_fits"] == 192 + 2 * answer["n_failed"]  # three attempts at each that fails
    assert answer["not_reproducible"] == []
    (path,) = (skydriver.folder / "out").glob("*.npz")
    kept = read_npz(path)
    failed = kept.stages[4]["index"][np.isnan(kept.stages[4]["llh"])].tolist()
    assert [error.pixel for error in kept.provenance.errors] == failed
    assert len(failed) == answer["n_failed"]
    assert {error.message for error in kept.provenance.errors} == {
        "CrashDummyError: crash_dummy was asked to fail here"
    }


def test_without_any_fit_there_is_no_best_fit(skydriver):
    answer = skydriver.scan("--reco", "crash_dummy:1", "--nsides", "1:0", code=4)
    assert (answer["best_fit"], answer["offsets"], answer["n_failed"]) == (None, [], 12)
    assert [path.rpartition(".")[2] for path in answer["products"]] == ["json", "json", "npz", "json"]
    assert answer["verdict"]["answer"] == "no"
    done = skydriver("scan", "example", "--reco", "crash_dummy:1", "--nsides", "1:0", "--workers", "1")
    assert done.returncode == 4
    assert "No best fit: every pixel failed" in done.stdout


def test_fits_past_their_limit_are_stopped_and_the_map_says_so(skydriver):
    answer = skydriver.scan("--reco", "crash_dummy:0.2:hang", "--max-reco-time", "0.05", "--nsides", "1:0")
    assert 0 < answer["n_failed"] < 12
    assert answer["not_reproducible"] == [f"{3 * answer['n_failed']} fits were stopped at their time limit"]
    (path,) = (skydriver.folder / "out").glob("*.npz")
    kept = read_npz(path)
    assert {error.message for error in kept.provenance.errors} == {"the fit was stopped after 0.05 s of CPU time"}
    assert np.isnan(kept.stages[1]["llh"]).sum() == answer["n_failed"]
    assert kept.provenance.not_reproducible == tuple(answer["not_reproducible"])
    # Each of three attempts at each pixel costs its limit and the start of another process, no more.
    assert answer["fit_cpu_seconds"] < 3 * answer["n_failed"] * 0.05 + 0.05
    assert answer["wall_seconds"] < 20


def test_a_fit_that_kills_its_process_is_given_up(skydriver):
    answer = skydriver.scan("--reco", "crash_dummy:0.2:kill", "--nsides", "1:0")
    assert 0 < answer["n_failed"] < 12
    assert answer["not_reproducible"] == [f"{answer['n_failed']} fits were lost with their process"]


def test_a_read_only_working_folder_does_not_matter(skydriver):
    out = skydriver.folder / "out"
    skydriver.folder = "/proc"  # nothing can be made here, not by root either
    done = skydriver("scan", "example", "--reco", "dummy", "--nsides", "1:0", "--out", out, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["products"][0].startswith(str(out))
    assert skydriver("scan", "example", "--reco", "dummy", "--nsides", "1:0").returncode == 3
