"""The DOMs around a line, and the photoelectrons that points on the line leave in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.constants import C_ICE_M_PER_NS, C_VACUUM_M_PER_NS
from skydriver.detector.coordinates import direction_vector
from skydriver.detector.geometry import dom_positions
from skydriver.detector.light import LayerMeans, PathIce, acceptance, straightness
from skydriver.simulation.light import pandel_delays, point_yield
from skydriver.simulation.losses import LIGHT_M_PER_GEV
from skydriver.simulation.readout import Hits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.detector.ice import IceModel
    from skydriver.simulation.truth import Truth

    Floats = NDArray[np.float64]

NEAREST_M: Final = 0.5
"""Closer sources shine as if from this far."""


class Paths(NamedTuple):
    """Straight ways from sources to DOMs, arrays that broadcast to one shape."""

    dom: NDArray[np.intp]
    start_ns: Floats
    distance_m: Floats
    ice: PathIce
    seen: Floats
    """Acceptance of the DOM for light from there."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A particle's line and the DOMs near it, arrays of shape (n,)."""

    truth: Truth
    rise: float
    """Cosine of the particle's way with the vertical."""
    layers: LayerMeans
    dom: NDArray[np.intp]
    z_m: Floats
    along_m: Floats
    """Where a DOM lies along the line, from the vertex on."""
    perpendicular_m: Floats

    def paths(self, source_m: Floats, distance_m: Floats) -> Paths:
        """Ways to every DOM from sources this far along the line, which shine when the particle is there."""
        source_z_m = self.truth.z_m + source_m * self.rise
        ice = self.layers.between(self.z_m, source_z_m)
        seen = acceptance((self.z_m - source_z_m) / distance_m, straightness(distance_m, ice))
        start_ns = self.truth.t_ns + source_m / C_VACUUM_M_PER_NS
        return Paths(self.dom, start_ns, distance_m, ice, seen)


def make_scene(truth: Truth, ice: IceModel, farthest_m: float) -> Scene:
    """The particle's line with the DOMs that are at most `farthest_m` beside it."""
    travel = -direction_vector(truth.zenith_rad, truth.azimuth_rad)
    position = dom_positions() - np.array([truth.x_m, truth.y_m, truth.z_m])
    along = position @ travel
    perpendicular = np.sqrt(np.maximum((position**2).sum(axis=1) - along**2, NEAREST_M**2))
    near = np.flatnonzero(perpendicular < farthest_m)
    columns = (dom_positions()[near, 2], along[near], perpendicular[near])
    return Scene(truth, float(travel[2]), LayerMeans(ice), near, *columns)


def point_hits(scene: Scene, places_m: Floats, showers_gev: Floats, rng: np.random.Generator) -> Hits:
    """Photoelectrons of small showers, of shape (n,), along the line."""
    source_m = places_m[:, np.newaxis]
    along_m = scene.along_m - source_m
    distance_m = np.hypot(along_m, scene.perpendicular_m)
    paths = scene.paths(source_m, distance_m)
    shining_m = LIGHT_M_PER_GEV * showers_gev[:, np.newaxis]
    return arrivals(paths, shining_m * point_yield(distance_m, along_m / distance_m, paths.ice), rng)


def arrivals(paths: Paths, light: Floats, rng: np.random.Generator) -> Hits:
    """Photoelectrons that arrive on `paths` when `light` of them would at full acceptance."""
    count = rng.poisson(paths.seen * light)
    chosen = np.nonzero(count)

    def pick(column: Floats) -> Floats:
        return np.repeat(np.broadcast_to(column, count.shape)[chosen], count[chosen])

    distance_m = pick(paths.distance_m)
    delays_ns = pandel_delays(distance_m, PathIce(pick(paths.ice.scattering), pick(paths.ice.absorption)), rng)
    dom = np.repeat(paths.dom[chosen[-1]], count[chosen])
    return Hits(dom, pick(paths.start_ns) + distance_m / C_ICE_M_PER_NS + delays_ns)
