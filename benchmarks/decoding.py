"""What decoding and cleaning the real events gives, against what the events themselves say.

Usage: python benchmarks/decoding.py

Frames whose checksum is wrong and objects with unread bytes are errors: reaching the end shows that there are none.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from events import SHARED
from skydriver.detector.geometry import dom_positions
from skydriver.events.cleaning import clean
from skydriver.events.realtime import load_event


def seconds(work, repeat: int = 20) -> float:
    """Median CPU seconds."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    for path in sorted((SHARED / "events").glob("*.json")):
        event = load_event(path)
        decoded = sum(item.decoded for item in event.objects)
        print(f"{path.stem}: {decoded} of {len(event.objects)} objects decoded to the last byte")
        cleaned = clean(event.pulses, dom_positions())
        stated = {name: event.stated.get(name, "not stated") for name in ("nch", "npulses", "qtot")}
        print(f"  cleaned nch {cleaned.nch}, npulses {cleaned.npulses}, qtot {cleaned.qtot}; the event states {stated}")
        if "UncleanedInIcePulses" in event.series:
            full, packed = event.series["UncleanedInIcePulses"], event.series["InIceDSTPulses"]
            dt = np.abs(full.time_ns - packed.time_ns).max()
            dq = np.abs(full.charge_pe - packed.charge_pe).max()
            print(
                f"  SuperDST against full precision: {len(full)} and {len(packed)} pulses, |dt| <= {dt:.3f} ns,",
                end=" ",
            )
            print(f"|dq| <= {dq:.7f} PE, HLC flags differ in {np.count_nonzero(full.hlc != packed.hlc)}")
        read, wash = seconds(lambda p=path: load_event(p)), seconds(lambda e=event: clean(e.pulses, dom_positions()))
        print(f"  {1e3 * read:.0f} ms to read, {1e3 * wash:.1f} ms to clean")


if __name__ == "__main__":
    main()
