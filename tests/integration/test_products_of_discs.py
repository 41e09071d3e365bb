"""Maps whose regions are discs, from skyreader's JSON to the headers of products: what the sphere's formulas say."""

from __future__ import annotations

import math

import healpy
import pytest
from astropy.io import fits

RISES = {50: 22.2, 90: 64.2}
PLACES = {
    "north pole": (77.0, 90.0),
    "south pole": (10.0, -90.0),
    "beside a pole": (200.0, 88.0),
    "across RA 0": (359.98, 33.3),
    "south across RA 0": (0.02, -61.0),
    "anywhere": (123.4, -5.6),
}
DISCS = {
    0.1: (8, 128, 2048, 32768),
    1.0: (8, 128, 2048),
    10.0: (8, 64, 256),
    90.0: (8, 64),
}
"""By width, degrees: nsides of the stages."""
SQUARE_DEG = math.degrees(1.0) ** 2


PAIRS = [(place, width) for place in PLACES for width in DISCS]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[1]} deg {pair[0]}")
def disc(request, disc_map, publish):
    """The place and radius of a disc, the size of the finest pixels, and the header of its products."""
    place, width = request.param
    nsides = DISCS[width]
    made = publish("disc", *disc_map(nsides, PLACES[place], width / 2.0), "--only", "moc90.fits")
    pixel_deg = healpy.nside2resol(nsides[-1], arcmin=True) / 60.0
    return PLACES[place], width / 2.0, pixel_deg, fits.getheader(made.path("moc90.fits"), 1)


def radius_of(radius_deg, level):
    """Of the region of a level, degrees: 2 delta-llh grows with the square of the distance."""
    return radius_deg * math.sqrt(RISES[level] / RISES[90])


def half_width_deg(dec_deg, radius_deg):
    """In right ascension, of a disc that holds no pole."""
    return math.degrees(math.asin(math.sin(math.radians(radius_deg)) / math.cos(math.radians(dec_deg))))


@pytest.mark.parametrize("level", RISES)
def test_its_area_errors_and_rectangle_are_those_of_a_disc(disc, level):
    (ra, dec), whole, pixel, header = disc
    radius = radius_of(whole, level)
    area = 2.0 * math.pi * (1.0 - math.cos(math.radians(radius))) * SQUARE_DEG
    assert header[f"AREA{level}"] == pytest.approx(area, rel=0.005)
    low, high = max(-90.0, dec - radius), min(90.0, dec + radius)
    near = 0.1 * pixel
    assert header[f"DELO{level}"] == pytest.approx(low, abs=near)
    assert header[f"DEHI{level}"] == pytest.approx(high, abs=near)
    assert header[f"DEMIN{level}"] == pytest.approx(header["DEC"] - low, abs=near)
    assert header[f"DEPLUS{level}"] == pytest.approx(high - header["DEC"], abs=near)
    found = [header[f"{name}{level}"] for name in ("RALO", "RAHI", "RAMIN", "RAPLUS")]
    if abs(dec) + radius >= 90.0:
        assert found == [0.0, 360.0, 180.0, 180.0]
        return
    half = half_width_deg(dec, radius)
    best = (header["RA"] - ra + 180.0) % 360.0 - 180.0
    wanted = [(ra - half) % 360.0, (ra + half) % 360.0, best + half, half - best]
    assert found == pytest.approx(wanted, abs=near / math.cos(math.radians(dec)))
    assert not header[f"TRUNC{level}"]
