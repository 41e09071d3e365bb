"""``skydriver products`` and ``skydriver plot``: what is made of a result, what is not and why, and bad input."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from skydriver.services.product_table import PRODUCTS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "products.md"
QUOTED = [product.ending for product in PRODUCTS if product.needs in {"quote", "both"}]
EVENT_VIEW = ["event.png", "event.pdf"]
MAGIC = {"png": b"\x89PNG", "pdf": b"%PDF", "npz": b"PK", "json": b"{", "fits": b"SIMPLE  =", "gz": b"\x1f\x8b"}


@pytest.fixture
def skydriver(here):
    return here


@pytest.fixture(scope="module")
def track(scan_once):
    """A scan of the bundled event, a track through the detector, and the folder of its products."""
    answer, folder = scan_once("example")
    assert answer["headline"]["kind"] == "region"
    return answer, folder


@pytest.fixture(scope="module")
def published(track, tmp_path_factory, command):
    """What is said of all products of that scan, and their folder; without the event."""
    there = command(tmp_path_factory.mktemp("published"))
    return there.json("products", npz_in(track[1]), "--out", "all"), there.folder / "all"


def npz_in(folder):
    (path,) = folder.glob("*.npz")
    return path


def by_ending(folder, *, but=()):
    """The bytes of each product in a folder."""
    stem = npz_in(folder).name.removesuffix("npz")
    return {p.name.removeprefix(stem): p.read_bytes() for p in folder.iterdir() if p.name.removeprefix(stem) not in but}


def test_every_product_is_made_and_is_what_its_name_says(track, skydriver):
    _, folder = track
    made = skydriver.json("products", npz_in(folder), "--out", "all", "--event", "example")
    files = by_ending(skydriver.folder / "all")
    assert set(files) == {product.ending for product in PRODUCTS}
    assert made["not_made"] == []
    assert len(made["products"]) == len(PRODUCTS)
    for ending, content in files.items():
        assert content.startswith(MAGIC.get(ending.rpartition(".")[2], b"")), ending
    assert gzip.decompress(files["fits.gz"]).startswith(b"SIMPLE  =")


def test_every_product_says_who_made_it_and_what_to_do_before_pointing(published):
    """Of those that are text, or hold it."""
    made, folder = published
    statement = made["statement"]
    for part in (
        "Made by SkyDriver pandel_mpe",
        "not endorsed by IceCube",
        "official notice before pointing",
        "0.8 deg",
    ):
        assert part in statement
    words = re.sub(r"[^a-z]", "", statement.split(",")[0].lower())
    files = by_ending(folder)
    for ending in (
        "contours.txt",
        "reg",
        "notice.json",
        "circular.txt",
        "multiorder.fits",
        "moc90.fits",
        "provenance.json",
    ):
        text = re.sub(r"[^a-z]", "", files[ending].decode("latin-1").lower())
        assert words in text, ending


def test_what_a_scan_wrote_is_what_is_made_of_its_files(track, published):
    """Map, provenance and the picture, byte for byte: the files hold all that the products need."""
    ours, again = by_ending(track[1]), by_ending(published[1])
    for ending in ("json", "provenance.json", "npz", "summary.json", "png"):
        assert again[ending] == ours[ending], ending


def test_json_and_npz_give_the_same_products(track, published, skydriver):
    skydriver.json("products", npz_in(track[1]).with_suffix(".json"), "--out", "of_json")
    one, other = (by_ending(folder, but=("notice.json",)) for folder in (published[1], skydriver.folder / "of_json"))
    assert one == other


def test_the_notice_and_the_circular_quote_the_answer(track, skydriver):
    answer, folder = track
    skydriver.json("products", npz_in(folder), "--out", "all", "--only", "notice.json,circular.txt")
    files = {path.name: path.read_text() for path in (skydriver.folder / "all").iterdir()}
    assert len(files) == 2
    notice = json.loads(next(text for name, text in files.items() if name.endswith("notice.json")))
    quoted = answer["headline"]
    assert (notice["ra"], notice["dec"]) == pytest.approx((quoted["ra_deg"], quoted["dec_deg"]), abs=1e-5)
    assert notice["alert_tense"] == "test"
    circular = next(text for name, text in files.items() if name.endswith("circular.txt"))
    assert f"RA: {quoted['ra_deg']:.2f} (+{quoted['ra_plus_deg']:.2f}/-{quoted['ra_minus_deg']:.2f} deg 90%" in circular


def test_without_the_event_its_view_is_not_made(published):
    made, _ = published
    assert [item["product"] for item in made["not_made"]] == ["event.png", "event.pdf"]
    assert all("--event" in item["reason"] for item in made["not_made"])


def test_nothing_is_quoted_of_an_algorithm_without_calibration(skydriver):
    skydriver.scan()
    made = skydriver.json("products", npz_in(skydriver.folder / "out"), "--out", "all", "--event", "example")
    assert [item["product"] for item in made["not_made"]] == QUOTED
    assert set(by_ending(skydriver.folder / "all")) == {p.ending for p in PRODUCTS if p.ending not in QUOTED}
    text = skydriver("products", npz_in(skydriver.folder / "out"), "--out", "some", "--only", "notice.json,json")
    assert text.returncode == 3
    assert text.stderr.startswith("error: notice.json: ")
    assert not (skydriver.folder / "some").exists()


def test_nothing_is_quoted_of_a_cascade(skydriver):
    skydriver("simulate", "--kind", "cascade", "--seed", "7", "--out", "cascade")
    answer = skydriver.json("scan", "cascade/simulated_7.json", "--nsides", "8:0,32:12", "--out", "out")
    assert answer["topology"]["label"] == "cascade"
    made = skydriver.json("products", npz_in(skydriver.folder / "out"))
    assert [item["product"] for item in made["not_made"]] == [*QUOTED, *EVENT_VIEW]
    assert {item["reason"] for item in made["not_made"][:-2]} == {"it is a cascade: its direction is not known"}


def test_a_result_that_lost_its_summary_quotes_nothing(track, skydriver):
    _, folder = track
    alone = skydriver.folder / "alone.npz"
    alone.write_bytes(npz_in(folder).read_bytes())
    made = skydriver.json("products", alone, "--out", "all")
    assert [item["product"] for item in made["not_made"]] == ["summary.json", *QUOTED, *EVENT_VIEW]
    assert all("summary" in item["reason"] for item in made["not_made"][:-2])


def test_a_catalogue_reaches_the_circular(track, skydriver):
    answer, folder = track
    best = answer["best_fit"]
    rows = ["name,ra,dec", f"Inside A,{best['ra_deg']},{best['dec_deg']}", f"Far B,{best['ra_deg']},{-best['dec_deg']}"]
    (skydriver.folder / "sources.csv").write_text("\n".join(rows))
    known = ("--catalogue", "sources.csv", "--only", "circular.txt")
    skydriver.json("products", npz_in(folder), "--out", "some", *known)
    text = by_ending_of(skydriver.folder / "some", "circular.txt").decode()
    assert "Inside A" in text
    assert "Far B" not in text


def test_a_map_from_elsewhere_by_calibrated_levels(skydriver, skyreader_map):
    """Only where it is said to be of the algorithm that they are for."""
    made = skydriver.json("products", skyreader_map, "--out", "bare")
    assert {item["product"] for item in made["not_made"]} >= set(QUOTED)
    known = ("--algorithm", "millipede_original", "--levels", "ic160427a")
    made = skydriver.json("products", skyreader_map, "--out", "all", *known)
    assert "ic160427a" in made["statement"]
    text = by_ending_of(skydriver.folder / "all", "contours.txt")
    assert b"ic160427a" in text
    refused = skydriver("products", skyreader_map, "--out", "no", "--algorithm", "splinempe", "--levels", "ic160427a")
    assert refused.returncode == 2
    assert not (skydriver.folder / "no").exists()


def test_our_own_map_has_no_levels_of_others(track, skydriver):
    _, folder = track
    known = ("--algorithm", "millipede_original", "--levels", "ic160427a")
    assert skydriver("products", npz_in(folder), "--out", "no", *known).returncode == 2
    assert skydriver("products", npz_in(folder), "--out", "no", "--algorithm", "millipede_original").returncode == 2


def by_ending_of(folder, ending):
    (path,) = folder.glob(f"*.{ending}")
    return path.read_bytes()


@pytest.fixture
def skyreader_map(tmp_path):
    """A map as others write them: the whole sky at nside 8 and a bowl at nside 64, without provenance."""
    import hpgeom

    def rise(nside, pixel):
        vectors = np.stack(hpgeom.pixel_to_vector(nside, pixel, nest=False), axis=1)
        away = np.degrees(np.arccos(np.clip(vectors @ hpgeom_vector(100.0, 20.0), -1.0, 1.0)))
        return 5000.0 + 0.5 * 64.2 * (away / 4.0) ** 2

    fine = hpgeom.query_circle(64, 100.0, 20.0, 9.0, nest=False)
    stages = {8: np.arange(768), 64: np.asarray(fine)}
    columns = ["index", "llh", "E_in", "E_tot", "X", "Y", "Z", "T"]
    about = {"run_id": 127907, "event_id": 20178442, "event_type": "HESE", "mjd": 57505.24, "is_real_event": True}
    document = {
        f"nside-{nside}": {
            "columns": columns,
            "metadata": {"nside": nside, "complete": True, "version": 1} | about,
            "data": [
                [int(number), float(llh), *["<skyreader.nan>"] * 6]
                for number, llh in zip(pixel, rise(nside, pixel), strict=True)
            ],
        }
        for nside, pixel in stages.items()
    }
    path = tmp_path / "run00127907.evt000020178442.HESE_8_64.json"
    path.write_text(json.dumps(document))
    return path


def hpgeom_vector(ra_deg, dec_deg):
    ra, dec = np.radians([ra_deg, dec_deg])
    return np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["--only", "nonsense"], 2, "only"),
        (["--nside", "3"], 2, "nside"),
        (["--nside", "8192"], 2, "nside"),
        (["--tense", "soon"], 2, "tense"),
        (["--tense", "current"], 2, "tense"),
        (["--width", "1"], 2, "width"),
        (["--event", "missing.json"], 2, "missing.json"),
        (["--catalogue", "missing.csv"], 2, "missing.csv"),
    ],
)
def test_bad_arguments_are_named_and_nothing_is_written(track, skydriver, arguments, code, named):
    _, folder = track
    done = skydriver("products", npz_in(folder), "--out", "no", *arguments)
    assert done.returncode == code, done.stderr
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (skydriver.folder / "no").exists()


def test_another_event_is_refused(track, skydriver):
    _, folder = track
    skydriver("simulate", "--seed", "9", "--out", "other")
    done = skydriver("products", npz_in(folder), "--out", "no", "--event", "other/simulated_9.json")
    assert (done.returncode, "event" in done.stderr) == (2, True)


def test_a_summary_of_another_map_is_refused(track, skydriver):
    answer, folder = track
    for path in folder.iterdir():
        (skydriver.folder / path.name).write_bytes(path.read_bytes())
    path = next(skydriver.folder.glob("*.summary.json"))
    summary = json.loads(path.read_bytes())
    for change in (
        {"run_id": 77},
        {"best_fit": answer["best_fit"] | {"pixel": answer["best_fit"]["pixel"] + 1}},
        {"posterior": summary["posterior"] | {"sigma_sys_deg": 0.4}},
        {"posterior": "none"},
    ):
        path.write_text(json.dumps(summary | change))
        done = skydriver("products", npz_in(skydriver.folder), "--out", "no")
        assert (done.returncode, "summary" in done.stderr) == (3, True), (change, done.stderr)
        assert not (skydriver.folder / "no").exists()


def test_a_result_that_is_none_is_refused(skydriver):
    (skydriver.folder / "empty.npz").write_bytes(b"")
    for name in ("empty.npz", "missing.npz", "."):
        done = skydriver("products", name, "--out", "no")
        assert (done.returncode, len(done.stderr.splitlines())) == (3, 1), done.stderr


@pytest.mark.parametrize("view", ["overview", "all-sky", "zoom", "event"])
@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_every_view_is_drawn(track, skydriver, view, kind):
    _, folder = track
    done = skydriver(
        "plot", npz_in(folder), "--view", view, "--out", f"it.{kind}", "--event", "example", "--width", "5"
    )
    assert (done.returncode, done.stdout) == (0, f"it.{kind}\n")
    assert (skydriver.folder / f"it.{kind}").read_bytes().startswith(MAGIC[kind])


def test_bad_pictures_are_refused(track, skydriver):
    _, folder = track
    for arguments in (["--view", "side"], ["--out", "it.gif"]):
        assert skydriver("plot", npz_in(folder), *arguments).returncode == 2
    done = skydriver("plot", npz_in(folder), "--view", "event", "--out", "it.png")
    assert (done.returncode, "--event" in done.stderr) == (3, True)


def test_every_product_is_documented():
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `….([a-z0-9.-]+)` \| ([^|]*) \|", text, flags=re.MULTILINE))
    assert rows == {product.ending: product.holds for product in PRODUCTS}
