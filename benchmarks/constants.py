"""How the two constants of `pandel_mpe` that were chosen on simulated muons change its offsets.

Usage: python benchmarks/constants.py

For each effective scattering length and each largest number of photons per DOM: the direction of lowest llh near the
truth (Nelder-Mead from it), its offset and 2 delta-llh of the truth, over the independently simulated muons. The
shipped values were chosen from this table, so it is no test of them; the real events in accuracy.py played no part.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize

from events import Sample, independent
from skydriver.recos import pandel_mpe, pandel_table
from skydriver.recos.track_fit import TrackFitter, TrackSettings

LENGTHS_M = (33.0, 40.0, 45.0, 50.0, 60.0)
PHOTONS = (1.0, 3.0, 5.0, 10.0, 1e9)


def local_fit(sample: Sample, length_m: float, max_photons: float) -> tuple[float, float]:
    """Offset in degrees and 2 delta-llh of the truth."""
    seeds = (pandel_mpe.STRETCH, pandel_mpe.RING_M, pandel_mpe.N_RING, pandel_mpe.N_GIVEN)
    fitter = TrackFitter(sample.pulses, pandel_table.load_table(), length_m, TrackSettings(max_photons, *seeds))
    axes = np.linalg.svd(sample.truth[np.newaxis])[2][1:]
    start = fitter.fit(sample.truth, None)

    def llh(tilt: np.ndarray) -> float:
        direction = sample.truth + tilt @ axes
        return fitter.fit(direction / np.linalg.norm(direction), np.array([start[3:]])).llh

    simplex = [[0.0, 0.0], [0.01, 0.0], [0.0, 0.01]]
    found = minimize(llh, [0.0, 0.0], method="Nelder-Mead", options={"initial_simplex": simplex, "fatol": 1e-3})
    return math.degrees(math.atan(math.hypot(*found.x))), 2 * (start.llh - found.fun)


def main() -> None:
    samples = list(independent())
    print(f"{len(samples)} independently simulated muons, offsets in degrees")
    print("length_m  photons  median   90 %  largest  truth within Wilks' 90 %")
    for length_m, photons in [(x, 5.0) for x in LENGTHS_M] + [(45.0, n) for n in PHOTONS if n != 5.0]:
        offsets, excesses = np.array([local_fit(sample, length_m, photons) for sample in samples]).T
        figures = (np.median(offsets), np.quantile(offsets, 0.9), offsets.max())
        row = "  ".join(f"{figure:6.3f}" for figure in figures)
        print(f"{length_m:8.0f} {photons:8.3g}  {row} {np.mean(excesses < 4.61):10.0%}", flush=True)


if __name__ == "__main__":
    main()
