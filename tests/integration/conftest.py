"""Products of maps, made by the command, for independent programs to read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import healpy
import numpy as np
import pytest
from astropy.io import fits

from once import run
from skydriver.cli.main import app

OFFICIAL = ("--algorithm", "millipede_original", "--levels", "ic160427a")
RISE90 = 64.2
"""Of 2 delta-llh at the edge of the 90 % region by these levels."""
COLUMNS = ["index", "llh", "E_in", "E_tot", "X", "Y", "Z", "T"]
EVENT = {"run_id": 127907, "event_id": 20178442, "event_type": "HESE", "mjd": 57505.24, "is_real_event": True}


def write_map(folder, stages):
    """A map from {nside: {pixel: llh}} as skyreader's JSON, without provenance; the file."""
    document = {
        f"nside-{nside}": {
            "columns": COLUMNS,
            "metadata": {"nside": nside, "complete": True, "version": 1} | EVENT,
            "data": [
                [pixel, "<skyreader.nan>" if np.isnan(llh) else llh, *["<skyreader.nan>"] * 6]
                for pixel, llh in sorted(rows.items())
            ],
        }
        for nside, rows in stages.items()
    }
    path = Path(folder) / f"run00127907.evt000020178442.HESE_{'_'.join(map(str, stages))}.json"
    path.write_text(json.dumps(document))
    return path


def away_deg(nside, pixel, places):
    """Angle (n,) between pixels' centres and the nearest of some places, degrees."""
    centres = np.array(healpy.pix2vec(nside, np.asarray(pixel)))
    angles = [healpy.rotator.angdist(healpy.ang2vec(*place, lonlat=True), centres) for place in places]
    return np.degrees(np.min(angles, axis=0))


