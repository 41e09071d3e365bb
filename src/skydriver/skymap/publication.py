"""What the products of a map are made of: the map, and what was found out about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from skydriver.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.skymap.cells import Cells
    from skydriver.skymap.outline import Outline
    from skydriver.skymap.posterior import Posterior
    from skydriver.skymap.skymap import BestFit, SkyMap

COMPARE = "Compare with the official notice before pointing."


class Direction(NamedTuple):
    """A named place on the sky, ICRS."""

    name: str
    ra_deg: float
    dec_deg: float


@dataclass(frozen=True, slots=True)
class Quote:
    """What may be quoted of a map: its regions with a calibrated systematic error in them."""

    calibration: str
    """Name of the table that the error is from."""
    tests_only: bool
    """Whether a notice made with it is a test."""
    sigma_sys_deg: float | None
    """Systematic error per axis; None where the levels themselves are calibrated."""
    outlines: tuple[Outline, ...]
    """Headline regions of 50 and 90 %, then the statistical ones."""
    posterior: Posterior | None
    """The posterior with the systematic error in it; None where the levels themselves are calibrated."""

    def outline(self, level: float) -> Outline:
        """The headline region of a level."""
        return next(line for line in self.outlines if line.kind == "headline" and line.level == level)


@dataclass(frozen=True, slots=True)
class Publication:
    """All that the products of a map say."""

    skymap: SkyMap
    best: BestFit
    cells: Cells
    """Of the map (`skydriver.skymap.cells.cells_of`)."""
    algorithm: str
    algorithm_version: str
    quote: Quote | None
    """None where nothing may be quoted."""
    why_not: str
    """Why nothing may be quoted, a sentence without a stop; empty where something may."""
    topology: str = "unknown"
    """Label of the kind of event; ``unknown`` where none was determined."""
    headline: str = "nothing is quoted"
    """What is quoted of the event, in one line."""
    answer: str = "no"
    """May I use it: ``yes``, ``caution`` or ``no``."""
    reasons: tuple[str, ...] = ("no: nothing is known of the event but its map",)
    """Each with the answer that it would give alone, the worst first."""
    looks: tuple[Direction, ...] = ()
    """Directions that came with the event."""
    stated: Mapping[str, float] | None = None
    """Energies, signalness and the like that the event itself states, by its own names; None where it is not known."""

    def quoted(self) -> Quote:
        """What may be quoted; a `ResultError` that says why where nothing may."""
        if self.quote is None:
            raise ResultError(self.why_not or "nothing may be quoted of this map")
        return self.quote

    @property
    def statement(self) -> str:
        """Who made this, what is in it, and what to do before using it; stands in every product."""
        return f"{self.maker}, independent of and not endorsed by IceCube. {self.systematics} {COMPARE}"

    @property
    def maker(self) -> str:
        """Who made this, as the begin of a sentence."""
        if self.skymap.provenance is None:
            return f"Made by SkyDriver of a map of {self.algorithm}, made elsewhere"
        return f"Made by SkyDriver {self.algorithm} {self.algorithm_version}"

    @property
    def systematics(self) -> str:
        """Whether systematic uncertainties are included, a sentence."""
        if self.quote is None:
            return "Systematic uncertainties are not included: statistical only."
        if self.quote.sigma_sys_deg is None:
            return f"Systematic uncertainties are included by the levels of {self.quote.calibration}."
        size = f"{self.quote.sigma_sys_deg:g} deg per axis"
        return f"Systematic uncertainties are included: {size} ({self.quote.calibration})."
