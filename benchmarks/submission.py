"""How many different events a process takes in, and what each part of a submission costs.

Usage: python benchmarks/submission.py [--url postgresql://…]

Requests are the real events, each with another remark, as the bytes that a client sends; no HTTP.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

from events import SHARED
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.db.migrate import upgrade
from skydriver.services import submission, submitted_event
from skydriver.services.context import Service

N = 150
PARTS = (
    (submission, "read_order", "arguments"),
    (submitted_event, "_canonical", "canonical text"),
    (submitted_event, "hash_of", "hash"),
    (submitted_event, "read_document", "decode"),
    (submitted_event, "prepare", "clean"),
    (submitted_event.events, "packed", "compress"),
    (submission, "_find", "look for repeats"),
    (submission.events, "put", "store event"),
    (submission.submissions, "add", "store scan"),
)


def bodies(n: int) -> list[bytes]:
    events = [json.loads(path.read_bytes()) for path in sorted((SHARED / "events").glob("*.json"))]
    asked = {"docker_tag": "latest", "reco_algo": "pandel_mpe", "nsides": {"8": 0, "64": 12}, "cluster": {"local": 2}}
    found = []
    for number in range(n):
        event = {**events[number % len(events)], "remark": f"{time.time()} {number}"}
        found.append(orjson.dumps({**asked, "real_or_simulated_event": "real", "event_i3live_json": event}))
    return found


def watch(spent: Counter[str], module: object, name: str, label: str) -> None:
    work = getattr(module, name)

    def timed(*args, **kwargs):
        start = time.process_time()
        try:
            return work(*args, **kwargs)
        finally:
            spent[label] += time.process_time() - start

    setattr(module, name, timed)


def rate(service: Service, given: list[bytes], threads: int) -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda body: submission.submit(service, orjson.loads(body), "benchmark"), given))
    seconds = time.perf_counter() - start
    assert all(item.created for item in done)
    return len(given) / seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", help="an empty PostgreSQL database; else SQLite")
    url = parser.parse_args().url
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), database_url=url)
        service = Service(settings, Database(settings.url))
        upgrade(service.database)
        rate(service, bodies(3), 1)
        for threads in (1, 4):
            print(f"{threads} thread(s): {rate(service, bodies(N), threads):.0f} submissions/s")
        spent: Counter[str] = Counter()
        for part in PARTS:
            watch(spent, *part)
        rate(service, bodies(N), 1)
        print("CPU of each, ms: " + ", ".join(f"{label} {1e3 * spent[label] / N:.2f}" for *_, label in PARTS))
        service.database.close()


if __name__ == "__main__":
    main()
