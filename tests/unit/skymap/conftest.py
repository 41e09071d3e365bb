"""Sky maps and what is published of them to test with, and skyreader as the oracle."""

import math

import hpgeom
import numpy as np
import pytest

from skydriver.skymap.cells import cells_of
from skydriver.skymap.columns import rows_from
from skydriver.skymap.contours import contours_of
from skydriver.skymap.extent import errors_of, rectangle_of
from skydriver.skymap.outline import Outline, Rectangle
from skydriver.skymap.posterior import Region, posterior, region
from skydriver.skymap.provenance import PixelError, Provenance
from skydriver.skymap.publication import Publication, Quote
from skydriver.skymap.skymap import EventIdentity, SkyMap

IDENTITY = EventIdentity(138632, 31747601, "gold", 60279.76, is_real_event=True)
PROVENANCE = Provenance(
    algorithm="pandel_mpe",
    algorithm_version="1.0",
    llh_meaning="first photons of an infinite track",
    nsides=((1, 0), (8, 1), (64, 2)),
    rounds=3,
    predictive_scanning_threshold=1.0,
    max_reco_time_s=60.0,
    pulse_series="SplitInIcePulses",
    cleaning="seeded RT, best 6000 ns, strings below 79",
    counts={"n_pulse": 888, "n_dom": 175, "qtot_pe": 830.4},
    geometry_hash="a" * 64,
    ice_hash="b" * 64,
    tables={"pandel": "c" * 64},
    earth_orientation="IERS-A 2026.1",
    event_hash="d" * 64,
    software_version="0.1.0",
    machine="x86-64-v3",
    selection={"exclude_strings": "1,3,5", "deepcore": "true"},
    errors=(PixelError(8, 7, "max_reco_time passed"), PixelError(1, 3, "lost")),
)


def make_map(llh_by_nside, provenance=PROVENANCE, event=IDENTITY, *, complete=True):
    """A map with the given llh at pixels 0, 1, 2, … of each nside."""
    stages = {}
    for nside, llhs in llh_by_nside.items():
        rows = ((i, llh, np.nan, 1e4 + i, 0.1 * i, -1 / (i + 1), 1e-7, 9876.5) for i, llh in enumerate(llhs))
        stages[nside] = rows_from(rows)
    return SkyMap(stages, dict.fromkeys(stages, complete), event, provenance)


@pytest.fixture(scope="session")
def new_map():
    """A function from {nside: list of llh} to a map."""
    return make_map


def lines_around(found):
    """The lines around a region's pixels, half way to the next."""
    return contours_of(found.nside, found.pixel, np.full(len(found.pixel), 1e9), 0.5)


def reach_of(found, best):
    """How far they reach from the best fit."""
    return errors_of(rectangle_of(lines_around(found), found.area_deg2), best.ra_deg, best.dec_deg)


def disc_outline(level, nside, best, radius_deg):
    """The headline region whose pixels have their centres in a disc around the best fit."""
    pixel = np.sort(hpgeom.query_circle(nside, best.ra_deg, best.dec_deg, radius_deg, nest=False)).astype(np.int64)
    area_deg2 = len(pixel) * float(hpgeom.nside_to_pixel_area(nside, degrees=True))
    found = Region(level, nside, pixel, area_deg2)
    lines, errors = lines_around(found), reach_of(found, best)
    whole = Rectangle(0.0, 360.0, -90.0, 90.0)
    return Outline(f"{level:.0%}", "headline", level, nside, pixel, area_deg2, lines, errors, whole, truncated=False)


def disc_publication(ra_deg=138.7, dec_deg=1.9, radius_deg=2.0, *, nside=256, event=IDENTITY, **changes: object):
    """A map whose best fit is near a place, and whose 50 and 90 % regions are discs around that."""
    pixel = int(hpgeom.angle_to_pixel(nside, ra_deg, dec_deg, nest=False))
    skymap = SkyMap({nside: rows_from([(pixel, 1.0, *[0.0] * 6)])}, {nside: True}, event, PROVENANCE)
    best = skymap.best_fit()
    outlines = tuple(disc_outline(level, nside, best, radius_deg * part) for level, part in ((0.5, 0.5), (0.9, 1.0)))
    quote = Quote("three-alert floor", tests_only=True, sigma_sys_deg=0.8, outlines=outlines, posterior=None)
    usual = {"quote": quote, "why_not": "", "topology": "through-going", "answer": "yes", "reasons": ("yes: fine",)}
    return Publication(skymap, best, cells_of(skymap), "pandel_mpe", "1.0", **usual | changes)


@pytest.fixture(scope="session")
def published():
    """A function from a place, a radius and what else is said of a map to its publication."""
    return disc_publication


def make_map_of(stages, provenance=None, event=IDENTITY):
    """A map from {nside: {pixel: llh}}."""
    rows = {nside: rows_from([(i, llh, *[math.nan] * 6) for i, llh in row.items()]) for nside, row in stages.items()}
    return SkyMap(rows, dict.fromkeys(rows, True), event, provenance)


def make_outline(kind, found, best):
    """The outline of a region, with no contour and some rectangle."""
    rectangle = Rectangle(350.5 + found.level, 8.25 + found.level, -7.5 - found.level, 9.75 + found.level)
    name, errors = f"{found.level:.0%} {kind}", reach_of(found, best)
    where = (found.nside, found.pixel, found.area_deg2)
    return Outline(name, kind, found.level, *where, (), errors, rectangle, truncated=False)


def make_publication(skymap, sigma_deg=2.0, changed=None):
    """What is published of a map: its regions with a floor, or nothing where that is None."""
    best, cells = skymap.best_fit(), cells_of(skymap)
    quote, why_not = None, "no calibration is known for dummy"
    if sigma_deg is not None:
        found = posterior(cells, sigma_deg)
        outlines = [
            make_outline(kind, region(found, level), best)
            for kind in ("headline", "statistical")
            for level in (0.5, 0.9)
        ]
        why_not = ""
        quote = Quote(
            "three-alert floor", tests_only=True, sigma_sys_deg=sigma_deg, outlines=tuple(outlines), posterior=found
        )
    said = {"algorithm": "pandel_mpe", "algorithm_version": "1.0", "topology": "through-going", "answer": "caution"}
    reasons = ("caution: notices are tests", "yes: the map is whole")
    fields = {"quote": quote, "why_not": why_not, "reasons": reasons, **said, **(changed or {})}
    return Publication(skymap=skymap, best=best, cells=cells, **fields)


@pytest.fixture(scope="session")
def map_of():
    """A function from {nside: {pixel: llh}} to a map."""
    return make_map_of


@pytest.fixture(scope="session")
def publication_of():
    """A function from a map, a floor in degrees (None: nothing is quoted) and other fields to a publication."""
    return make_publication


@pytest.fixture(scope="session")
def provenance():
    """Of some map."""
    return PROVENANCE
