"""What the service bears and what it costs, over HTTP, on SQLite and on PostgreSQL where its programs are installed.

Usage: python benchmarks/service.py [--only rates|leases|scans] [--database sqlite|postgresql] [--repeat 3]

Every service is a `skydriver serve` of its own. The load comes from one other process over kept-alive connections; what
that process takes of a core is told ("load"), as is the service's CPU time for each request: on a machine with few
cores, both share them, with PostgreSQL too. Rates are the best and the median of several runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from itertools import repeat
from pathlib import Path

import orjson

from events import REPOSITORY, SHARED
from fake_worker import pixels_per_second
from http_load import Connection, Load, ask, get, load, post
from process_costs import cpu_seconds, descendants, memory
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.db.migrate import upgrade
from skydriver.testing.events import toy_event
from skydriver.testing.service import RunningService, running_service

sys.path.append(str(REPOSITORY / "tests"))
from typing import TYPE_CHECKING

from postgres_server import SETTINGS, PostgresServer, binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULT = {"8": 0, "64": 12, "512": 24}
N_POSTED = 45
N_WAITING = 1000
CONNECTIONS = 4
SECONDS = 2.0
MANIFEST_BYTES = 50_000
POLL_SECONDS = 0.5
FITS = ("pandel_mpe", "dummy:1:0.001", "dummy:1:0.01")


def body(event: dict, **more: object) -> bytes:
    """A request to scan an event."""
    asked = {"docker_tag": "latest", "reco_algo": "pandel_mpe", "nsides": DEFAULT, "cluster": {"local": 2}}
    return orjson.dumps(
        {**asked, "real_or_simulated_event": "real", "force_new": True, **more, "event_i3live_json": event}
    )


def real_event() -> dict:
    return json.loads((SHARED / "events" / "138632_31747601.json").read_bytes())


def distinct(n: int) -> list[bytes]:
    """Requests for the real events, each made another event by a remark."""
    events = [json.loads(path.read_bytes()) for path in sorted((SHARED / "events").glob("*.json"))]
    return [post("/scan", body({**events[i % len(events)], "remark": f"{time.time()} {i}"})) for i in range(n)]


def show(title: str, text: str) -> None:
    print(f"  {title:44} {text}", flush=True)


def measure(title: str, running: RunningService, times: int, make: Callable[[], Load]) -> None:
    """Show the best and the median rate of several runs."""
    rates, shares, costs = [], [], []
    for _ in range(times):
        before = cpu_seconds(running.pid)
        made = make()
        wrong = [answer for answer in made.answers if answer[0] != 200]
        assert not wrong, wrong[:3]
        rates.append(made.rate)
        shares.append(made.generator_share)
        costs.append(1e3 * (cpu_seconds(running.pid) - before) / len(made.answers))
    size = statistics.median(size for _, size in made.answers) / 1e3
    show(
        title,
        f"best {max(rates):6.0f}/s, median {statistics.median(rates):6.0f}/s; service {min(costs):.2f} CPU-ms each; "
        f"load {100 * statistics.median(shares):.0f} % of a core; {size:.1f} kB each",
    )


def rates(folder: Path, url: str | None, times: int) -> None:
    """Requests, and memory while scans wait."""
    with running_service(folder, database_url=url) as running:
        show_memory("memory, nothing asked yet", running)
        measure("POST /scan, 0.5 MB events", running, times, lambda: load(running.url, distinct(N_POSTED), CONNECTIONS))
        scan = ask(running.url, post("/scan", body(json.loads(toy_event()))))["scan_id"]
        path = f"/scan/{scan}/status"
        measure("GET /scan/ID/status", running, times, lambda: load_of(running, path))
        path = f"/scan/manifest/{large_manifest(running)}"
        measure("GET /scan/manifest/ID", running, times, lambda: load_of(running, path))
        left = N_WAITING - N_POSTED * times - 1
        load(running.url, repeat(post("/scan", body(json.loads(toy_event()))), left), CONNECTIONS)
        show_memory(f"memory, {N_WAITING} scans waiting", running)


def load_of(running: RunningService, path: str) -> Load:
    return load(running.url, repeat(get(path)), CONNECTIONS, SECONDS)


def large_manifest(running: RunningService) -> str:
    """An external scan whose manifest is as large as it is to be."""
    token = {"docker_tag": "external"}
    scan = ask(running.url, post("/scan", body(json.loads(toy_event()), **token)))
    missing = MANIFEST_BYTES - len(orjson.dumps(scan))
    progress = {"progress": {"summary": "x" * missing}}
    request = post(f"/scan/manifest/{scan['scan_id']}", orjson.dumps(progress), scan["skydriver"]["token"])
    ask(running.url, request.replace(b"POST", b"PATCH", 1))
    return scan["scan_id"]


def leases(folder: Path, url: str | None, times: int) -> None:
    """Pixels through leases of 16, to workers that answer at once; then memory while scans wait."""
    with running_service(folder, database_url=url) as running:
        settings = Settings(data=folder / "data", database_url=url)
        for reco, nsides in (("dummy:1", {"16": 0}), ("pandel_mpe", DEFAULT)):
            for n_workers in (1, 2):
                asked = {"reco_algo": reco, "nsides": nsides, "cluster": {"local": n_workers}}
                show_leases(running, settings, asked, times)
        finished = 4 * times
        show_memory(f"memory, {finished} scans finished", running)
        load(running.url, repeat(post("/scan", body(json.loads(toy_event()))), N_WAITING), CONNECTIONS)
        show_memory(f"memory, {finished} finished, {N_WAITING} waiting", running)


def show_leases(running: RunningService, settings: Settings, asked: dict, times: int) -> None:
    n_workers, runs = asked["cluster"]["local"], []
    for _ in range(times):
        scan = ask(running.url, post("/scan", body(json.loads(toy_event()), **asked)))["scan_id"]
        before = cpu_seconds(running.pid)
        run = pixels_per_second(running.url, settings, scan, n_workers)
        runs.append((run.rate, run, (cpu_seconds(running.pid) - before) / run.n_pixels))
    best, run, cost = max(runs)
    show(
        f"leases: {asked['reco_algo']}, {n_workers} worker(s)",
        f"best {best:.0f} pixels/s, median {statistics.median(rate for rate, *_ in runs):.0f}/s; {run.n_pixels} in "
        f"{run.n_tasks} tasks; service {1e3 * cost:.2f} CPU-ms a pixel; "
        f"load {100 * run.cpu_seconds / run.seconds:.0f} % of a core",
    )


def scans(folder: Path, url: str | None, times: int) -> None:
    """Whole scans on two workers: how long, and what the service itself takes of their CPU time."""
    start = time.time()
    with running_service(folder, database_url=url, workers=2) as running:
        show("cold", f"{time.time() - start:.2f} s until it serves; scan: {times_of(running, start, real_event())}")
        show_memory("memory after 1 scan", running)
        for _ in range(times):
            show("warm", times_of(running, time.time(), real_event()))
        for reco in FITS:
            show_share(running, reco)
        finished = times + 1 + len(FITS)
        for _ in range(finished, 10):
            scan_to_end(running, body(real_event()))
        show_memory("memory after 10 scans", running)


def times_of(running: RunningService, start: float, event: dict) -> str:
    told = scan_to_end(running, body(event))
    return f"first pixel after {told['first_pixel'] - start:.2f} s, final map after {told['ended'] - start:.2f} s"


def show_share(running: RunningService, reco: str) -> None:
    """The service's share of a scan's CPU time, from POST to the result in hand."""
    n_before, workers = cpu_seconds(running.pid), cpu_of_workers(running)
    told = scan_to_end(running, body(real_event(), reco_algo=reco))
    ask(running.url, get(f"/scan/result/{told['scan_id']}"))
    own, others = cpu_seconds(running.pid) - n_before, cpu_of_workers(running) - workers
    fits, spent = told["fits_done"], told["cpu_seconds"]
    show(
        f"share: {reco}",
        f"{100 * own / (own + others):.1f} %: service {own:.2f}, workers {others:.2f} CPU-s; {fits} fits of "
        f"{1e3 * spent / fits:.2f} CPU-ms; {told['ended'] - told['created']:.1f} s",
    )


def cpu_of_workers(running: RunningService) -> float:
    return sum(cpu_seconds(pid, with_ended_children=True) for pid in descendants(running.pid))


def scan_to_end(running: RunningService, request: bytes) -> dict:
    """Submit, and wait; the facts of the manifest."""
    connection = Connection(running.url)
    with connection.socket:
        scan = connection.told(post("/scan", request))["scan_id"]
        latest = time.monotonic() + 120
        while True:
            told = connection.told(get(f"/scan/{scan}/status"))["skydriver"]
            if told["status"] == "done":
                return {"scan_id": scan} | connection.told(get(f"/scan/manifest/{scan}"))["skydriver"]
            assert told["status"] not in {"failed", "aborted"}, told
            assert time.monotonic() < latest, told
            time.sleep(POLL_SECONDS)


def show_memory(title: str, running: RunningService) -> None:
    show(title, "{:.0f} MB resident, {:.0f} MB with shared pages in parts".format(*memory(running.pid)))


@contextmanager
def postgresql() -> Iterator[PostgresServer | None]:
    """A server of our own, which writes to the disk as one in earnest does; None where it is not installed."""
    folder = binaries()
    if folder is None:
        print("postgresql: not installed")
        yield None
        return
    SETTINGS.update(fsync="on", full_page_writes="on", shared_buffers="128MB")
    server = PostgresServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def fresh(server: PostgresServer, name: str) -> str:
    """The URL of a new database."""
    server.execute(f"CREATE DATABASE {name}")
    url = server.url(name)
    with closing(Database(Settings(database_url=url).url)) as database:
        upgrade(database)
    return url


PARTS = {"rates": rates, "leases": leases, "scans": scans}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    parts = {name: part for name, part in PARTS.items() if given.only in {None, name}}
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        for kind in ("sqlite", "postgresql"):
            if given.database not in {None, kind} or (kind == "postgresql" and server is None):
                continue
            print(f"{kind}:", flush=True)
            for name, part in parts.items():
                part(
                    Path(folder) / f"{kind}-{name}", fresh(server, name) if kind == "postgresql" else None, given.repeat
                )


if __name__ == "__main__":
    main()
