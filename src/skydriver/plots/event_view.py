"""The panels of an event's picture: the detector, its hits and the track in a plane. Detector coordinates, m and ns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.patheffects import withStroke

from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.detector.coordinates import direction_vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HIT_COLOURS: Final = colormaps["viridis"]
"""Even in lightness and safe for the colour-blind: early is dark, late is bright."""
LATEST: Final = 0.95
"""The share of hit DOMs after which all are of the last colour: a few late pulses do not hide what went before."""
_AREA_OF_1_PE: Final = 13.0
_MOST_PE: Final = 3000.0
_LEAST_PE: Final = 0.1
_MARGIN_M: Final = 60.0
_HALF_M: Final = 620.0
_MARKS: Final = 6.0
_LINE: Final[dict[str, Any]] = {"color": "#d62728", "linewidth": 1.6}


class Hits(NamedTuple):
    """The hit DOMs, arrays of shape (n,)."""

    x_m: Floats
    y_m: Floats
    z_m: Floats
    time_ns: Floats
    """Of the first pulse."""
    charge_pe: Floats
    """Of all pulses."""


class Track(NamedTuple):
    """A straight track at the speed of light: a point, when it was there, and where it came FROM."""

    x_m: float
    y_m: float
    z_m: float
    t_ns: float
    zenith_rad: float
    azimuth_rad: float

    @property
    def travel(self) -> Floats:
        """Unit vector (3,) to where it goes."""
        return -direction_vector(self.zenith_rad, self.azimuth_rad)

    def at(self, time_ns: Floats) -> Floats:
        """Where it is at times (n,): places (n, 3), m."""
        along = C_VACUUM_M_PER_NS * (np.asarray(time_ns, np.float64) - self.t_ns)
        return np.array([self.x_m, self.y_m, self.z_m]) + along[:, None] * self.travel


class Scene(NamedTuple):
    """What is seen."""

    doms_m: Floats
    """(n, 3)"""
    hits: Hits
    track: Track | None


class View(NamedTuple):
    """A plane to see it in."""

    title: str
    across: Floats
    """Unit vector (3,) to the right."""
    up: Floats
    across_label: str
    up_label: str

    def project(self, places_m: Floats) -> tuple[Floats, Floats]:
        """Places (n, 3) in the plane, m."""
        return places_m @ self.across, places_m @ self.up


class Marks(NamedTuple):
    """Times at which the track is marked."""

    step_ns: float
    time_ns: Floats


def top_view(_: Scene) -> View:
    """From above."""
    return View("from above", np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]), "x (m)", "y (m)")


def side_view(scene: Scene) -> View:
    """From the side, so that the track lies in the plane; along x without a track or with a vertical one."""
    across = np.zeros(3) if scene.track is None else scene.track.travel * [1.0, 1.0, 0.0]
    length = float(np.linalg.norm(across))
    up = np.array([0.0, 0.0, 1.0])
    if length < 1e-3:
        return View("from the side", np.array([1.0, 0.0, 0.0]), up, "x (m)", "z (m)")
    return View("from the side, the track in the plane", across / length, up, "along the track's azimuth (m)", "z (m)")


def draw_view(axes: Axes, scene: Scene, view: View, scale: float) -> None:
    """Fill a square panel."""
    half = _half_width(scene)
    axes.set(xlim=(-half, half), ylim=(-half, half))
    axes.plot(*view.project(scene.doms_m), marker=".", markersize=1.2 * scale, color="0.8", linestyle="none", zorder=1)
    _draw_hits(axes, scene.hits, view, scale)
    if scene.track is not None:
        _draw_track(axes, scene, scene.track, view)


def colour_times(hits: Hits) -> tuple[Normalize, bool]:
    """The colours' range, ns after the first hit, and whether some hits are later than its end."""
    after = _after_first(hits)
    latest = float(np.quantile(after, LATEST)) if len(after) else 0.0
    if latest <= 0.0:
        latest = max(float(after.max(initial=0.0)), 1.0)
    return Normalize(0.0, latest), bool(np.any(after > latest))


def areas(charge_pe: Floats, scale: float) -> Floats:
    """Symbols' areas, square points: they grow as the square root of the charge, up to 3000 PE."""
    charge = np.clip(np.asarray(charge_pe, np.float64), _LEAST_PE, _MOST_PE)
    return np.asarray(_AREA_OF_1_PE * scale**2 * np.sqrt(charge), np.float64)


