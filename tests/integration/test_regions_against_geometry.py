"""Areas, places, errors and rectangles of published regions, computed from the text of their lines by other ways.

These are: a polygon's angles for its area, crossings with an arc for what is inside, points all along for how far it
reaches. A polygon is an array (n, 2) of right ascension and declination, degrees, its sides parts of great circles.
"""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from mocpy import MOC

SQUARE_DEG = np.degrees(1.0) ** 2
SKY_DEG2 = 4.0 * np.pi * SQUARE_DEG


def vectors(places):
    """Unit vectors (n, 3) to places (n, 2)."""
    ra, dec = np.radians(np.atleast_2d(places)).T
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def bearings_rad(here, there):
    """From north over east, between places (n, 2) and others (n, 2)."""
    (ra1, dec1), (ra2, dec2) = np.radians(here).T, np.radians(there).T
    north = np.cos(dec1) * np.sin(dec2) - np.sin(dec1) * np.cos(dec2) * np.cos(ra2 - ra1)
    return np.arctan2(np.cos(dec2) * np.sin(ra2 - ra1), north)


def area_deg2(polygon):
    """Solid angle to the left of a line by its angles' excess; of a hole what it takes away, negative.

    More than half of the sky is taken for a hole in it.
    """
    before, after = np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0)
    angles = (bearings_rad(polygon, after) - bearings_rad(polygon, before)) % (2.0 * np.pi)
    excess = (angles.sum() - (len(polygon) - 2) * np.pi) * SQUARE_DEG
    return (excess + SKY_DEG2 / 2.0) % SKY_DEG2 - SKY_DEG2 / 2.0


def inside(polygons, places, outside):
    """Whether each place (n, 2) is on the other side of all lines together than the place `outside` is.

    It is if the arc between the two crosses them an odd number of times.
    """
    start, end = vectors(places)[:, np.newaxis], vectors(outside)[0]
    crossed = np.zeros(len(start), np.int64)
    for polygon in polygons:
        a = vectors(polygon)
        b = np.roll(a, -1, axis=0)
        path, side = np.cross(start, end), np.cross(a, b)
        signs = [
            np.sign(-(path * a).sum(axis=2)),
            np.sign((path * b).sum(axis=2)),
            np.sign(-(side @ end))[np.newaxis, :],
            np.sign((side * start).sum(axis=2)),
        ]
        crossed += ((signs[0] == signs[1]) & (signs[1] == signs[2]) & (signs[2] == signs[3])).sum(axis=1)
    return crossed % 2 == 1


def along(polygon, parts=50):
    """Places on the sides of a polygon, `parts` of each."""
    a = vectors(polygon)
    b = np.roll(a, -1, axis=0)
    share = np.arange(parts)[np.newaxis, :, np.newaxis] / parts
    points = ((1.0 - share) * a[:, np.newaxis] + share * b[:, np.newaxis]).reshape(-1, 3)
    ra = np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360.0
    return np.stack([ra, np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))], axis=1)


def rectangle(polygons, outside):
    """Western, eastern, southern and northern edge of what lines enclose."""
    ra, dec = np.concatenate([along(polygon) for polygon in polygons]).T
    south, north = inside(polygons, [[0.0, -90.0], [0.0, 90.0]], outside)
    ra = np.sort(ra)
    gap = np.diff(ra, append=ra[0] + 360.0)
    low, high = -90.0 if south else dec.min(), 90.0 if north else dec.max()
    if south or north:
        return 0.0, 360.0, low, high
    widest = gap.argmax()
    return ra[(widest + 1) % len(ra)], ra[widest], low, high


def reach(polygons, outside, best):
    """How far what lines enclose reaches from a place inside: east, west, north, south; of less than 180 degrees."""
    places = np.concatenate([along(polygon) for polygon in polygons])
    south, north = inside(polygons, [[0.0, -90.0], [0.0, 90.0]], outside)
    east = (places[:, 0] - best[0] + 180.0) % 360.0 - 180.0
    up = places[:, 1] - best[1]
    return (
        180.0 if south or north else east.max(),
        180.0 if south or north else -east.min(),
        90.0 - best[1] if north else up.max(),
        90.0 + best[1] if south else -up.min(),
    )


RISES = {
    ("statistical", 0.5): 1.39,
    ("statistical", 0.9): 4.61,
    ("headline", 0.5): 22.2,
    ("headline", 0.9): 64.2,
}
"""Of 2 delta-llh at the edges of regions that go by it."""
N_PLACES = 500


def pixels_of(made, region):
    """The nside of a region, and for each pixel (RING) whether it is in it."""
    kind, level = region
    if kind == "headline":
        moc = MOC.from_fits(made.path(f"moc{100 * level:.0f}.fits"))
        nside = 2**moc.max_order
        held = np.zeros(12 * nside**2, bool)
        held[healpy.nest2ring(nside, moc.flatten().astype(np.int64))] = True
        return nside, held
    twice = made.two_delta_llh()
    return healpy.get_nside(twice), twice <= RISES[region]


