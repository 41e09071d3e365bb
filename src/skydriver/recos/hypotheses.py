"""A track and a point source as explanations of the same pulses, compared DOM by DOM."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skydriver.detector.constants import C_VACUUM_M_PER_NS, N_GROUP
from skydriver.recos.pandel_mpe import MAX_PHOTONS
from skydriver.recos.pandel_table import SCATTERING_LENGTH_M, load_table
from skydriver.recos.point_llh import point_llh
from skydriver.recos.track_fit import first_hits
from skydriver.recos.track_llh import track_llh
from skydriver.recos.vertices import EARLY_FRACTION, track_frame

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from skydriver.events.event import Pulses

    Floats = NDArray[np.float64]


class PointSource(NamedTuple):
    """A fitted point source."""

    x_m: float
    y_m: float
    z_m: float
    t_ns: float


class Comparison(NamedTuple):
    """How well a track and a point source explain an event."""

    n_dom: int
    track_llh: float
    """Negative log-likelihood."""
    point_llh: float
    significance: float
    """By how many standard deviations the track is the better explanation; negative where the point source is."""
    point: PointSource


def compare(pulses: Pulses, direction: ArrayLike, vertex: ArrayLike, t_ns: float) -> Comparison:
    """A given track against the point source of lowest llh.

    The significance is Vuong's: the sum over DOMs of the differences in llh, over their standard deviation times the
    root of their number (Q. H. Vuong, Econometrica 57 (1989) 307, theorem 5.1), without a correction for the one more
    parameter of a track. Both are judged by the usual constants of `pandel_mpe`, whatever options a scan had.

    Parameters
    ----------
    pulses
        Cleaned.
    direction
        Unit vector (3,) to where the track came FROM, detector coordinates.
    vertex, t_ns
        A point of the track (3,), m, and when it was there, ns.
    """
    hits = first_hits(pulses, MAX_PHOTONS)
    constant = float(np.log(hits[:, 4]).sum())
    hits[:, 3] *= C_VACUUM_M_PER_NS
    source = _best_point(hits, first_hits(pulses, math.inf)[:, 4])
    track, point = _track_terms(hits, direction, vertex, t_ns), _point_terms(hits, source)
    x, y, z, ct = source.tolist()
    place = PointSource(x, y, z, ct / C_VACUUM_M_PER_NS)
    of_track, of_point = float(track.sum()) - constant, float(point.sum()) - constant
    return Comparison(len(hits), of_track, of_point, significance(point - track), place)


def significance(differences: Floats) -> float:
    """The sum of (n,) differences over its standard deviation; 0 where they do not differ."""
    spread = float(np.std(differences)) * math.sqrt(len(differences))
    return float(differences.sum()) / spread if spread > 0.0 else 0.0


def _track_terms(hits: Floats, direction: ArrayLike, vertex: ArrayLike, t_ns: float) -> Floats:
    """The negative log-likelihood of each DOM (n,)."""
    table, frame = load_table(), np.empty((3, 3))
    track_frame(np.asarray(direction, np.float64), frame)
    here = hits.copy()
    here[:, :3] -= np.asarray(vertex, np.float64)
    here[:, 3] -= t_ns * C_VACUUM_M_PER_NS
    rows = (here[k : k + 1] for k in range(len(here)))
    return np.array([track_llh(row, table, SCATTERING_LENGTH_M, 1.0, frame, 0.0, 0.0, 0.0)[0] for row in rows])


def _point_terms(hits: Floats, source: Floats) -> Floats:
    """The negative log-likelihood of each DOM (n,)."""
    return np.array([_point(hits[k : k + 1], source)[0] for k in range(len(hits))])


def _point(hits: Floats, source: Floats) -> tuple[float, Floats]:
    """Negative log-likelihood and its gradient (4,)."""
    llh, gradient = point_llh(hits, load_table(), SCATTERING_LENGTH_M, 1.0 / C_VACUUM_M_PER_NS, source)
    return llh, np.array(gradient)


def _best_point(hits: Floats, charge_pe: Floats) -> Floats:
    """x, y, z and c t (m) of the lowest of the minima that BFGS finds from several seeds."""
    from scipy.optimize import minimize  # noqa: PLC0415 - loads slowly, and is needed once for an event

    seeds = _point_seeds(hits, charge_pe)
    fits = [minimize(lambda s: _point(hits, s), seed, jac=True, method="BFGS") for seed in seeds]
    best = min(fits, key=lambda fit: fit.fun if math.isfinite(fit.fun) else math.inf)
    return np.asarray(best.x, np.float64)


def _point_seeds(hits: Floats, charge_pe: Floats) -> list[Floats]:
    """The centre of the hit DOMs, weighted less and more by charge, and the brightest DOM."""
    places = [np.average(hits[:, :3], axis=0, weights=charge_pe**power) for power in (0.0, 1.0, 2.0)]
    places.append(hits[int(charge_pe.argmax()), :3])
    return [np.append(place, _start_ct_m(hits, place)) for place in places]


def _start_ct_m(hits: Floats, place: Floats) -> float:
    """The c t at which a share of the hits would precede direct light from a place."""
    late = hits[:, 3] - N_GROUP * np.linalg.norm(hits[:, :3] - place, axis=1)
    return float(np.quantile(late, EARLY_FRACTION))