def round_charges(hits: Hits) -> list[float]:
    """Powers of ten up to the largest charge, PE, at most four of them."""
    largest = min(float(hits.charge_pe.max(initial=0.0)), _MOST_PE)
    return [charge for charge in (1.0, 10.0, 100.0, 1000.0) if charge <= max(largest, 1.0)]


def mark_times(scene: Scene) -> Marks:
    """Round times after the first hit at which the track is marked, as long as most of the light lasts."""
    norm, _ = colour_times(scene.hits)
    last = float(norm.vmax or 1.0)
    power = 10.0 ** np.floor(np.log10(last / _MARKS))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= last / _MARKS * (1 - 1e-9))
    return Marks(float(step), np.arange(0.0, last + 1e-9, step))


def line_style() -> dict[str, Any]:
    """How the track looks."""
    return _LINE | {"path_effects": [withStroke(linewidth=3.0, foreground="white")], "zorder": 4}


def inside(line: tuple[Floats, Floats], half: float) -> tuple[float, float] | None:
    """Between which multiples of a direction a line is in a square around the origin; None if it misses it.

    Parameters
    ----------
    line
        A point (2,) and a direction (2,) in the plane.
    half
        Half the square's width.
    """
    low, high = -np.inf, np.inf
    for start, step in zip(*line, strict=True):
        if abs(step) < 1e-9:
            low, high = (low, high) if abs(start) < half else (np.inf, -np.inf)
            continue
        first, last = sorted([(-half - start) / step, (half - start) / step])
        low, high = max(low, first), min(high, last)
    return (float(low), float(high)) if low < high and np.isfinite(low + high) else None


def _half_width(scene: Scene) -> float:
    """Half the panels' width: a square that holds every DOM, however it is turned."""
    reach = np.hypot(scene.doms_m[:, 0], scene.doms_m[:, 1]).max(initial=0.0)
    return float(max(reach, np.abs(scene.doms_m[:, 2]).max(initial=0.0), _HALF_M - _MARGIN_M) + _MARGIN_M)


def _after_first(hits: Hits) -> Floats:
    return hits.time_ns - hits.time_ns.min() if len(hits.time_ns) else np.zeros(0)


def _draw_hits(axes: Axes, hits: Hits, view: View, scale: float) -> None:
    """The large ones first, so that they hide no small ones."""
    order = np.argsort(-hits.charge_pe, kind="stable")
    places = np.stack([hits.x_m, hits.y_m, hits.z_m], axis=1)[order]
    axes.scatter(
        *view.project(places), s=areas(hits.charge_pe[order], scale), c=_after_first(hits)[order], cmap=HIT_COLOURS,
        norm=colour_times(hits)[0], edgecolors="0.2", linewidths=0.35, zorder=3,
    )  # fmt: skip


def _draw_track(axes: Axes, scene: Scene, track: Track, view: View) -> None:
    """A line through the panel with an arrow in the direction of travel, and marks at times."""
    point = np.concatenate(view.project(np.array([[track.x_m, track.y_m, track.z_m]])))
    step = np.concatenate(view.project(track.travel[None]))
    ends = inside((point, step), float(axes.get_xlim()[1]))
    if ends is None:
        return
    begin, end = point + ends[0] * step, point + ends[1] * step
    style = line_style()
    axes.plot([begin[0], end[0]], [begin[1], end[1]], gid="track", **style)
    arrow = {"arrowstyle": "-|>", "color": _LINE["color"], "linewidth": _LINE["linewidth"], "mutation_scale": 16}
    tip, tail = end - 0.03 * (end - begin), end - 0.1 * (end - begin)
    axes.annotate("", xy=tuple(tip), xytext=tuple(tail), arrowprops=arrow | {"shrinkA": 0, "shrinkB": 0}, zorder=5)
    _draw_marks(axes, scene, track, view)


def _draw_marks(axes: Axes, scene: Scene, track: Track, view: View) -> None:
    if not len(scene.hits.time_ns):
        return
    time = mark_times(scene).time_ns
    places = view.project(track.at(scene.hits.time_ns.min() + time))
    axes.scatter(
        *places, s=26.0, c=time, cmap=HIT_COLOURS, norm=colour_times(scene.hits)[0], marker="D", edgecolors="black",
        linewidths=0.8, zorder=6, gid="marks",
    )  # fmt: skip