def bowl(nsides, places, radius_deg, reach=1.5):
    """Stages around discs about places, where 2 delta-llh is RISE90 at the radius: {nside: {pixel: llh}}.

    The first stage covers the sky, the others all pixels whose parents lie within `reach` radii.
    """
    stages, pixel = {}, np.arange(12 * nsides[0] ** 2)
    for nside, finer in pairwise((*nsides, 2 * nsides[-1])):
        away = away_deg(nside, pixel, places)
        llh = 5000.0 + 0.5 * RISE90 * (away / radius_deg) ** 2
        stages[nside] = dict(zip(pixel.tolist(), llh.tolist(), strict=True))
        near = pixel[away < reach * radius_deg + np.degrees(healpy.max_pixrad(nside))]
        ratio = (finer // nside) ** 2
        nested = healpy.ring2nest(nside, near)[:, np.newaxis] * ratio + np.arange(ratio)
        pixel = np.sort(healpy.nest2ring(finer, nested.ravel()))
    return stages


@dataclass(frozen=True)
class Made:
    """The products of one map."""

    name: str
    folder: Path
    result: Path
    """The map itself."""
    options: tuple[str, ...]
    """With which they were made of it."""
    answer: dict
    """Of the scan; empty of a map that was written by hand."""

    def path(self, ending):
        """The product of an ending."""
        (path,) = [path for path in self.folder.iterdir() if re.sub(r"^run\d+\.evt\d+\.\w+\.", "", path.name) == ending]
        return path

    def made(self, ending):
        """Whether there is such a product."""
        return any(path.name.endswith(f".{ending}") for path in self.folder.iterdir())

    @property
    def header(self):
        """Of the multi-order map."""
        return fits.getheader(self.path("multiorder.fits"), 1)

    def probability(self):
        """Of the flat map, RING."""
        return healpy.read_map(self.path("fits.gz"), field=0)

    def two_delta_llh(self):
        """Of the flat map, RING; NaN where it is not known."""
        values = healpy.read_map(self.path("fits.gz"), field=1, dtype=np.float64)
        return np.where(healpy.mask_bad(values), np.nan, values)

    def regions(self):
        """From the text of the contours: (kind, level) to area in deg2 and polygons, each (n, 2) of RA and Dec."""
        text = self.path("contours.txt").read_text()
        table = np.loadtxt(self.path("contours.txt"), ndmin=2)
        found, key = {}, None
        for line in text.splitlines():
            if match := re.search(r": level (\S+), (\w+), (\S+) deg2", line):
                key = (match[2], float(match[1]))
                found[key] = (float(match[3]), [])
            elif match := re.match(r"#\s+polygon (\d+): ", line):
                found[key][1].append(table[table[:, 0] == int(match[1]), 1:])
        return found


@pytest.fixture(scope="session")
def publish(tmp_path_factory):
    """A function from a map's name, its file and options to its products, made by the command in this process."""

    def make(name, path, *options: str):
        folder = tmp_path_factory.mktemp("products")
        app(["products", str(path), "--out", str(folder / "all"), *options], standalone_mode=False)
        return Made(name, folder / "all", path, options, {})

    return make


def with_failures(stages, seed, share=0.03):
    """The stages, with no value at a share of their pixels, that of lowest llh among them."""
    dice, found = np.random.default_rng(seed), {}
    for nside, rows in stages.items():
        failed = {min(rows, key=rows.get)} | {pixel for pixel in rows if dice.uniform() < share}
        found[nside] = {pixel: np.nan if pixel in failed else llh for pixel, llh in rows.items()}
    return found


def islands_and_a_hole():
    """A disc, and beside it a ring: one region of two islands, of which one has a hole."""
    nsides, disc, ring = (8, 64, 256), (352.0, -20.0), (5.0, -14.0)
    both = bowl(nsides, [disc, ring], 6.0)
    for nside, rows in both.items():
        pixel = np.array(sorted(rows))
        away = np.minimum(away_deg(nside, pixel, [disc]) / 3.0, np.abs(away_deg(nside, pixel, [ring]) - 3.5) / 1.8)
        rows.update(zip(pixel.tolist(), (5000.0 + 0.5 * RISE90 * away**2).tolist(), strict=True))
    return both


def half_finished():
    """A disc of which every other pixel of the last stage is missing."""
    stages = bowl((8, 64, 256), [(200.0, 30.0)], 4.0)
    stages[256] = dict(list(stages[256].items())[::2])
    return stages


WRITTEN = {
    "pole": lambda: bowl((8, 64, 256), [(40.0, 88.5)], 3.0),
    "across RA 0": lambda: bowl((8, 64, 256), [(0.3, -35.2)], 4.0),
    "islands": islands_and_a_hole,
    "failures": lambda: with_failures(bowl((8, 64, 256), [(123.4, 12.3)], 4.0), seed=1),
    "gaps": half_finished,
}
"""By name: the stages of maps that are written by hand."""
SCANNED = {"example": ("example",), "real": ("138632_31747601", "--enclose")}
"""By name: the event of maps that are scanned, and options."""


@pytest.fixture(scope="session")
def result(request, once, scan_once):
    """A function from a map's name to its file, options for its products, and the answer of its scan."""

    def of(name):
        if name in WRITTEN:
            folder = once(f"map-{name}", lambda begun: write_map(begun, WRITTEN[name]()))
            (path,) = folder.iterdir()
            return path, OFFICIAL, {}
        event, *options = SCANNED[name]
        if name == "real":
            event = request.getfixturevalue("shared") / "events" / f"{event}.json"
        answer, folder = scan_once(event, *options)
        (path,) = folder.glob("*.npz")
        return path, (), answer

    return of


@pytest.fixture(scope="session")
def products_of(result, once):
    """A function from a map's name to its products, made once."""

    @cache
    def of(name):
        path, options, answer = result(name)
        folder = once(f"products-{name}", lambda begun: run(begun, "products", path, "--out", "all", *options))
        return Made(name, folder / "all", path, options, answer)

    return of


@pytest.fixture(params=[*SCANNED, *WRITTEN])
def made(request, products_of):
    """The products of each map."""
    return products_of(request.param)


@pytest.fixture(params=SCANNED)
def scanned(request, products_of):
    """The products of each map that was scanned: its regions are those of a posterior."""
    return products_of(request.param)


@pytest.fixture(params=WRITTEN)
def written(request, products_of):
    """The products of each map that was written by hand: its regions are by levels on 2 delta-llh."""
    return products_of(request.param)


@pytest.fixture(scope="session")
def disc_map(tmp_path_factory):
    """A function from nsides, a place and a radius to the map of a disc, and options for its products."""

    def make(nsides, place, radius_deg):
        stages = bowl(nsides, [place], radius_deg, reach=1.2)
        return write_map(tmp_path_factory.mktemp("disc"), stages), *OFFICIAL

    return make
