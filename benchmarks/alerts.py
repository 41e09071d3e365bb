"""An alert among bulk scans: how soon it is answered, against an idle service of the same machine in the same run.

Usage: python benchmarks/alerts.py [--bulk 200] [--repeat 3] [--database sqlite|postgresql]

Two workers. The alert is the shared event 138632, priority 100; the bulk scans are of the same event, to nside 512, of
priority 0. Some alerts come while the bulk is at work, and one while fits last 2 s each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from http_load import ask, get, load, post
from service import body, fresh, postgresql, real_event, scan_to_end, show
from skydriver.testing.service import running_service

if TYPE_CHECKING:
    from skydriver.testing.service import RunningService

ALERT = 100
CONNECTIONS = 4
LONG_FITS = "dummy:1:2"


def alert(running: RunningService) -> tuple[float, float]:
    """Seconds from the request to the first pixel and to the final map."""
    start = time.time()
    told = scan_to_end(running, body(real_event(), priority=ALERT))
    return told["first_pixel"] - start, told["ended"] - start


def alerts(running: RunningService, title: str, times: int) -> float:
    """Show several; the median time to the final map."""
    found = [alert(running) for _ in range(times)]
    firsts, finals = (sorted(values) for values in zip(*found, strict=True))
    middle = times // 2
    show(
        title,
        f"first pixel after {firsts[middle]:.2f} s (at most {firsts[-1]:.2f}), "
        f"final map after {finals[middle]:.2f} s ({finals[0]:.2f} to {finals[-1]:.2f})",
    )
    return finals[middle]


def running_scan(running: RunningService, **more: object) -> str:
    """The id of a scan that workers have begun."""
    scan = ask(running.url, post("/scan", body(real_event(), **more)))["scan_id"]
    latest = time.monotonic() + 60
    while ask(running.url, get(f"/scan/{scan}/status"))["skydriver"]["status"] != "running":
        assert time.monotonic() < latest, scan
        time.sleep(0.05)
    return scan


def among_bulk(folder: Path, url: str | None, n_bulk: int, times: int) -> None:
    """Alerts on an idle service, while long fits run, and while bulk scans do."""
    with running_service(folder, database_url=url, workers=2) as running:
        alert(running)
        idle = alerts(running, "alert, idle", times)
        long = running_scan(running, reco_algo=LONG_FITS, nsides={"8": 0})
        alerts(running, "alert, while fits of 2 s run", times)
        ask(running.url, post(f"/scan/manifest/{long}", b"{}").replace(b"POST", b"DELETE", 1))
        running_scan(running)
        load(running.url, repeat(post("/scan", body(real_event())), n_bulk - 1), CONNECTIONS)
        busy = alerts(running, f"alert, {n_bulk} bulk scans", times)
        show("final map against idle", f"{busy / idle:.2f} times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bulk", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        for kind in ("sqlite", "postgresql"):
            if given.database not in {None, kind} or (kind == "postgresql" and server is None):
                continue
            print(f"{kind}:", flush=True)
            url = fresh(server, "alerts") if kind == "postgresql" else None
            among_bulk(Path(folder) / kind, url, given.bulk, given.repeat)


if __name__ == "__main__":
    main()
