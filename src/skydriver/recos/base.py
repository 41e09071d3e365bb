"""What a reconstruction is: the protocol that each algorithm follows, and what each must say of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from skydriver.events.event import Pulses


@dataclass(frozen=True, slots=True)
class RecoInfo:
    """What an algorithm says of itself."""

    name: str
    version: str
    """Raised whenever its numbers change."""
    fit_for: str
    """Which events it may speak on."""
    llh_meaning: str
    """What its negative log-likelihood is the likelihood of."""
    memory_bytes: int
    """What one worker process needs."""
    max_reco_time_s: float
    """Default limit on the CPU time of one pixel's fit, in seconds."""
    rounds: int
    """Rounds per stage: 1 plus the sweeps that re-seed a pixel from its neighbours."""
    min_doms: int
    """Fewest hit DOMs that a fit makes sense with."""
    fits_tracks: bool
    """Whether its vertex and direction are those of a track through the event's light."""
    calibration: str | None
    """Name of what is known of its errors beyond statistics; without one nothing is quoted of its maps."""


class Fit(NamedTuple):
    """The outcome of one pixel's fit, in detector coordinates."""

    llh: float
    """Negative log-likelihood at the minimum."""
    E_in: float
    """Energy at the detector's edge, GeV; NaN where the algorithm fits none."""
    E_tot: float
    """Total deposited energy, GeV; NaN where the algorithm fits none."""
    x: float
    """Vertex, m."""
    y: float
    z: float
    t: float
    """Time at the vertex, ns."""


class EventFitter(Protocol):
    """One algorithm bound to one event."""

    def fit(self, direction: NDArray[np.float64], seeds: NDArray[np.float64] | None) -> Fit:
        """Minimise over everything but the direction.

        Parameters
        ----------
        direction
            Unit vector (3,), detector coordinates, pointing to where the particle came FROM.
        seeds
            Vertices (k, 4) as x, y, z in m and t in ns; None asks for the algorithm's own.
        """
        ...


class Reconstruction(Protocol):
    """An algorithm."""

    info: RecoInfo

    def bind(self, pulses: Pulses) -> EventFitter:
        """Make ready for one event's cleaned pulses; a `TaskInputError` says why it cannot."""
        ...

    def provenance(self) -> Mapping[str, str]:
        """Names and sha256 of every table that the numbers depend on, and the physical settings."""
        ...
