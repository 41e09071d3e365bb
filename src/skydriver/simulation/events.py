"""Simulated events: a particle chosen by a seed, as realtime JSON with its truth beside it; the bundled example."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from skydriver.detector.coordinates import local_to_icrs
from skydriver.detector.ice import spice_mie
from skydriver.errors import SettingError
from skydriver.events.writer import encode_event, make_header
from skydriver.simulation.draws import Given, draw
from skydriver.simulation.pulses import make_pulses

if TYPE_CHECKING:
    from skydriver.events.event import Header, Pulses
    from skydriver.simulation.truth import Truth

NAME: Final = "skydriver.simulation"
VERSION: Final = "1"
"""Raised whenever the same seed gives another event."""
EXAMPLE_SEED: Final = 21
"""The bundled example is what `simulate` makes of this seed alone."""
START_TIME_UTC: Final = "2025-01-01T00:00:00Z"
_MAX_EVENT_ID: Final = 2**32


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """An event and what it truly was, both as JSON."""

    event_json: bytes
    """Realtime JSON; it does not hold the truth."""
    truth_json: bytes
    """Kind, direction, vertex, energy, seed, and the simulator's name and version."""


def simulate(  # noqa: PLR0913 - each is one option of the command
    seed: int,
    *,
    kind: str = "through_going",
    energy_gev: float | None = None,
    zenith_deg: float | None = None,
    azimuth_deg: float | None = None,
    run_id: int = 1,
    event_id: int | None = None,
    start_time: str = START_TIME_UTC,
) -> SimulatedEvent:
    """A simulated event as realtime JSON, the same for the same arguments.

    Parameters
    ----------
    seed
        Decides all that is left to chance.
    kind
        One of `skydriver.simulation.truth.KINDS`.
    energy_gev, zenith_deg, azimuth_deg
        The particle's energy, whose place `Truth` states, and where it came FROM in detector coordinates; chosen by the
        seed where None.
    run_id, event_id
        The event's identity; its id is the seed where None.
    start_time
        Of the event, UTC, ISO-8601 with Z.

    Raises
    ------
    SettingError
        There is no such kind, or a number is out of its range.
    EventContentError
        An identity or the time that the format cannot hold.
    """
    pulses, truth = simulate_event(
        seed, kind=kind, energy_gev=energy_gev, zenith_deg=zenith_deg, azimuth_deg=azimuth_deg
    )
    header = make_header(run_id, seed % _MAX_EVENT_ID if event_id is None else event_id, start_time)
    return SimulatedEvent(encode_event(header, pulses, is_real=False), _truth_json(header, truth, seed))


def simulate_event(
    seed: int,
    *,
    kind: str = "through_going",
    energy_gev: float | None = None,
    zenith_deg: float | None = None,
    azimuth_deg: float | None = None,
) -> tuple[Pulses, Truth]:
    """Pulses and truth of one event; arguments and errors as for `simulate`."""
    if seed < 0:
        raise SettingError("seed", f"{seed} is negative")
    rng = np.random.default_rng(seed)
    truth, muon = draw(kind, Given(energy_gev, zenith_deg, azimuth_deg), rng)
    return make_pulses(truth, muon, spice_mie(), rng), truth


def example_event() -> Path:
    """The bundled example event, realtime JSON."""
    return _bundled("example_event.json")


def example_truth() -> Path:
    """The truth of the bundled example event."""
    return _bundled("example_event.truth.json")


def _bundled(name: str) -> Path:
    return Path(str(files("skydriver.simulation").joinpath("data", name)))


def _truth_json(header: Header, truth: Truth, seed: int) -> bytes:
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
        "kind": truth.kind,
        **{name: value for name, value in asdict(truth).items() if value is not None},
        "seed": seed,
        "simulator": {"name": NAME, "version": VERSION},
    }
    return (json.dumps(content, indent=2) + "\n").encode()
