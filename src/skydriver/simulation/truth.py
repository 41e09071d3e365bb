"""What a simulated event truly is: its kind, and the particle behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal["through_going", "skimming", "starting", "stopping", "cascade"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Muons that cross the detector, pass along its edge, begin or end in it, and single showers."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A particle. Angles are those of where it came FROM, in detector coordinates."""

    zenith_rad: float
    azimuth_rad: float
    x_m: float
    """The vertex, m: the point nearest the detector's centre of a muon that only passes, the place where a starting
    muon begins, where a stopping one ends, and where a cascade begins."""
    y_m: float
    z_m: float
    t_ns: float
    """When the particle is there, ns after the event's start."""
    energy_gev: float
    """Of a muon that only passes, 800 m before the vertex; of a starting muon and of a cascade, at the vertex; of a
    stopping muon, `path_m` before it."""
    kind: Kind = "through_going"
    hadronic_energy_gev: float | None = None
    """Energy of the hadronic shower at a starting muon's vertex; None for the other kinds."""
    path_m: float | None = None
    """How far before its end a stopping muon had its energy; None for the other kinds."""
