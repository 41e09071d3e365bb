"""The detector's edge: a prism around the strings of the main array, and how a place or a track lies in it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from skydriver.detector.geometry import DOMS_PER_STRING, dom_positions

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

EDGE_STRINGS: Final = (75, 31, 22, 7, 1, 2, 6, 13, 40, 50, 74, 78, 77)
"""Strings that the horizontal outline joins, counterclockwise seen from above: the convex hull of strings 1 to 78."""
MAIN_STRINGS: Final = 78


def depth_m(places_m: ArrayLike) -> Floats:
    """How far inside the nearest face of the detector's edge places (..., 3) in m lie; negative outside."""
    normals, limits = _faces()
    depth: Floats = (limits - np.asarray(places_m, np.float64) @ normals.T).min(axis=-1)
    return depth


def deepest_m(place_m: ArrayLike, travel: ArrayLike) -> float:
    """How deep inside the edge a line gets at most, m, to half a metre; negative where it misses the detector.

    Parameters
    ----------
    place_m
        A point of the line (3,), m; the line is followed 1500 m to both sides of it.
    travel
        Unit vector (3,) along it.
    """
    steps = np.linspace(-1500.0, 1500.0, 3001)
    line = np.asarray(place_m, np.float64) + steps[:, np.newaxis] * np.asarray(travel, np.float64)
    return float(depth_m(line).max())


@cache
def _faces() -> tuple[Floats, Floats]:
    """Outward unit normals (n, 3) and the distances (n,) of the faces from the origin, m."""
    strings = dom_positions().reshape(-1, DOMS_PER_STRING, 3)
    corners = strings[np.array(EDGE_STRINGS) - 1].mean(axis=1)[:, :2]
    along = np.roll(corners, -1, axis=0) - corners
    sides = np.column_stack([along[:, 1], -along[:, 0], np.zeros(len(along))])
    sides /= np.linalg.norm(sides, axis=1)[:, np.newaxis]
    normals = np.concatenate([sides, [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]])
    top, bottom = strings[:MAIN_STRINGS, 0, 2].mean(), strings[:MAIN_STRINGS, -1, 2].mean()
    limits = np.append((sides[:, :2] * corners).sum(axis=1), [top, -bottom])
    return normals, limits
