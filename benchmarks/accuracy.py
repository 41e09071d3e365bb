"""How far blind scans are from the truth: independently simulated muons, and the real events' published positions.

Usage: python benchmarks/accuracy.py [--detail]

Every scan covers the whole sky (8:0,64:12,512:24) with pandel_mpe as shipped. The offset is that of the best pixel from
the truth, without interpolation. 2 delta-llh is that of a fit at the true direction above the lowest fit of the map:
below 4.61 the truth lies in Wilks' 90 % region.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from events import Sample, independent, offset_deg, real
from seeding import scan
from skydriver.recos.pandel_mpe import PandelMpe
from skydriver.scan.pixels import centres
from skydriver.skymap.offsets import separation_deg

PUBLISHED = {
    "138632_31747601": {
        "first look (SplineMPE)": (138.654, 0.142),
        "IceCat-2": (138.65, 0.15),
        "IceCat-1-era revision": (139.04, 0.37),
    },
    "hese_event_02": {"its SPEFit2": (239.8937, -56.6151)},
}


def blind(sample: Sample) -> tuple[float, float, float, float]:
    """Best RA and Dec (deg), offset from the truth (deg), 2 delta-llh of the truth; NaN where there is none."""
    fitter = PandelMpe().bind(sample.pulses)
    ledger, _ = scan(sample, fitter, PandelMpe.info.rounds)
    best = ledger.best()
    ra, dec = (float(x[0]) for x in centres(best.wanted.nside, [best.wanted.pixel]))
    excess = math.nan
    if sample.truth is not None:
        vertex = np.array([[best.x, best.y, best.z, best.t]])
        at_truth = min(fitter.fit(sample.truth, seeds).llh for seeds in (vertex, None))
        excess = 2 * (at_truth - best.llh)
    return math.degrees(ra), math.degrees(dec), offset_deg(sample, ra, dec), excess


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detail", action="store_true")
    detail = parser.parse_args().detail
    for name, positions in PUBLISHED.items():
        ra, dec, _, _ = blind(real(name))
        print(f"{name}: best fit RA {ra:.4f} Dec {dec:+.4f}")
        for what, position in positions.items():
            print(f"  {separation_deg(ra, dec, *position):6.3f} deg from {what}")
    rows = []
    for sample in independent():
        *_, offset, excess = blind(sample)
        rows.append((offset, excess))
        if detail:
            print(f"{sample.name} {sample.pulses.n_dom:4} DOMs: offset {offset:.3f} deg, 2 delta-llh {excess:6.2f}")
    offsets, excesses = np.array(rows).T
    print(f"{len(rows)} independently simulated muons, blind over the whole sky:")
    for what, column, unit in (("offset", offsets, "deg"), ("2 delta-llh at the truth", excesses, "")):
        quantiles = (np.median(column), np.quantile(column, 0.9), column.max())
        print("  {}: median {:.2f}, 90 % {:.2f}, largest {:.2f} {}".format(what, *quantiles, unit))
    print(f"  truth in Wilks' 90 % region: {np.mean(excesses < 4.61):.0%}")


if __name__ == "__main__":
    main()
