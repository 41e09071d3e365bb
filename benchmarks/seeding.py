"""What seeds and sweeps buy: every configuration against exhaustive seeding, on simulated and real events.

Usage: python benchmarks/seeding.py [--events N] [--configurations all]

For each configuration: on how many events its best pixel is that of the exhaustive scan, the worst excess of llh over
all pixels within 2 delta-llh < 64 of the best (0.1 is the limit; a pixel that the configuration did not scan counts as
missing), and CPU seconds.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from itertools import islice

import numpy as np

from events import Sample, independent, offset_deg, ours, real
from skydriver.recos import pandel_mpe, pandel_table
from skydriver.recos.track_fit import TrackFitter, TrackSettings
from skydriver.scan.fits import Finished
from skydriver.scan.pixels import centres
from skydriver.scan.planner import Ledger, PlanSettings
from skydriver.scan.progression import parse_nsides
from skydriver.services.directions import pixel_directions

NSIDES = "8:0,64:12,512:24"
NEAR = 64.0


@dataclass(frozen=True)
class Configuration:
    """Seeds and sweeps of a scan."""

    name: str
    settings: TrackSettings
    rounds: int


def configuration(name: str, seeds: tuple[float, float, int], rounds: int, n_given: int = 8) -> Configuration:
    return Configuration(name, TrackSettings(pandel_mpe.MAX_PHOTONS, *seeds, n_given), rounds)


class Exhaustive(TrackFitter):
    """64 seeds: the centre plain and stretched, and rings from 30 to 300 m, for every fit without given seeds."""

    def __init__(self, sample: Sample) -> None:
        settings = TrackSettings(pandel_mpe.MAX_PHOTONS, pandel_mpe.STRETCH, 0.0, 0, 8)
        super().__init__(sample.pulses, pandel_table.load_table(), pandel_table.SCATTERING_LENGTH_M, settings)
        rings = [(0.0, 1, 0.0), (30.0, 6, 0.1), (60.0, 8, 0.2), (90.0, 10, 0.0), (120.0, 12, 0.1), (150.0, 12, 0.0)]
        points = [_ring(*ring) for ring in [*rings, (200.0, 8, 0.1), (300.0, 6, 0.2)]]
        self._ring = np.vstack(points)
        assert len(self._ring) + 1 == 64


def _ring(radius_m: float, n: int, phase: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(n) / n + phase
    return radius_m * np.column_stack([np.cos(angle), np.sin(angle)])


def scan(sample: Sample, fitter: TrackFitter, rounds: int) -> tuple[Ledger, float]:
    """A whole scan in this process; its ledger and CPU seconds of the fits."""
    ledger = Ledger(PlanSettings(parse_nsides(NSIDES), rounds))
    spent = 0.0
    while (plan := ledger.plan()).certain:
        directions = {}
        for wanted in plan.certain:
            if wanted.pixel not in directions:
                pixels = [other.pixel for other in plan.certain]
                directions = dict(zip(pixels, pixel_directions(wanted.nside, pixels, sample.mjd), strict=True))
            seeds = [(s.x, s.y, s.z, s.t) for s in map(ledger.fit, wanted.seeds)]
            start = time.process_time()
            fit = fitter.fit(np.array(directions[wanted.pixel]), np.array(seeds) if seeds else None)
            spent += time.process_time() - start
            ledger.add(Finished(wanted, *fit, cpu_seconds=0.0))
    return ledger, spent


def values(ledger: Ledger) -> dict[tuple[int, int], float]:
    """The llh by nside and pixel."""
    stages = ledger.final_fits()
    return {(nside, fit.wanted.pixel): fit.llh for nside, stage in stages.items() for fit in stage.fits}


def compare(found: Ledger, reference: Ledger) -> tuple[bool, float, int]:
    """Same best pixel?, worst excess of llh near the best, number of near pixels that are missing."""
    ours_, theirs = values(found), values(reference)
    lowest = min([*ours_.values(), *theirs.values()])
    near = [key for key, llh in theirs.items() if 2 * (llh - lowest) < NEAR]
    excess = [ours_[key] - theirs[key] for key in near if key in ours_]
    best = [ledger.best().wanted[::2][:2] for ledger in (found, reference)]
    return best[0] == best[1], max(excess, default=math.inf), sum(key not in ours_ for key in near)


CENTRE, RING_3 = (8.0, 0.0, 0), (8.0, 150.0, 3)
CONFIGURATIONS = [
    configuration("ring of 4 at 50 m, no sweep", (1.0, 50.0, 4), 1),
    configuration("centre stretched, no sweep", CENTRE, 1),
    configuration("centre stretched, 3 sweeps, 2 best", CENTRE, 4, 2),
    configuration("+ 3 at 150 m, no sweep", RING_3, 1),
    configuration("+ 3 at 150 m, 1 sweep, 2 best", RING_3, 2, 2),
    configuration("+ 3 at 150 m, 3 sweeps, 2 best (shipped)", RING_3, 4, 2),
    configuration("+ 3 at 150 m, 3 sweeps, all neighbours", RING_3, 4),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--detail", action="store_true")
    arguments = parser.parse_args()
    samples = [real("138632_31747601"), *islice(independent(), arguments.events), *ours(range(1, 3))]
    rows: dict[str, list[tuple[bool, float, int, float, float]]] = {c.name: [] for c in CONFIGURATIONS}
    for sample in samples:
        reference, _ = scan(sample, Exhaustive(sample), 4)
        for config in CONFIGURATIONS:
            fitter = TrackFitter(
                sample.pulses, pandel_table.load_table(), pandel_table.SCATTERING_LENGTH_M, config.settings
            )
            ledger, seconds = scan(sample, fitter, config.rounds)
            same, excess, missing = compare(ledger, reference)
            best = ledger.best()
            ra, dec = centres(best.wanted.nside, [best.wanted.pixel])
            offset = offset_deg(sample, float(ra[0]), float(dec[0]))
            rows[config.name].append((same, excess, missing, seconds, offset))
            if arguments.detail:
                print(f"{sample.name:20} {sample.pulses.n_dom:4} {config.name:42} {rows[config.name][-1]}", flush=True)
    print(f"{len(samples)} events: 138632_31747601, {arguments.events} independent simulated, 2 of our own")
    print(f"{'seeds and sweeps':42} same best  within 0.1  worst excess  missing  CPU-s  median offset")
    for name, row in rows.items():
        same, excess, missing, seconds, offset = (np.array(column) for column in zip(*row, strict=True))
        print(
            f"{name:42} {same.sum():4}/{len(row)} {np.sum((excess < 0.1) & (missing == 0)):8}/{len(row)}"
            f" {excess.max():13.3f} {missing.sum():8} {seconds.mean():6.2f} {np.nanmedian(offset):8.3f} deg"
        )


if __name__ == "__main__":
    main()
