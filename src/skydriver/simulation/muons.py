"""Simulated events: a muon chosen by a seed, as realtime JSON with its truth beside it, and the bundled example."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from skydriver.detector.coordinates import direction_vector, local_to_icrs
from skydriver.detector.ice import spice_mie
from skydriver.errors import SettingError
from skydriver.events.writer import encode_event, make_header
from skydriver.simulation.track import Track, simulate_track

if TYPE_CHECKING:
    from skydriver.events.event import Header, Pulses

NAME: Final = "skydriver.simulation"
VERSION: Final = "1"
"""Raised whenever the same seed gives another event."""
EXAMPLE_SEED: Final = 21
"""The bundled example is what `simulate` makes of this seed alone."""
START_TIME_UTC: Final = "2025-01-01T00:00:00Z"
ENERGY_RANGE_GEV: Final = (100.0, 1e7)
_TYPICAL_LOG_ENERGY: Final = (3.7, 5.0)
_LARGEST_IMPACT_M: Final = 250.0
_VERTEX_NS: Final = 12500.0
_MAX_EVENT_ID: Final = 2**32


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """An event and what it truly was, both as JSON."""

    event_json: bytes
    """Realtime JSON; it does not hold the truth."""
    truth_json: bytes
    """Direction, vertex, energy, seed, and the simulator's name and version."""


def simulate(  # noqa: PLR0913 - each is one option of the command
    seed: int,
    *,
    energy_gev: float | None = None,
    zenith_deg: float | None = None,
    azimuth_deg: float | None = None,
    run_id: int = 1,
    event_id: int | None = None,
    start_time: str = START_TIME_UTC,
) -> SimulatedEvent:
    """A simulated muon as realtime JSON, the same for the same arguments.

    Parameters
    ----------
    seed
        Decides all that is left to chance.
    energy_gev, zenith_deg, azimuth_deg
        The muon's energy 800 m before its vertex, and where it came FROM in detector coordinates; chosen by the seed
        where None.
    run_id, event_id
        The event's identity; its id is the seed where None.
    start_time
        Of the event, UTC, ISO-8601 with Z.

    Raises
    ------
    SettingError
        A number is out of its range.
    EventContentError
        An identity or the time that the format cannot hold.
    """
    pulses, truth = simulate_event(seed, energy_gev=energy_gev, zenith_deg=zenith_deg, azimuth_deg=azimuth_deg)
    header = make_header(run_id, seed % _MAX_EVENT_ID if event_id is None else event_id, start_time)
    return SimulatedEvent(encode_event(header, pulses, is_real=False), _truth_json(header, truth, seed))


def simulate_event(
    seed: int, *, energy_gev: float | None = None, zenith_deg: float | None = None, azimuth_deg: float | None = None
) -> tuple[Pulses, Track]:
    """Pulses and truth of one muon that crosses the detector; arguments and errors as for `simulate`."""
    if seed < 0:
        raise SettingError("seed", f"{seed} is negative")
    rng = np.random.default_rng(seed)
    truth = _through_going(rng, energy_gev, zenith_deg, azimuth_deg)
    return simulate_track(truth, spice_mie(), rng), truth


def example_event() -> Path:
    """The bundled example event, realtime JSON."""
    return _bundled("example_event.json")


def example_truth() -> Path:
    """The truth of the bundled example event."""
    return _bundled("example_event.truth.json")


def _bundled(name: str) -> Path:
    return Path(str(files("skydriver.simulation").joinpath("data", name)))


def _through_going(
    rng: np.random.Generator, energy_gev: float | None, zenith_deg: float | None, azimuth_deg: float | None
) -> Track:
    """A muon that passes within 250 m of the detector's centre; what is given does not change what chance decides."""
    energy = 10.0 ** rng.uniform(*_TYPICAL_LOG_ENERGY)
    zenith, azimuth = math.acos(rng.uniform(-1.0, 1.0)), rng.uniform(0.0, 2.0 * math.pi)
    impact, around = _LARGEST_IMPACT_M * math.sqrt(rng.uniform()), rng.uniform(0.0, 2.0 * math.pi)
    if energy_gev is not None:
        energy = _checked("energy", energy_gev, *ENERGY_RANGE_GEV, "GeV")
    if zenith_deg is not None:
        zenith = math.radians(_checked("zenith", zenith_deg, 0.0, 180.0, "degrees"))
    if azimuth_deg is not None:
        azimuth = math.radians(_checked("azimuth", azimuth_deg, 0.0, 360.0, "degrees"))
    south, east = (
        direction_vector(zenith + math.pi / 2.0, azimuth),
        direction_vector(math.pi / 2.0, azimuth + math.pi / 2.0),
    )
    x, y, z = (impact * (math.cos(around) * south + math.sin(around) * east)).tolist()
    return Track(zenith, azimuth, x, y, z, _VERTEX_NS, energy)


def _checked(name: str, value: float, low: float, high: float, unit: str) -> float:
    if not low <= value <= high:
        raise SettingError(name, f"{value:g} is not between {low:g} and {high:g} {unit}")
    return value


def _truth_json(header: Header, truth: Track, seed: int) -> bytes:
    """What the event truly was; the direction in the sky to 1e-6 degrees, what the Earth's orientation is known to."""
    ra, dec = (
        round(math.degrees(angle), 6) for angle in local_to_icrs(truth.zenith_rad, truth.azimuth_rad, header.mjd)
    )
    content = {
        "run_id": header.run_id,
        "event_id": header.event_id,
        "start_time_utc": header.start_time_utc,
        "mjd": header.mjd,
        "ra_deg": ra,
        "dec_deg": dec,
        **asdict(truth),
        "seed": seed,
        "simulator": {"name": NAME, "version": VERSION},
    }
    return (json.dumps(content, indent=2) + "\n").encode()
