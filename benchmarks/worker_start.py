"""How long a bundle's worker takes until it has fitted: python benchmarks/worker_start.py BUNDLE PYTHON.

BUNDLE is what `skydriver bundle` made, PYTHON the program that it was made for, named such as python3.13. Times are by
the clock, from the exec of Python to the end of a process that has fitted by every algorithm, as a worker does; cold is
after the kernel was told to forget the bundle's files.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skydriver.clusters.shipping.fetch import unpack
from skydriver.detector.geometry import dom_positions
from skydriver.events.cleaning import clean
from skydriver.services.event_summary import load
from skydriver.worker.pulses_file import to_bytes

REPEATS = 7


def forget(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def start(folder: Path, python: Path) -> float:
    script = (folder / "start.sh").read_text().replace("skydriver.worker.remote", "skydriver.worker.warming")
    begin = time.perf_counter()
    said = subprocess.run(
        ["/bin/sh", "-c", script, str(folder / "start.sh")],
        env={"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": "/"}, capture_output=True, check=True,
    )  # fmt: skip
    assert b'"compiled":[]' in said.stdout
    return time.perf_counter() - begin


def main() -> None:
    bundle, python = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name) / "made"
        begin = time.perf_counter()
        with bundle.open("rb") as file:
            unpack(file, folder)
        print(f"unpacking    {time.perf_counter() - begin:6.2f} s of {bundle.stat().st_size / 1e6:.1f} MB")
        for kind, before in (("cold", lambda: forget(folder)), ("warm", lambda: None)):
            times = []
            for _ in range(REPEATS):
                before()
                times.append(start(folder, python))
            print(f"start {kind}   {statistics.median(times):6.2f} s (median of {REPEATS}; worst {max(times):.2f} s)")
    pulses = clean(load("example").pulses, dom_positions()).pulses
    print(f"event        {len(to_bytes(pulses)):6d} bytes (example)")


if __name__ == "__main__":
    main()
