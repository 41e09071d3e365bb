"""What is quoted of an event, by its topology.

A track through the detector: the map's posterior. A track that starts in it or skims it: the event's own first look,
the map being diagnostic. A cascade: its vertex, and no direction. Else nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from skydriver.services.first_looks import best_look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.services.first_looks import FirstLook
    from skydriver.services.topology import Topology
    from skydriver.skymap.map_regions import MapRegions
    from skydriver.skymap.skymap import BestFit

Kind = Literal["region", "first_look", "vertex", "none"]


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer; what does not apply is None."""

    kind: Kind
    source: str
    """Where it comes from: a calibration, a first look, a fit."""
    ra_deg: float | None = None
    dec_deg: float | None = None
    sigma_sys_deg: float | None = None
    area50_deg2: float | None = None
    area90_deg2: float | None = None
    ra_plus_deg: float | None = None
    """How far the 90 % region reaches, degrees of the coordinate."""
    ra_minus_deg: float | None = None
    dec_plus_deg: float | None = None
    dec_minus_deg: float | None = None
    truncated: bool | None = None
    """Whether the fine map does not enclose the 90 % region."""
    error_deg: float | None = None
    """A first look's own error, one standard deviation."""
    error_name: str | None = None
    """How that was estimated."""
    x_m: float | None = None
    """A cascade's vertex, detector coordinates."""
    y_m: float | None = None
    z_m: float | None = None
    t_ns: float | None = None

    @property
    def text(self) -> str:
        """What is quoted, in one line for people."""
        match self.kind:
            case "region":
                ra = f"RA {self.ra_deg:.2f} +{self.ra_plus_deg:.2f} -{self.ra_minus_deg:.2f}"
                dec = f"Dec {self.dec_deg:+.2f} +{self.dec_plus_deg:.2f} -{self.dec_minus_deg:.2f}"
                return f"{ra}, {dec} deg (90%), {self.area90_deg2:.2f} deg2, {self.sigma_sys_deg:g} deg {self.source}"
            case "first_look":
                error = "" if self.error_deg is None else f" +- {self.error_deg:.2f} deg ({self.error_name})"
                return f"the event's own {self.source}: RA {self.ra_deg:.3f} Dec {self.dec_deg:+.3f}{error}"
            case "vertex":
                return f"vertex x {self.x_m:.0f} y {self.y_m:.0f} z {self.z_m:.0f} m, no direction"
            case "none":
                return self.source

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"text": self.text}


NOTHING = Headline("none", "nothing is quoted")


def headline(
    best: BestFit | None, topology: Topology | None, regions: MapRegions | None, looks: Sequence[FirstLook]
) -> Headline:
    """What is quoted.

    Parameters
    ----------
    best
        Of the map.
    topology
        Of the event; None where none was determined.
    regions
        Of the map; None without a best fit or a calibration.
    looks
        The directions that came with the event.
    """
    if best is None or topology is None:
        return NOTHING
    match topology.label:
        case "through-going":
            return _region(best, regions)
        case "starting" | "skimming":
            return _first_look(looks)
        case "cascade":
            return Headline("vertex", "fit of a point source", **topology.vertex._asdict())
        case "unknown":
            return NOTHING


def _region(best: BestFit, regions: MapRegions | None) -> Headline:
    if regions is None:
        return NOTHING
    return Headline(
        "region",
        regions.calibration,
        best.ra_deg,
        best.dec_deg,
        regions.sigma_sys_deg,
        regions.region50.area_deg2,
        regions.region90.area_deg2,
        *regions.errors90,
        truncated=regions.truncated,
    )


def _first_look(looks: Sequence[FirstLook]) -> Headline:
    look = best_look(looks)
    if look is None:
        return NOTHING
    return Headline(
        "first_look", look.name, look.ra_deg, look.dec_deg, error_deg=look.error_deg, error_name=look.error_name
    )
