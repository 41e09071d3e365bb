"""Write independently simulated muons as realtime JSON, each with its truth beside it, for ``skydriver calibrate``.

Usage: python tools/independent_muons.py FOLDER_IN FOLDER_OUT

Each file of the input holds ``truth`` (zenith_rad, azimuth_rad, energy_at_entry_gev) and ``pulses``: rows of string,
om, time_ns, charge_pe, width_ns, hlc.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from skydriver.events.event import Pulses
from skydriver.events.writer import encode_event, make_header
from skydriver.skymap.files import write_atomically

RUN_ID = 2
START_TIME_UTC = "2025-01-01T00:00:00Z"


def pulses_of(rows: list[list[float]]) -> Pulses:
    """In the order in which the format keeps them."""
    columns = np.array(rows).T
    order = np.lexsort((columns[2], columns[1], columns[0]))
    return Pulses(*(column[order] for column in columns))


def truth_of(content: dict[str, Any]) -> bytes:
    """What a calibration reads; the energy is that at the detector's edge."""
    truth = {name: content[name] for name in ("zenith_rad", "azimuth_rad")}
    return (json.dumps(truth | {"energy_gev": content["energy_at_entry_gev"]}, indent=2) + "\n").encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="FOLDER_IN")
    parser.add_argument("target", type=Path, metavar="FOLDER_OUT")
    given = parser.parse_args()
    given.target.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted(given.source.glob("*.json"))):
        content = json.loads(path.read_bytes())
        header = make_header(RUN_ID, number, START_TIME_UTC)
        write_atomically(given.target / path.name, encode_event(header, pulses_of(content["pulses"])))
        write_atomically(given.target / f"{path.stem}.truth.json", truth_of(content["truth"]))
        print(given.target / path.name)


if __name__ == "__main__":
    main()
