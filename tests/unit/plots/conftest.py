"""Maps and regions made by hand."""

from __future__ import annotations

from types import SimpleNamespace

import hpgeom
import numpy as np
import pytest

from skydriver.detector.coordinates import angular_distance
from skydriver.plots.lines import ContourLine, RegionLine
from skydriver.plots.page import Texts

TEXTS = Texts("Run 1, event 2", "dummy", "Made by SkyDriver, not endorsed by IceCube. " * 6)


def bowl(ra, dec, *, refined=True):
    """llh of a bowl of half a degree around a place, all over the sky, with finer pixels around it."""

    def llh(nside, pixels):
        places = np.radians(hpgeom.pixel_to_angle(nside, pixels, nest=False))
        return np.minimum(2 * np.degrees(angular_distance(*places, *np.radians([ra, dec]))) ** 2, 2000.0)

    stages = {8: (np.arange(768), llh(8, np.arange(768)))}
    if refined:
        near = hpgeom.query_circle(128, ra, dec, 4.0, nest=False)
        stages[128] = (near, llh(128, near))
    return stages


def disc(ra, dec, radius, n=60):
    """A polygon of `n` points at one distance from a place, by turning a circle around the pole down to it."""
    angle = np.linspace(0.0, 2 * np.pi, n, endpoint=False)
    colatitude, lowered = np.radians(radius), np.radians(90.0 - dec)
    x = np.sin(colatitude) * np.cos(angle)
    y, z = np.sin(colatitude) * np.sin(angle), np.full(n, np.cos(colatitude))
    x, z = x * np.cos(lowered) + z * np.sin(lowered), z * np.cos(lowered) - x * np.sin(lowered)
    return ContourLine((np.degrees(np.arctan2(y, x)) + ra) % 360, np.degrees(np.arctan2(z, np.hypot(x, y))))


def regions(ra, dec, radius, *more: ContourLine):
    """What is quoted, with further lines, and two statistical regions in it."""
    return [
        RegionLine("90 % with 0.8°", "headline", 0.9, (disc(ra, dec, radius), *more)),
        RegionLine("50 % by Wilks, statistical only", "statistical", 0.5, (disc(ra, dec, radius / 4),), 1.39),
        RegionLine("90 % by Wilks, statistical only", "statistical", 0.9, (disc(ra, dec, radius / 2),), 4.61),
    ]


@pytest.fixture(scope="session")
def by_hand():
    return SimpleNamespace(bowl=bowl, disc=disc, regions=regions, texts=TEXTS)
