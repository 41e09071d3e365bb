"""Scans on a real HTCondor pool of this machine against local workers, in one run: overhead, first worker, traffic.

Usage: python benchmarks/pools.py [--workers 2] [--repeat 3]

The shared event 138632, to nside 512. The pool is one of the tests' (tools/condor-pool), with as many slots as there
are local workers; its jobs get the worker as a bundle, the first of them all with an empty cache, and as a container.
Workers of all kinds share this machine's cores, and no scan has both. All of it is over TLS.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from events import REPOSITORY
from http_load import ask, get, post
from service import body, real_event, show

sys.path.append(str(REPOSITORY / "tests"))
from bundles import BASELINE, PLATFORM, pool_python
from condor_pools import ROOT, condor_pool, eventually
from pool_scans import service_with, table
from skydriver.services.bundling import Wanted, build_bundle
from skydriver.services.worker_image import make_image

if TYPE_CHECKING:
    from condor_pools import CondorPool
    from skydriver.testing.service import RunningService

_BYTES = re.compile(r'^skydriver_worker_address_bytes_total\{direction="(\w+)"\} (\S+)$', re.MULTILINE)


class Timed(NamedTuple):
    """One scan: seconds from the request, and bytes at the workers' own address."""

    first_worker: float
    first_pixel: float
    ended: float
    queue_empty: float
    """From the end."""
    received: float
    sent: float


def traffic(running: RunningService) -> dict[str, float]:
    """Bytes at the workers' own address so far, by direction."""
    with urllib.request.urlopen(f"{running.url}/metrics") as answer:  # noqa: S310 - our own service
        found = _BYTES.findall(answer.read().decode())
    return {direction: float(number) for direction, number in found}


def scan(running: RunningService, pool: CondorPool, cluster: str, workers: int) -> Timed:
    """A scan from its request to the empty queue."""
    before, start = traffic(running), time.time()
    scan_id = ask(running.url, post("/scan", body(real_event(), cluster={cluster: workers})))["scan_id"]

    def done() -> dict | None:
        told = ask(running.url, get(f"/scan/{scan_id}/manifest"))["skydriver"]
        return told if told["status"] in {"done", "failed", "aborted"} else None

    told = eventually(done, 180.0, 0.05)
    assert told["status"] == "done", told
    eventually(lambda: not pool.queue(), 30.0)
    empty = time.time() - told["ended"]
    lines = ask(running.url, get(f"/scan/{scan_id}/logs"))["lines"]
    began = next(line["time"] for line in lines if line["line"].startswith("running:"))
    after = traffic(running)
    moments = (began - start, told["first_pixel"] - start, told["ended"] - start, empty)
    return Timed(*moments, *(after[word] - before[word] for word in ("received", "sent")))


def told(title: str, timed: list[Timed], workers: int) -> float:
    """Show the medians of scans; that of the time to the final map."""
    middle = [statistics.median(values) for values in zip(*timed, strict=True)]
    found = Timed(*middle)
    text = f"first worker {found.first_worker:5.2f} s, first pixel {found.first_pixel:5.2f} s, map {found.ended:5.2f} s"
    if found.sent:
        each = f"{found.sent / workers / 1e6:.2f} MB to, {found.received / workers / 1e6:.2f} MB from each worker"
        text += f", queue empty {found.queue_empty:.2f} s later; {each}"
    show(title, text)
    return found.ended


def image_of(bundle: Path, pool: CondorPool) -> str:
    """The folder of an image as the pool's machine sees it."""
    root = ROOT / "pools" / pool.name / "images" / "skymap_scanner:benchmark"
    root.parent.mkdir(parents=True)
    subprocess.run([REPOSITORY / "tools" / "worker-image", ROOT, root], check=True)
    make_image(bundle, root)
    return f"/{root.relative_to(ROOT)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        condor_pool("benchmark", slots=given.workers, apptainer=True) as pool,
    ):
        folder = Path(name)
        bundle = folder / "bundle.tar.gz"
        start = time.perf_counter()
        built = build_bundle(bundle, Wanted(pool_python(folder), BASELINE, PLATFORM))
        show(
            "bundle",
            f"{built.n_bytes / 1e6:.1f} MB, {built.n_unpacked / 1e6:.0f} MB unpacked, for Python {built.python}",
        )
        show("making it", f"{time.perf_counter() - start:.0f} s")
        clusters = {
            "bundled": table(pool),
            "boxed": table(pool, ship="container", image=image_of(bundle, pool)),
        }
        with service_with(folder / "service", bundle, clusters, workers=given.workers, cluster_poll_s=3.0) as running:
            workers, times = given.workers, range(given.repeat)
            scan(running, pool, "local", workers)
            told("by bundle, nothing in its cache", [scan(running, pool, "bundled", workers)], workers)
            found: dict[str, list[Timed]] = {"local": [], "bundled": [], "boxed": []}
            for _ in times:  # in turn: a machine's speed drifts
                for cluster, timed in found.items():
                    timed.append(scan(running, pool, cluster, workers))
            titles = {"local": "local workers", "bundled": "by bundle, in its cache", "boxed": "by container"}
            ended = {cluster: told(titles[cluster], timed, workers) for cluster, timed in found.items()}
            for cluster in ("bundled", "boxed"):
                more = ended[cluster] - ended["local"]
                show(
                    f"{titles[cluster]} against local workers",
                    f"{more:.2f} s more, {ended[cluster] / ended['local']:.2f} times",
                )


if __name__ == "__main__":
    main()
