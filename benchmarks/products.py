"""What the products of a scan cost: whole `skydriver products` processes, and each product alone.

Usage: python benchmarks/products.py [--repeat 5]

Figures are medians with caches warm (one run before is not counted). The first table times processes from start to end,
pictures of the event included; the second times each product within one process, with its size. The last rows need the
real events.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from events import SHARED
from skydriver.services.event_summary import load
from skydriver.services.product_table import PRODUCTS, ProductOptions
from skydriver.services.publishing import Foreign, read_publication
from skydriver.services.summary import summary_path

SKYDRIVER = str(Path(sys.executable).with_name("skydriver"))


def scanned(event: str, folder: Path) -> Path:
    """The npz file of a default scan of an event."""
    subprocess.run([SKYDRIVER, "scan", event, "--out", folder], check=True, capture_output=True)
    (path,) = folder.glob("*.npz")
    return path


def whole(event: str, result: Path, repeat: int) -> float:
    """Seconds by the clock for all products, a process from start to end."""
    command = [SKYDRIVER, "products", result, "--event", event]
    return median(lambda: subprocess.run(command, check=True, capture_output=True), repeat)


def median(work, repeat: int) -> float:
    """Seconds that a piece of work takes."""
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def each(event: str, result: Path, repeat: int) -> None:
    """Print time and size of each product."""
    shown = read_publication(result, Foreign())
    summary = summary_path(result).read_bytes()
    options = ProductOptions(dt.datetime.now(dt.UTC), event=load(event), summary=summary)
    reading = median(lambda: read_publication(result, Foreign()), repeat)
    print(f"| (reading the result, its regions and contours) | {reading:.3f} | {result.stat().st_size / 1e3:.0f} |")
    for product in PRODUCTS:
        seconds = median(lambda make=product.make: make(shown, options), repeat)
        print(f"| `{product.ending}` | {seconds:.3f} | {len(product.make(shown, options)) / 1e3:.0f} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    events = {"example": "example"} | (
        {"IC231202A": str(SHARED / "events" / "138632_31747601.json")} if SHARED.is_dir() else {}
    )
    with tempfile.TemporaryDirectory() as name:
        results = {title: scanned(event, Path(name) / title) for title, event in events.items()}
        print("| all products of | s by the clock |\n|---|---|")
        for title, result in results.items():
            print(f"| {title} | {whole(events[title], result, repeat):.2f} |")
        print("\n| product of the example | s | kB |\n|---|---|---|")
        each("example", results["example"], repeat)


if __name__ == "__main__":
    main()