def best_of(made):
    """Right ascension and declination."""
    return np.array([made.header["RA"], made.header["DEC"]])


def far_from(made):
    """A place that no region of these maps reaches."""
    ra, dec = best_of(made)
    return [(ra + 171.0) % 360.0, -0.9 * dec]


def places_about(polygons, best, nside, held, seed=8):
    """Places by chance: half of them in the region's pixels, half alike everywhere in a disc wider than the lines."""
    dice = np.random.default_rng(seed)
    vertices = vectors(np.concatenate(polygons))
    centre = vectors(best)[0]
    widest = np.arccos(np.clip(vertices @ centre, -1.0, 1.0)).max()
    height = dice.uniform(np.cos(1.3 * widest + 5.0 * healpy.nside2resol(nside)), 1.0, N_PLACES // 2)
    turn = dice.uniform(0.0, 2.0 * np.pi, len(height))
    east = np.cross([0.0, 0.0, 1.0], centre)
    east /= np.linalg.norm(east)
    across = np.cos(turn)[:, np.newaxis] * east + np.sin(turn)[:, np.newaxis] * np.cross(centre, east)
    around = (height[:, np.newaxis] * centre + np.sqrt(1.0 - height**2)[:, np.newaxis] * across).T
    inner = healpy.ring2nest(nside, dice.choice(np.flatnonzero(held), N_PLACES // 2))
    within = healpy.pix2vec(64 * nside, inner * 64**2 + dice.integers(0, 64**2, len(inner)), nest=True)
    return np.stack(healpy.vec2ang(np.concatenate([around.T, np.transpose(within)]), lonlat=True), axis=1)


@pytest.fixture(params=RISES, ids=lambda region: f"{region[0]} {region[1]}")
def region(request):
    """Kind and level."""
    return request.param


@pytest.fixture
def lines(made, region):
    """The polygons of a region, and the area that the text says."""
    area, polygons = made.regions()[region]
    return polygons, area


def test_what_the_lines_enclose_is_the_area_that_is_stated(made, region, lines):
    polygons, area = lines
    nside, _ = pixels_of(made, region)
    pixel = healpy.nside2pixarea(nside, degrees=True)
    enclosed = sum(map(area_deg2, polygons))
    assert enclosed == pytest.approx(area, rel=0.005, abs=pixel)
    kind, level = region
    keyword = f"{'AREA' if kind == 'headline' else 'SAREA'}{100 * level:.0f}"
    assert made.header[keyword] == pytest.approx(area, abs=1e-6)


def test_the_area_is_that_of_the_pixels(made, region, lines):
    """Of a posterior within one. By the rise of 2 delta-llh, whether a pixel at the edge is in goes by its centre."""
    _, area = lines
    nside, held = pixels_of(made, region)
    pixel = healpy.nside2pixarea(nside, degrees=True)
    at_edge = held & ~held[healpy.get_all_neighbours(nside, np.arange(len(held)))].all(axis=0)
    by_chance = 4.0 * np.sqrt(at_edge.sum() / 12.0)
    most = 1.0 if made.answer and region[0] == "headline" else 1.0 + by_chance
    assert held.sum() * pixel == pytest.approx(area, rel=0.0, abs=most * pixel)


def test_places_are_inside_the_lines_exactly_if_they_are_in_the_pixels(made, region, lines):
    """But within one pixel of the edge."""
    polygons, _ = lines
    nside, held = pixels_of(made, region)
    outside = far_from(made)
    assert not held[healpy.ang2pix(nside, *outside, lonlat=True)]
    places = places_about(polygons, best_of(made), nside, held)
    pixel = healpy.ang2pix(nside, *places.T, lonlat=True)
    around = held[healpy.get_all_neighbours(nside, pixel)]
    clear = (around == held[pixel]).all(axis=0)
    found = inside(polygons, places, outside)
    np.testing.assert_array_equal(found[clear], held[pixel[clear]])
    assert np.count_nonzero(~found[clear]) > 10
    assert np.count_nonzero(found[clear]) > 10 or region[0] == "statistical"  # of which some have few pixels


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_errors_and_rectangle_are_how_far_the_lines_reach(made, level):
    _, polygons = made.regions()["headline", level]
    header, outside, n = made.header, far_from(made), f"{100 * level:.0f}"
    reached = [header[f"{name}{n}"] for name in ("RAPLUS", "RAMIN", "DEPLUS", "DEMIN")]
    assert reached == pytest.approx(reach(polygons, outside, best_of(made)), abs=2e-6)
    edges = [header[f"{name}{n}"] for name in ("RALO", "RAHI", "DELO", "DEHI")]
    assert edges == pytest.approx(rectangle(polygons, outside), abs=2e-6)
