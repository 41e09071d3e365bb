"""What kind of event SkyDriver takes simulated, independent and real events for.

Usage: python benchmarks/topology.py [--count 100] [--seed 5000] [--workers 2]

`--count` events of each kind of our own simulation (seeds from `--seed` on; no threshold was chosen on them), the
independently simulated muons, and the real events are scanned blind, `8:0,64:12,512:24`, and classified. Rows are what
they are, columns what they are taken for; "too few" are those that no fit makes sense with.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from events import SHARED, independent_event
from skydriver.detector.coordinates import direction_vector
from skydriver.errors import EventContentError
from skydriver.events.realtime import load_event, read_event
from skydriver.services.inline_scan import scan_inline
from skydriver.services.preparation import ScanRequest, prepare
from skydriver.services.result import identity, map_of
from skydriver.services.topology import LABELS, topology_of
from skydriver.simulation.events import simulate, simulate_event
from skydriver.simulation.truth import KINDS

TOO_FEW = "too few"
COLUMNS = (*LABELS, TOO_FEW)


class Job(NamedTuple):
    """One event to classify."""

    row: str
    name: str
    seed: int = 0


class Outcome(NamedTuple):
    """What it is taken for."""

    row: str
    name: str
    label: str
    text: str
    """The evidence."""
    offset_deg: float
    """Of the best fit from the truth; NaN where there is none."""


def event_of(job: Job):
    """The event and the direction it truly came from."""
    if job.row in KINDS:
        _, truth = simulate_event(job.seed, kind=job.row)
        event = read_event(simulate(job.seed, kind=job.row).event_json)
        return event, direction_vector(truth.zenith_rad, truth.azimuth_rad)
    if job.row == "independent":
        return independent_event(job.name)
    return load_event(SHARED / "events" / f"{job.name}.json"), None


def classify(job: Job) -> Outcome:
    """Scan and classify one event."""
    event, truth = event_of(job)
    request = ScanRequest()
    try:
        cleaned = prepare(event, request)
    except EventContentError:
        return Outcome(job.row, job.name, TOO_FEW, "", np.nan)
    ledger = scan_inline(request, request.algorithm().bind(cleaned.pulses), event.header.mjd)
    skymap = map_of(ledger, identity(event), None)
    found = topology_of(skymap, event, cleaned.pulses, request.algorithm().info)
    text = ", ".join(f"{item.what} {item.value:.1f}" for item in found.evidence)
    return Outcome(job.row, job.name, found.label, text, offset_deg(skymap, event, truth))


def offset_deg(skymap, event, truth) -> float:
    """Angle between the best fit and the truth."""
    from skydriver.services.directions import pixel_directions  # noqa: PLC0415 - beside its use

    if truth is None:
        return np.nan
    best = skymap.best_fit()
    (found,) = pixel_directions(best.nside, [best.pixel], event.header.mjd)
    return float(np.degrees(np.arccos(np.clip(np.dot(found, truth), -1.0, 1.0))))


def show(outcomes: list[Outcome]) -> None:
    rows = list(dict.fromkeys(outcome.row for outcome in outcomes))
    counts = Counter((outcome.row, outcome.label) for outcome in outcomes)
    print(f"{'':14}" + "".join(f"{column:>15}" for column in COLUMNS))
    for row in rows:
        print(f"{row:14}" + "".join(f"{counts[row, column]:15}" for column in COLUMNS))
    print("\nBest fit more than 5 deg from the truth, of those with that label:")
    for row in rows:
        far = Counter(o.label for o in outcomes if o.row == row and o.offset_deg > 5.0)
        if far:
            print(f"{row:14}" + ", ".join(f"{label} {n} of {counts[row, label]}" for label, n in far.items()))
    for outcome in outcomes:
        if outcome.row == "real" or (outcome.row == "independent" and outcome.label != "through-going"):
            print(f"{outcome.row} {outcome.name}: {outcome.label} ({outcome.text})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    jobs = [Job(kind, str(seed), seed) for kind in KINDS for seed in range(options.seed, options.seed + options.count)]
    jobs += [Job("independent", path.stem) for path in sorted((SHARED / "simulated").glob("*.json"))]
    jobs += [Job("real", path.stem) for path in sorted((SHARED / "events").glob("*.json"))]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        show(list(pool.map(classify, jobs, chunksize=4)))


if __name__ == "__main__":
    main()
