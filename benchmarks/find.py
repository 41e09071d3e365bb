"""What a search takes among 100,000 scans, over HTTP, on SQLite and on PostgreSQL where its programs are installed.

Usage: python benchmarks/find.py [--scans 100000] [--times 40] [--database sqlite|postgresql] [--plans]

The service is a `skydriver serve` of its own; scans are written into its database directly. Each search is asked for
several times, one after the other on one connection, with other values each time. `--plans` shows what the database
makes of each filter.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, text

from http_load import Connection, post
from process_costs import memory
from service import fresh, postgresql, show
from skydriver.config import Settings
from skydriver.db.commit_points import CommitPoint
from skydriver.db.database import Database
from skydriver.db.search.conditions import condition
from skydriver.db.stores.search import _order
from skydriver.db.tables import results, scans
from skydriver.services.coordination.backlog import rank
from skydriver.services.search.request import read_search
from skydriver.testing.service import RunningService, running_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 2000
START = 1.7e9
EVERY_S = 600.0
"""A scan comes so often."""
SCANS_OF_AN_EVENT = 5
STATUSES = ["done"] * 90 + ["failed"] * 5 + ["aborted"] * 5
OWNERS = ["robot"] * 8 + ["alice", "bob"]
RECOS = ["pandel_mpe"] * 7 + ["track_llh"] * 2 + ["dummy:1"]


def row(number: int, chance: random.Random) -> dict[str, object]:
    """A scan as it is stored."""
    event = number // SCANS_OF_AN_EVENT
    created, priority = START + EVERY_S * number, chance.choice([0, 0, 0, 10, 50, 100])
    run_id, event_id = 120_000 + event // 10, 7_919 * event
    status = "running" if number % 5000 == 4999 else chance.choice(STATUSES)
    reco = chance.choice(RECOS)
    digest = hashlib.sha256(str(event).encode()).hexdigest()
    return {
        "id": f"{int(1000 * created):011x}x{number:016x}",
        "status": status,
        "target": "done",
        "code": "fits_fail" if status == "failed" else None,
        "reason": "more than half of its fits failed" if status == "failed" else None,
        "engine": "external" if status == "running" else "skydriver-0.1.0",
        "owner": chance.choice(OWNERS),
        "priority": priority,
        "rank": rank(created, priority, 60.0),
        "generation": 2025,
        "created": created,
        "updated": time.time() if status == "running" else created + 60.0,
        "launched": created + 0.1,
        "first_pixel": created + 2.0,
        "ended": None if status == "running" else created + 59.0,
        "event": digest,
        "run_id": run_id,
        "event_id": event_id,
        "told_run_id": run_id,
        "told_event_id": event_id,
        "is_real": True,
        "is_deleted": chance.random() < 0.02,
        "request": json.dumps(request(reco, digest, priority, event)),
        "request_hash": hashlib.sha256(str(number).encode()).hexdigest(),
        "clusters": "[]",
        "n_workers": 2,
        "reco": reco,
        "nsides": "8:0,64:12,512:24",
        "threshold": 1.0,
        "max_reco_time_s": 60.0,
        "fits_done": 3072,
        "fits_failed": 0,
        "cpu_seconds": 60.0,
        "n_stopped": 0,
        "n_lost": 0,
        "fraction": 1.0,
        "pixels_done": 3072,
        "pixels_total": 3072,
        "seconds_left": 0.0,
        "progress": json.dumps(progress(number)),
        "best": json.dumps({"nside": 512, "pixel": number, "llh": 1000.5}),
        "event_metadata": json.dumps(metadata(run_id, event_id, created)),
        "condor_clusters": "[]",
        "is_served": True,
    }


def request(reco: str, event: str, priority: int, campaign: int) -> dict[str, object]:
    return {
        "docker_tag": "latest",
        "reco_algo": reco,
        "nsides": {"8": 0, "64": 12, "512": 24},
        "real_or_simulated_event": "real_event",
        "cluster": [{"collector": "local", "schedd": "local", "njobs": 2}],
        "i3_event_id": event,
        "worker_memory_bytes": 400_000_000,
        "worker_disk_bytes": 1_000_000_000,
        "scanner_server_memory_bytes": 1_024_000_000,
        "predictive_scanning_threshold": 1.0,
        "max_pixel_reco_time": 60.0,
        "priority": priority,
        "classifiers": {"campaign": f"c{campaign // 100}"},
        "debug_mode": False,
        "scanner_server_env": {},
    }


def progress(number: int) -> dict[str, object]:
    return {
        "summary": f"3072 of 3072 pixels, {3072 + number % 97} fits",
        "epilogue": "",
        "tallies": {f"nside-{n} round {r}": {"wanted": 768, "done": 768} for n in (8, 64, 512) for r in range(2)},
        "processing_stats": {"start": {"scanner start": "2025-01-01"}, "runtime": {"elapsed": "0:01:00"}},
        "predictive_scanning_threshold": 1.0,
        "last_updated": "2025-01-01T00:00:00+00:00",
        "start": START,
    }


def metadata(run_id: int, event_id: int, created: float) -> dict[str, object]:
    return {"run_id": run_id, "event_id": event_id, "event_type": "", "mjd": created / 86400, "is_real_event": True}


def fill(database: Database, n: int) -> None:
    """Store scans, each that is done with an answer of 3 kB."""
    chance = random.Random(1)  # noqa: S311 - not for secrets
    answer = json.dumps({"headline": {"kind": "region", "text": "x" * 2500}, "verdict": {"usable": True}}).encode()
    for begin in range(0, n, CHUNK):
        rows = [row(number, chance) for number in range(begin, min(begin + CHUNK, n))]
        done = [
            {"scan": r["id"], "is_final": True, "is_deleted": False, "document": b"{}", "answer": answer, "stored": 0.0}
            for r in rows
            if r["status"] == "done"
        ]
        with database.transaction(CommitPoint.SUBMIT) as connection:
            connection.execute(insert(scans), rows)
            connection.execute(insert(results), done)
    if not database.is_sqlite:
        with database.engine.connect() as connection, connection.begin():
            connection.execute(text("ANALYZE"))


def searches(n: int) -> dict[str, Callable[[int], dict]]:
    """What is asked for, by title; the number changes each time."""

    def event(k: int) -> int:
        return 997 * k % (n // SCANS_OF_AN_EVENT)

    def moment(k: int) -> float:
        return START + EVERY_S * (9973 * k % n)

    def scan(k: int) -> str:
        number = 9973 * k % n
        return f"{int(1000 * (START + EVERY_S * number)):011x}x{number:016x}"

    return {
        "scan_id": lambda k: {"filter": {"scan_id": scan(k)}},
        "scan_id: $in 100": lambda k: {"filter": {"scan_id": {"$in": [scan(k + j) for j in range(100)]}}},
        "run and event": lambda k: {
            "filter": {"event_metadata.run_id": 120_000 + event(k) // 10, "event_metadata.event_id": 7_919 * event(k)}
        },
        "run": lambda k: {"filter": {"event_metadata.run_id": 120_000 + event(k) // 10}},
        "i3_event_id": lambda k: {"filter": {"i3_event_id": hashlib.sha256(str(event(k)).encode()).hexdigest()}},
        "timestamp: a day": lambda k: {"filter": {"timestamp": {"$gte": moment(k), "$lt": moment(k) + 86_400}}},
        "timestamp: since": lambda k: {"filter": {"timestamp": {"$gt": moment(k)}}},
        "owner": lambda k: {"filter": {"skydriver.owner": ["robot", "alice", "bob"][k % 3]}},
        "owner, newest first": lambda _: {"filter": {"skydriver.owner": "alice"}, "sort": "-timestamp"},
        "status: running": lambda _: {"filter": {"skydriver.status": "running"}},
        "status: failed": lambda _: {"filter": {"skydriver.status": "failed"}},
        "status: done, newest first": lambda _: {"filter": {"skydriver.status": "done"}, "sort": "-timestamp"},
        "status and owner": lambda _: {"filter": {"skydriver.status": "failed", "skydriver.owner": "bob"}},
        "no filter, newest first": lambda _: {"sort": "-timestamp"},
        "priority": lambda _: {"filter": {"priority": {"$gte": 100}}},
        "not indexed: a classifier": lambda k: {"filter": {"classifiers.campaign": f"c{k % (n // 500)}"}},
        "not indexed: progress": lambda k: {"filter": {"progress.summary": f"3072 of 3072 pixels, {3072 + k} fits"}},
        "pattern: reco": lambda k: {"filter": {"skydriver.reco": {"$regex": f"^track.*|{k}"}}},
        "pattern: scan_id": lambda k: {"filter": {"scan_id": {"$regex": f"{k:02d}$"}}},
    }


def measure(running: RunningService, n: int, times: int) -> None:
    """Each search, with limit 100."""
    connection = Connection(running.url)
    with connection.socket:
        for title, make in searches(n).items():
            few = 5 if title.startswith(("not", "pattern")) else times
            took, found = [], []
            for k in range(few + 1):
                body = json.dumps({"limit": 100, **make(k)}).encode()
                start = time.perf_counter()
                found.append(len(connection.told(post("/scans/find", body))["manifests"]))
                took.append(1e3 * (time.perf_counter() - start))
            took = sorted(took[1:])
            p95 = took[min(int(0.95 * len(took)), len(took) - 1)]
            counts = f"{min(found)} to {max(found)} found"
            show(title, f"median {statistics.median(took):7.1f} ms, p95 {p95:7.1f} ms; {counts}")


def stream(running: RunningService, body: dict, title: str) -> None:
    """Everything, and how large the service becomes meanwhile."""
    largest, over = [memory(running.pid).rss], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            largest.append(memory(running.pid).rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    connection = Connection(running.url)
    try:
        with connection.socket:
            start = time.perf_counter()
            connection.socket.sendall(post("/scans/find", json.dumps(body).encode()))
            first, n_bytes = read_to_end(connection)
            took = time.perf_counter() - start
    finally:
        over.set()
        watcher.join()
    show(
        title,
        f"{n_bytes / 1e6:.0f} MB in {took:.1f} s ({n_bytes / 1e6 / took:.1f} MB/s), first after {first - start:.2f} s; "
        f"service {largest[0]:.0f} MB before, {max(largest):.0f} MB at most",
    )


def read_to_end(connection: Connection) -> tuple[float, int]:
    """When the first bytes came of an answer in chunks, and how many there were."""
    first, n_bytes, tail = 0.0, 0, b""
    while not tail.endswith(b"0\r\n\r\n"):
        part = connection.socket.recv(1 << 20)
        if not part:
            raise ConnectionError("the answer has no end")
        first = first or time.perf_counter()
        n_bytes, tail = n_bytes + len(part), (tail + part)[-8:]
    return first, n_bytes


def show_plans(database: Database, n: int) -> None:
    """What the database makes of each filter."""
    with database.engine.connect() as connection, connection.begin():
        for title, make in searches(n).items():
            if title.startswith("pattern"):
                continue
            asked = read_search({"limit": 100, **make(1)})
            dialect = connection.dialect.name
            query = select(scans.c.id).where(condition(asked.term, dialect))
            query = query.order_by(*[_order(key, dialect) for key in asked.keys]).limit(100)
            compiled = query.compile(connection, compile_kwargs={"render_postcompile": True})
            how = "EXPLAIN" if dialect == "postgresql" else "EXPLAIN QUERY PLAN"
            values = (
                compiled.params if dialect == "postgresql" else tuple(compiled.params[k] for k in compiled.positiontup)
            )
            print(f"  {title}")
            for line in connection.exec_driver_sql(f"{how} {compiled}", values):
                print(f"      {line[-1]}")


def kinds(given: argparse.Namespace, server: object) -> Iterator[tuple[str, str | None]]:
    if given.database in {None, "sqlite"}:
        yield "sqlite", None
    if given.database in {None, "postgresql"} and server is not None:
        yield "postgresql", fresh(server, "find")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    parser.add_argument("--plans", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        for kind, url in kinds(given, server):
            print(f"{kind}, {given.scans} scans:", flush=True)
            with running_service(Path(folder) / kind, database_url=url) as running:
                settings = Settings(data=Path(folder) / kind / "data", database_url=url)
                with closing(Database(settings.url)) as database:
                    fill(database, given.scans)
                    if given.plans:
                        show_plans(database, given.scans)
                measure(running, given.scans, given.times)
                stream(running, {"manifest_projection": "scan_id"}, "everything: ids")
                stream(running, {}, "everything")


if __name__ == "__main__":
    sys.exit(main())
