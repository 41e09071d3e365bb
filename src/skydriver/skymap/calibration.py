"""By how much an algorithm's map is wrong beyond its statistics: named tables with their source.

A calibration gives, for a kind of event and its brightness, the systematic floor in degrees that is folded into the
posterior, and beside it the levels on 2 delta-llh that hold half and 90 % of the truths.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from skydriver.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
ANY: Final = "any"
"""Stands for every topology."""


class Band(NamedTuple):
    """What holds for one kind of event."""

    topology: str
    """Label of the events, or ``any``."""
    min_charge_pe: float
    """Least charge of the cleaned pulses, photoelectrons: a measure of the energy that every event has."""
    max_charge_pe: float | None
    """It is less than this; None: no limit."""
    n_events: int
    """Events that it rests on."""
    sigma_sys_deg: float
    """Floor per axis, degrees."""
    level50: float | None
    """Rise of 2 delta-llh that holds half of the truths; None where it was not measured."""
    level90: float | None

    def holds(self, topology: str, charge_pe: float) -> bool:
        """Whether an event is of this kind."""
        below = self.max_charge_pe is None or charge_pe < self.max_charge_pe
        return self.topology in {ANY, topology} and self.min_charge_pe <= charge_pe and below


@dataclass(frozen=True, slots=True)
class Calibration:
    """A named table."""

    name: str
    source: str
    """What it was measured on, in words."""
    algorithm: str
    """Whose maps it is for."""
    algorithm_version: str
    """``any`` where it does not rest on one version's numbers."""
    tests_only: bool
    """Whether a notice made with it is a test."""
    bands: tuple[Band, ...]
    """The first that holds an event counts."""

    def band(self, topology: str, charge_pe: float) -> Band | None:
        """What holds for an event; None where the table does not speak of its kind."""
        return next((band for band in self.bands if band.holds(topology, charge_pe)), None)

    def fits(self, algorithm: str, version: str) -> bool:
        """Whether it is for this algorithm."""
        return self.algorithm == algorithm and self.algorithm_version in {ANY, version}

    def to_json(self) -> bytes:
        """As JSON, the same bytes for the same table."""
        content = {"format": FORMAT} | asdict(self) | {"bands": [band._asdict() for band in self.bands]}
        return json.dumps(content, indent=1, allow_nan=False).encode() + b"\n"


THREE_ALERT_FLOOR: Final = Calibration(
    name="three-alert floor",
    source="best fits of three public alerts against IceCat-2, its own errors included: 0.37 to 0.80 degrees per axis",
    algorithm="pandel_mpe",
    algorithm_version=ANY,
    tests_only=True,
    bands=(Band(ANY, 0.0, None, 3, 0.8, None, None),),
)
CALIBRATIONS: Final = {THREE_ALERT_FLOOR.name: THREE_ALERT_FLOOR}
"""Those that algorithms carry, by name."""


def read_calibration(path: Path) -> Calibration:
    """A table that `Calibration.to_json` wrote; its name gains the beginning of the file's sha256.

    Raises
    ------
    SettingError
        Naming ``calibration``, the file and what is wrong with it.
    """
    try:
        data = path.read_bytes()
        found = _calibration(json.loads(data))
    except OSError as error:
        raise SettingError("calibration", f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SettingError("calibration", f"{path} is none: {type(error).__name__}: {str(error)[:100]}") from error
    return replace(found, name=f"{found.name} ({hashlib.sha256(data).hexdigest()[:12]})")


def _calibration(content: dict[str, Any]) -> Calibration:
    """The table of a JSON document."""
    if _typed(content["format"], int) != FORMAT:
        raise ValueError(f"its format is {str(content['format'])[:20]}, not {FORMAT}")
    return Calibration(
        **{name: _typed(content[name], str) for name in ("name", "source", "algorithm", "algorithm_version")},
        tests_only=_typed(content["tests_only"], bool),
        bands=tuple(_band(band) for band in content["bands"]),
    )


def _band(content: dict[str, Any]) -> Band:
    """A row of the table, its numbers checked."""
    optional = {
        name: _number(content[name]) for name in ("max_charge_pe", "level50", "level90") if content[name] is not None
    }
    sigma = _number(content["sigma_sys_deg"])
    if not 0.01 <= sigma <= 90.0:
        raise ValueError(f"sigma_sys_deg {sigma} is not between 0.01 and 90 degrees")
    return Band(
        _typed(content["topology"], str),
        _number(content["min_charge_pe"]),
        optional.get("max_charge_pe"),
        _typed(content["n_events"], int),
        sigma,
        optional.get("level50"),
        optional.get("level90"),
    )


def _typed(value: object, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{str(value)[:40]!r} is no {kind.__name__}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return float(value)
