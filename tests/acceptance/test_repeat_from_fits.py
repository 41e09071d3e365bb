"""A FITS file says enough to repeat its scan: the command rebuilt from it alone gives the same bytes."""

from __future__ import annotations

import json

import pytest
from astropy.io import fits

from skydriver.simulation.events import example_truth

SETTINGS = {
    "pandel_mpe": {"length": "scattering_length_m", "jitter": "jitter_ns", "photons": "max_photons"},
    "dummy": {"": "seed"},
}
"""Of an algorithm: the options, and the names under which a file tells them."""
UNUSUAL = {
    "a disc, other ice": [
        "--reco=pandel_mpe:length=40:photons=3",
        "--nsides=8:0,32:12",
        "--exclude-strings=5-9",
        "--center={ra},{dec}",
        "--radius=12.5",
        "--predictive-scanning-threshold=0.7",
        "--max-reco-time=31.5",
    ],
    "a band, other pulses": [
        "--reco=dummy:7",
        "--nsides=2:0,8:5,16:3",
        "--zenith-band=60.5,95.25",
        "--deepcore",
        "--pulses=SplitInIcePulses",
        "--exclude-doms=bright,47-31",
        "--time-window=5000,20000.5",
        "--exclude-windows=errata",
        "--predictive-scanning-threshold=0.35",
    ],
    "a wider last stage": ["--nsides=8:0,64:1", "--center={ra},{dec}", "--radius=9", "--enclose"],
}


@pytest.fixture
def skydriver(here):
    return here


def told(path):
    """Header and provenance of a multi-order file."""
    values = {}
    with fits.open(path) as hdus:
        for name, part in hdus["PROVENANCE"].data:
            values[name] = values.get(name, "") + part
        return dict(hdus[1].header.items()), {name: json.loads(value) for name, value in values.items()}


def command_of(header, made):
    """The options of the scan that a file is of."""
    settings = SETTINGS[header["ALGO"]]
    reco = [f"{name}={made['tables'][key]}".removeprefix("=") for name, key in settings.items()]
    yield f"--reco={':'.join([header['ALGO'], *reco])}"
    yield f"--nsides={header['NSIDES'].replace(' ', '')}"
    yield f"--predictive-scanning-threshold={header['PREDTHR']!r}"
    yield f"--max-reco-time={header['MAXRECO']!r}"
    for name, text in (made["selection"] | made["region"]).items():
        option = f"--{name.replace('_', '-')}"
        yield option if text == "true" else f"{option}={text}"


def only_file(folder, ending):
    (path,) = folder.glob(f"*.{ending}")
    return path


@pytest.mark.parametrize("options", UNUSUAL.values(), ids=UNUSUAL)
def test_the_header_repeats_the_scan(skydriver, command, options):
    truth = json.loads(example_truth().read_bytes())
    asked = [option.format(ra=truth["ra_deg"], dec=truth["dec_deg"]) for option in options]
    first = skydriver.json("scan", "example", *asked, "--workers", 2, "--out", "first")
    npz = only_file(skydriver.folder / "first", "npz")
    skydriver.json("products", npz, "--only", "multiorder.fits", "--out", "fits")
    header, made = told(only_file(skydriver.folder / "fits", "multiorder.fits"))
    assert header["EVTHASH"] == skydriver.json("event", "example")["content_hash"]
    rebuilt = command_of(header, made)
    again = command(skydriver.folder).json("scan", "example", *rebuilt, "--workers", 1, "--out", "again")
    copy = only_file(skydriver.folder / "again", "npz")
    compared = skydriver("compare", npz, copy)
    assert (compared.returncode, "AGREE" in compared.stdout) == (0, True), compared.stdout
    assert copy.read_bytes() == npz.read_bytes()
    assert again["best_fit"] == first["best_fit"]


def test_what_the_header_says_of_the_scan_is_what_the_provenance_says(skydriver):
    """A reader of either needs no other."""
    asked = [option for option in UNUSUAL["a band, other pulses"] if not option.startswith("--nsides")]
    skydriver.json("scan", "example", *asked, "--nsides=1:0,4:3", "--out", "out")
    skydriver.json("products", only_file(skydriver.folder / "out", "npz"), "--only", "multiorder.fits")
    header, made = told(only_file(skydriver.folder / "out", "multiorder.fits"))
    for keyword, name in {
        "ALGO": "algorithm",
        "ALGOVER": "algorithm_version",
        "ROUNDS": "rounds",
        "PREDTHR": "predictive_scanning_threshold",
        "MAXRECO": "max_reco_time_s",
        "PULSES": "pulse_series",
        "CLEANING": "cleaning",
        "EVTHASH": "event_hash",
        "GEOHASH": "geometry_hash",
        "ICEHASH": "ice_hash",
        "EARTHORI": "earth_orientation",
        "SCANVER": "software_version",
        "MACHINE": "machine",
        "LLHMEAN": "llh_meaning",
    }.items():
        assert header[keyword] == made[name], keyword
    for keyword, name in {"SELECT": "selection", "REGION": "region", "COUNTS": "counts", "TABLES": "tables"}.items():
        assert header[keyword] == "; ".join(f"{key}={value}" for key, value in made[name].items()), keyword
    assert header["NSIDES"] == ", ".join(f"{nside}:{extension}" for nside, extension in made["nsides"])
