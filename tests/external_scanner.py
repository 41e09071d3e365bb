"""A scanner written against the contract alone: it makes the calls of the official containers, in their order.

It knows nothing of the service but its address, and imports none of its code. Its pixels are made up.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rest_tools.client import RestClient

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ["index", "llh", "E_in", "E_tot", "X", "Y", "Z", "T"]
N_VARIATIONS = 7
"""Of the vertex, for each pixel: each is one reconstruction."""
N_PIXELS = 12
"""Of each stage."""
PIXELS_PER_REPORT = 5
"""The official intervals of minutes, shortened to pixels."""
FAILED = (1, 7)
"""Nside and pixel of a fit that fails."""
NAN = "<skyreader.nan>"


class Said(NamedTuple):
    """One request that says something, and what it was answered with."""

    method: str
    path: str
    body: dict[str, Any]
    answer: Any


class ToldToStopError(Exception):
    """The service does not want this scan any more."""


class ExternalScanner:
    """One run of a scanner for one scan.

    Parameters
    ----------
    address, token
        Of the service.
    scan_id
        The scan that it reports to.
    nsides
        Pixel extensions by nside, whole numbers.
    listens_to
        How it finds out whether to stop: by ``status``, as today's containers, or by the ``manifest``.
    event_type
        What it takes the event for; some containers find none.
    generation
        Of the API by which it reports. Since 2025 it goes on only where somebody works on its scan.
    """

    def __init__(
        self,
        address: str,
        token: str,
        scan_id: str,
        nsides: dict[int, int],
        *,
        listens_to: str = "status",
        event_type: str | None = "neutrino",
        generation: int = 2023,
    ) -> None:
        self.scan_id = scan_id
        self.nsides = nsides
        self.results: dict[int, list[list[Any]]] = {}
        self.is_done = False
        self._listens_to = listens_to
        self._event_type = event_type
        self._generation = generation
        self._start = time.time()
        self._sent: dict[int, int] = {}
        self._metadata: dict[str, Any] = {}
        self._client = RestClient(address, token=token, timeout=60.0, retries=10)

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def run(self) -> Iterator[Said]:
        """Scan, pausing after each thing said; a `ToldToStopError` where the service wants no more."""
        self._metadata = self.event_metadata()
        yield self.progress("The Skymap Scanner has started up.")
        yield self.progress("The Skymap Scanner has sent out pixels and is waiting to receive recos.")
        yield self.result()
        for nside in self.nsides:
            yield from self._stage(nside)
        self.is_done = True
        yield self.result()
        yield self.progress("The Skymap Scanner has finished.")

    def event_metadata(self) -> dict[str, Any]:
        """What it found the event to be, from the manifest, which must hold it."""
        manifest = self._client.request_seq("GET", self._path("manifest"))
        data = manifest["event_i3live_json_dict"]["value"]["data"]
        return {
            "run_id": data["run_id"],
            "event_id": data["event_id"],
            "event_type": self._event_type,
            "mjd": 60676.0,
            "is_real_event": "--real-event" in manifest["scanner_server_args"],
            "version": 1,
        }

    def progress(self, summary: str, epilogue: str = "") -> Said:
        """Send how far it is, with the two metadata, as always."""
        body = {
            "progress": {
                "summary": summary,
                "epilogue": epilogue,
                "tallies": self._tallies(),
                "processing_stats": self._stats(),
                "predictive_scanning_threshold": 1.0,
                "last_updated": _moment(time.time()),
                "start": int(self._start),
                "end": int(time.time()) if self.is_done else None,
            },
            "event_metadata": self._metadata,
            "scan_metadata": {
                "scan_id": self.scan_id,
                "nside_progression": self.nsides,
                "position_variations": N_VARIATIONS,
            },
        }
        return self.send(body)

    def result(self) -> Said:
        """Send the map of all that is finished; empty at first."""
        body = {"skyscan_result": self._map(), "is_final": self.is_done}
        return self.send(body, "PUT")

    def condor_cluster(self, cluster_id: int, jobs: int) -> Said:
        """Say where workers were started, as their starter does."""
        cluster = {"collector": "glidein.example", "schedd": "ap.example", "cluster_id": cluster_id, "jobs": jobs}
        return self.send({"condor_cluster": cluster})

    def send(self, body: dict[str, Any], method: str = "PATCH") -> Said:
        """Send any words of a method."""
        return self._say(method, self._path("manifest" if method == "PATCH" else "result"), body)

    def repeat(self, said: Said) -> Said:
        """Send what was said once, of this scan."""
        body = said.body
        if "scan_metadata" in body:
            body = body | {"scan_metadata": body["scan_metadata"] | {"scan_id": self.scan_id}}
        return self.send(body, said.method)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask for anything with its token."""
        return self._client.request_seq(method, path, None if method == "GET" else body)

    def heed(self) -> None:
        """Stop where the service says so; also where it hides the scan."""
        if self._generation == 2025 and self._client.request_seq("GET", self._path("workforce"))["n_running"] < 1:
            raise ToldToStopError("nobody works on it")
        if self._listens_to == "status":
            status = self._client.request_seq("GET", f"/scan/{self.scan_id}/status")
            if status["is_deleted"] or status["ewms_deactivated"]:
                raise ToldToStopError(str(status))
            return
        manifest = self._client.request_seq("GET", f"/scan/manifest/{self.scan_id}", {"include_deleted": True})
        if manifest["is_deleted"] or manifest["complete"]:
            raise ToldToStopError(str(manifest["skydriver"]["state"]))

    def _path(self, part: str) -> str:
        return f"/scan/{part}/{self.scan_id}" if self._generation == 2023 else f"/scan/{self.scan_id}/{part}"

    def _stage(self, nside: int) -> Iterator[Said]:
        self._sent[nside] = N_PIXELS
        for pixel in range(N_PIXELS):
            self.heed()
            self.results.setdefault(nside, []).append(_row(nside, pixel))
            if pixel % PIXELS_PER_REPORT == 0:
                yield self.progress("The Skymap Scanner is busy scanning pixels.", "I will report back again.")
                yield self.result()

    def _say(self, method: str, path: str, body: dict[str, Any]) -> Said:
        return Said(method, path, body, asyncio.run(self._client.request(method, path, body)))

    def _map(self) -> dict[str, Any]:
        return {
            f"nside-{nside}": {
                "columns": COLUMNS,
                "data": list(rows),
                "metadata": {"nside": nside, "complete": self.is_done} | self._metadata,
            }
            for nside, rows in self.results.items()
        }

    def _tallies(self) -> dict[str, Any]:
        done = {nside: len(self.results.get(nside, [])) for nside in self.nsides}
        total = sum(done.values())
        return {
            "nsides": {nside: self._tally(nside, n_done) for nside, n_done in done.items()},
            "total pixels": total,
            "total recos": total * N_VARIATIONS,
            "est. scan percent": f"{total}/{total + 1} ({total / (total + 1):.4f})",
            "est. scan timeline": {0.1: "0:00:01"},
        }

    def _tally(self, nside: int, n_done: int) -> dict[str, Any]:
        if nside not in self._sent:
            return {"done": 0, "est. percent": "N/A (12 predicted)", "est. percent (recos)": "N/A (84 predicted)"}
        percent = f"{n_done}/{self._sent[nside]} ({n_done / self._sent[nside]:.4f})"
        return {"done": n_done, "est. percent": percent, "est. percent (recos)": percent}

    def _stats(self) -> dict[str, Any]:
        now = time.time()
        stats: dict[str, Any] = {
            "start": {"scanner start": _moment(self._start)},
            "runtime": {"elapsed": _span(now - self._start)},
        }
        if not self.results:
            return stats
        times = {name: _span(1.0) for name in ("mean", "median", "slowest", "fastest")}
        stats["start"]["reco start (on server)"] = _moment(self._start)
        stats["runtime"]["startup runtime"] = _span(0.0)
        stats["rate"] = {"all recos": {"worker time": times, "round-trip time": times}}
        if self.is_done:
            return stats | {"end": _moment(now), "finished": True}
        ahead = {"time left": _span(9.0), "total runtime at finish": _span(99.0), "total # of reconstructions": 168}
        return stats | {"predictions": ahead | {"end": _moment(now), "technique": "simple moving average (window=10)"}}


def _row(nside: int, pixel: int) -> list[Any]:
    """A made-up fit."""
    llh = NAN if (nside, pixel) == FAILED else 1000.0 + abs(pixel - 3) / nside + 0.1
    return [pixel, llh, 0.0, 123.25, 1.5 * pixel, -2.0, 3.0, 9500.0]


def _moment(seconds: float) -> str:
    return str(dt.datetime.fromtimestamp(int(seconds), dt.UTC).replace(tzinfo=None))


def _span(seconds: float) -> str:
    return str(dt.timedelta(seconds=int(seconds)))
