"""What a scan costs: CPU, wall time and memory of whole processes, growth with pulses and pixels, ns per DOM.

Usage: python benchmarks/cost.py [--repeat 5]

Figures are medians of whole `skydriver scan` processes with caches warm (one run before is not counted). CPU is that of
the whole process tree, memory the largest resident set of any of its processes. The first rows need the real events.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from events import SHARED, real
from skydriver.detector.constants import C_VACUUM_M_PER_NS
from skydriver.detector.geometry import dom_positions
from skydriver.events.cleaning import clean
from skydriver.events.realtime import read_event
from skydriver.recos import pandel_mpe, pandel_table
from skydriver.recos.track_fit import first_hits
from skydriver.recos.track_llh import track_llh
from skydriver.simulation.events import simulate

SKYDRIVER = str(Path(sys.executable).with_name("skydriver"))
DEFAULT = "8:0,64:12,512:24"


def scan(event: Path, nsides: str, workers: int, repeat: int, *options: str) -> dict[str, float]:
    """Medians over `repeat` runs."""
    rows = [_run(event, nsides, workers, options) for _ in range(repeat + 1)][1:]
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def _run(event: Path, nsides: str, workers: int, options: tuple[str, ...]) -> dict[str, float]:
    """One process: fits, tree, wall, MB; `wait4` counts the tree, as far as it was waited for."""
    with tempfile.TemporaryDirectory() as out:
        command = [SKYDRIVER, "scan", str(event), "--nsides", nsides, "--workers", str(workers), "--out", out, "--json"]
        command += options
        start = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            answer = json.loads(process.stdout.read())
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
        wall = time.monotonic() - start
    return {
        "pixels": answer["n_pixels"],
        "fits": answer["n_fits"],
        "fit CPU-s": answer["fit_cpu_seconds"],
        "tree CPU-s": usage.ru_utime + usage.ru_stime,
        "wall s": wall,
        "MB": usage.ru_maxrss / 1e3,
    }


def ns_per_dom(repeat: int) -> float:
    """One likelihood with gradient, over the hit DOMs of 138632_31747601."""
    hits = first_hits(real("138632_31747601").pulses, pandel_mpe.MAX_PHOTONS)
    hits[:, :3] -= hits[:, :3].mean(axis=0)
    hits[:, 3] *= C_VACUUM_M_PER_NS
    arguments = (np.ascontiguousarray(hits), pandel_table.load_table(), pandel_table.SCATTERING_LENGTH_M, 1.0)
    arguments += (np.eye(3), 10.0, -20.0, float(np.median(hits[:, 3])))
    track_llh(*arguments)
    times = []
    for _ in range(repeat):
        start = time.process_time()
        for _ in range(5000):
            track_llh(*arguments)
        times.append((time.process_time() - start) / 5000 / len(hits) * 1e9)
    return statistics.median(times)


def simulated(folder: Path) -> list[tuple[str, Path]]:
    """Events of about 10^2, 10^3 and 10^4 cleaned pulses: one muon at rising energies."""
    found = []
    for energy in (5e3, 7e4, 1.1e6):
        event = simulate(21, energy_gev=energy).event_json
        pulses = clean(read_event(event).pulses, dom_positions())
        path = folder / f"{energy:.0f}.json"
        path.write_bytes(event)
        found.append((f"{pulses.npulses} pulses, {pulses.nch} DOMs", path))
    return found


def show(title: str, row: dict[str, float]) -> None:
    cells = "  ".join(f"{name} {value:.2f}" if value < 100 else f"{name} {value:.0f}" for name, value in row.items())
    print(f"{title:34} {cells}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    event = SHARED / "events" / "138632_31747601.json"
    if event.exists():
        print(f"likelihood with gradient: {ns_per_dom(repeat):.0f} ns per DOM")
        for workers in (1, 2):
            show(f"138632_31747601, {workers} worker(s)", scan(event, DEFAULT, workers, repeat))
        show("with --systematics, 2 workers", scan(event, DEFAULT, 2, repeat, "--systematics"))
        for nsides in ("8:0", "8:0,64:12", DEFAULT, "8:0,64:48,512:96"):
            show(nsides, scan(event, nsides, 1, repeat))
    with tempfile.TemporaryDirectory() as folder:
        for title, path in simulated(Path(folder)):
            show(title, scan(path, DEFAULT, 1, repeat))


if __name__ == "__main__":
    main()
