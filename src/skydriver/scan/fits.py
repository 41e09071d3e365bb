"""The planner's vocabulary: which fit is meant, what is wanted, and what came out."""

from __future__ import annotations

from typing import NamedTuple


class FitKey(NamedTuple):
    """One fit of the plan: there is at most one for each stage, round and pixel."""

    nside: int
    round: int
    """0 for the first fit of a pixel, then the number of the sweep."""
    pixel: int
    """RING index at `nside`."""


class Wanted(NamedTuple):
    """A fit to be made."""

    nside: int
    round: int
    pixel: int
    seeds: tuple[FitKey, ...]
    """The fits whose vertices it starts from, sorted by pixel; empty: the algorithm's own seeds."""

    @property
    def key(self) -> FitKey:
        """What other fits call this one when they take its vertex as a seed."""
        return FitKey(self.nside, self.round, self.pixel)


class Finished(NamedTuple):
    """A fit that was made, or given up."""

    wanted: Wanted
    llh: float
    """Negative log-likelihood; NaN where the fit failed."""
    E_in: float
    """Energy at the detector's edge, GeV."""
    E_tot: float
    """Total deposited energy, GeV."""
    x: float
    """Vertex, m."""
    y: float
    z: float
    t: float
    """Time at the vertex, ns."""
    cpu_seconds: float
    """CPU time that the fit took."""
    error: str | None = None
    """Why it failed, where it did."""
