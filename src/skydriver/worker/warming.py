"""Fits of a toy event by every algorithm: ``python -m skydriver.worker.warming``.

It prints one line of JSON: ``numerics``, as workers register with, and ``compiled``, the kernels that were not there.
"""

from __future__ import annotations

import sys

import numpy as np
import orjson

from skydriver.recos._kernels.jit import COMPILED
from skydriver.recos.registry import ALGORITHMS, find_reco
from skydriver.worker.jobs import toy_pulses, warm_up
from skydriver.worker.numerics import numerics_id
from skydriver.worker.pulses_file import from_bytes, to_bytes

NOT_FIT = frozenset({"crash_dummy"})
"""An algorithm that is there to fail."""


def main() -> int:
    """Warm up, then fit as a worker does: a pulses file, with seeds and without."""
    warm_up()
    pulses = from_bytes(to_bytes(toy_pulses()))
    seeds = np.array([[0.0, 0.0, 0.0, 10_000.0], [10.0, 20.0, 30.0, 10_100.0]])
    for name in ALGORITHMS:
        fitter = find_reco(name).bind(pulses)
        for given in (None, seeds) if name not in NOT_FIT else ():
            fitter.fit(np.array([0.0, 0.6, 0.8]), given)
    sys.stdout.write(orjson.dumps({"numerics": numerics_id(), "compiled": COMPILED}).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
