"""Listeners on one scan: what they cost the service, how soon they hear, and that nothing is lost when it is killed.

Usage: python benchmarks/listeners.py [--listeners 500] [--database sqlite|postgresql]

One other process holds all connections, each on its own socket, and reads them as browsers do: on a lost connection it
comes back a second later with the id of the event that it heard last. What each heard is then compared with the
database: every announcement and every fit, once.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from http_load import ask, get, in_own_process, post
from process_costs import cpu_seconds, memory
from service import body, fresh, postgresql, show
from skydriver.api.server import allow_many_files
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.db.tables import feed, scans
from skydriver.testing.events import toy_event
from skydriver.testing.service import RunningService, running_service

ASKED = {"reco_algo": "dummy:1:0.02", "nsides": {"8": 0}, "cluster": {"local": 1}}
RETRY_S = 1.0
KILL_AFTER_S = 5.0
LIMIT_S = 300.0


@dataclass
class Heard:
    """What one listener heard."""

    news: list[int] = field(default_factory=list)
    fits: int = 0
    problems: int = 0
    """Events that came twice, or behind a gap."""
    delays_s: list[float] = field(default_factory=list)
    """Of announcements that were made while it was connected."""
    last_id: str | None = None


class Listener:
    """One connection, again and again."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self.heard = Heard()
        self.due = 0.0
        self.socket: socket.socket | None = None
        self._where, self._path, self._left, self._since = (host, port), path, b"", 0.0

    def connect(self) -> bool:
        """Ask; whether somebody takes it."""
        query = "?from=start" if self.heard.last_id is None else f"?last_event_id={self.heard.last_id}"
        self._left = b""
        try:
            self.socket = socket.create_connection(self._where, timeout=5)
            self.socket.sendall(get(self._path + query))
        except OSError:
            self.lose()
            return False
        self.socket.settimeout(0.0)
        self._since = time.time()
        return True

    def lose(self) -> None:
        """Come back later."""
        if self.socket is not None:
            self.socket.close()
        self.socket, self.due = None, time.monotonic() + RETRY_S

    def read(self) -> str:
        """Take in what came: ``more``, ``lost``, or ``over``."""
        try:
            part = self.socket.recv(1 << 20)
        except BlockingIOError:
            return "more"
        except OSError:
            return "lost"
        self._left += part
        if self._left.startswith(b"HTTP/1.1 204"):
            return "over"
        *whole, self._left = self._left.split(b"\n\n")
        for event in whole:
            self._take(event, time.time())
        return "more" if part and not self._left.startswith(b"\r\n0\r\n\r\n") else "lost"

    def _take(self, event: bytes, now: float) -> None:
        lines = dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line)
        if b"data" not in lines:
            return
        heard, data = self.heard, json.loads(lines[b"data"])
        heard.last_id = lines[b"id"].decode()
        number, fits = map(int, heard.last_id.split("-")[:2])
        if lines[b"event"] == b"pixels":
            heard.problems += fits != heard.fits + len(data["pixels"])
            heard.fits = fits
        else:
            heard.problems += bool(heard.news) and number <= heard.news[-1]
            heard.news.append(number)
            if data["time"] > self._since:
                heard.delays_s.append(now - data["time"])


def listen(url: str, path: str, n: int) -> list[Heard]:
    """What `n` listeners heard until all were told that it is over."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    listeners = [Listener(host, int(port), path) for _ in range(n)]
    waiting, latest = set(listeners), time.monotonic() + LIMIT_S
    with selectors.DefaultSelector() as ready:
        while (waiting or ready.get_map()) and time.monotonic() < latest:
            for one in [one for one in waiting if one.due <= time.monotonic()]:
                if one.connect():
                    waiting.discard(one)
                    ready.register(one.socket, selectors.EVENT_READ, one)
            for key, _ in ready.select(0.1):
                state = key.data.read()
                if state != "more":
                    ready.unregister(key.fileobj)
                    key.data.lose()
                if state == "lost":
                    waiting.add(key.data)
    return [one.heard for one in listeners]


def measure(folder: Path, url: str | None, n: int) -> None:
    """One scan without listeners, one with them, one with them and a kill."""
    with running_service(folder, database_url=url, workers=1) as running:
        settings = Settings(data=folder / "data", database_url=url)
        show_scan("nobody listens", running, settings, 0)
        show_scan(f"{n} listen", running, settings, n)
        show_scan(f"{n} listen, killed meanwhile", running, settings, n, kill=True)


def show_scan(title: str, running: RunningService, settings: Settings, n: int, *, kill: bool = False) -> None:
    """What a scan costs the service while it is listened to, and what was heard."""
    scan = ask(running.url, post("/scan", body(json.loads(toy_event()), **ASKED)))["scan_id"]
    begun, cpu = time.monotonic(), cpu_seconds(running.pid)
    most, status = 0.0, "queued"
    with ThreadPoolExecutor(1) as pool:
        hearing = pool.submit(in_own_process, lambda: listen(running.url, f"/scan/{scan}/events", n))
        while status not in {"done", "failed", "aborted"}:
            time.sleep(0.5)
            most = max(most, memory(running.pid).rss)
            if kill and time.monotonic() > begun + KILL_AFTER_S:
                kill = False
                running.kill()
                running.start()
                begun, cpu = time.monotonic(), cpu_seconds(running.pid)
            status = ask(running.url, get(f"/scan/{scan}/status"))["skydriver"]["status"]
        share = (cpu_seconds(running.pid) - cpu) / (time.monotonic() - begun)
        heard = hearing.result()
    show(title, f"{status}; service {100 * share:.0f} % of a core, {most:.0f} MB resident")
    if heard:
        show_heard(heard, settings, scan)


def show_heard(heard: list[Heard], settings: Settings, scan: str) -> None:
    """Compare with the database."""
    with closing(Database(settings.url)) as database, database.reading() as connection:
        news = list(connection.execute(select(feed.c.id).where(feed.c.scan == scan).order_by(feed.c.id)).scalars())
        n_fits = connection.execute(select(scans.c.fits_done).where(scans.c.id == scan)).scalar_one()
    lost = sum(one.news != news or one.fits != n_fits for one in heard)
    delays = sorted(1e3 * delay for one in heard for delay in one.delays_s)
    show("", f"{len(news)} announcements and {n_fits} fits; {lost} listeners did not hear each of them, once")
    show("", f"{sum(one.problems for one in heard)} events twice or behind a gap")
    p99 = delays[int(0.99 * len(delays))]
    show(
        "", f"heard after: median {statistics.median(delays):.0f} ms, 99 % within {p99:.0f} ms, all {delays[-1]:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        for kind in ("sqlite", "postgresql"):
            if given.database not in {None, kind} or (kind == "postgresql" and server is None):
                continue
            print(f"{kind}:", flush=True)
            url = fresh(server, "listeners") if kind == "postgresql" else None
            measure(Path(folder) / kind, url, given.listeners)


if __name__ == "__main__":
    main()
