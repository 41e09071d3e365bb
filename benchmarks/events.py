"""Events to measure on: the real ones, the independently simulated ones, and our own."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skydriver.detector.coordinates import direction_vector, icrs_to_local
from skydriver.detector.geometry import dom_positions
from skydriver.events.cleaning import clean
from skydriver.events.event import Pulses
from skydriver.events.realtime import load_event, read_event
from skydriver.events.writer import encode_event, make_header
from skydriver.simulation.events import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from skydriver.events.event import Event

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SKYDRIVER_SHARED", REPOSITORY.parent / "shared"))
SIMULATED_MJD = 60676.0
SIMULATED_START = "2025-01-01T00:00:00Z"
"""The same time."""


@dataclass(frozen=True)
class Sample:
    """One event, cleaned."""

    name: str
    pulses: Pulses
    mjd: float
    truth: NDArray[np.float64] | None
    """Unit vector to where it came from, detector coordinates; None for real events."""


def real(name: str) -> Sample:
    """A real event by name."""
    event = load_event(SHARED / "events" / f"{name}.json")
    return Sample(name, clean(event.pulses, dom_positions()).pulses, event.header.mjd, None)


def independent() -> Iterator[Sample]:
    """Muons made with another group's photon propagator in tilted, birefringent ice."""
    for path in sorted((SHARED / "simulated").glob("*.json")):
        pulses, truth = _independent(path)
        yield Sample(path.stem, clean(pulses, dom_positions()).pulses, SIMULATED_MJD, truth)


def independent_event(name: str) -> tuple[Event, NDArray[np.float64]]:
    """One of them as a realtime event, and the unit vector to where it came from."""
    pulses, truth = _independent(SHARED / "simulated" / f"{name}.json")
    written = encode_event(make_header(1, 1, SIMULATED_START), pulses, is_real=False)
    return read_event(written), truth


def _independent(path: Path) -> tuple[Pulses, NDArray[np.float64]]:
    content = json.loads(path.read_text())
    columns = np.array(content["pulses"]).T
    order = np.lexsort((columns[2], columns[1], columns[0]))
    truth = direction_vector(content["truth"]["zenith_rad"], content["truth"]["azimuth_rad"])
    return Pulses(*(column[order] for column in columns)), truth


def ours(seeds: range) -> Iterator[Sample]:
    """Muons of our own simulation."""
    for seed in seeds:
        made = simulate(seed)
        event, truth = read_event(made.event_json), json.loads(made.truth_json)
        vector = direction_vector(truth["zenith_rad"], truth["azimuth_rad"])
        yield Sample(f"ours_{seed}", clean(event.pulses, dom_positions()).pulses, event.header.mjd, vector)


def offset_deg(sample: Sample, ra_rad: float, dec_rad: float) -> float:
    """Angle between a direction on the sky and the truth, degrees."""
    if sample.truth is None:
        return float("nan")
    found = direction_vector(*icrs_to_local(ra_rad, dec_rad, sample.mjd))
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(found, sample.truth)), found @ sample.truth)))
