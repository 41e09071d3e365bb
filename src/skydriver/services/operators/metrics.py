"""Numbers that count up in this process, as announcements and answers go by: no label names a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

import skydriver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skydriver.services.coordination.news import Announcement

LATENCIES_S: Final = (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600)
"""Upper ends of the histograms' bins, s."""


class Metrics:
    """Of one service; Prometheus adds up those of several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Gauge("skydriver_build_info", "1; the label says the release.", ["version"], registry=self.registry).labels(
            skydriver.__version__
        ).set(1)
        self._first_worker = self._latency("first_worker", "From a scan's submission until a worker began it")
        self._first_pixel = self._latency("first_pixel", "From a scan's submission until its first fit was done")
        self._final = self._latency("final", "From a scan's submission until its final map")
        self._ended = self._counter("scans_ended", "Scans that ended, by how", "status")
        self._failures = self._counter("scan_failures", "Scans that failed, by the code of why", "code")
        self._fits = self._counter(
            "fits", "Fits that came to a value, or failed for good, as this process was told", "outcome"
        )
        self._news = self._counter("announcements", "Events of scans that were announced, by kind", "kind")
        self._errors = self._counter("errors", "Requests that were answered with an error, by its code", "code")

        self._bytes = self._counter(
            "worker_address_bytes", "Bytes at the workers' own address, without those of TLS", "direction"
        )
        self.received, self.sent = self._bytes.labels("received"), self._bytes.labels("sent")
        self.worker_connections = Gauge(
            "skydriver_worker_address_connections",
            "Connections that are open at the workers' own address.",
            registry=self.registry,
        )
        self._downloads = self._counter("bundle_downloads", "Times that jobs fetched the bundle", "outcome")

    def heard(self, announced: Sequence[Announcement]) -> None:
        """Take into account what this process announced."""
        for _, kind, facts in announced:
            self._news.labels(kind).inc()
            if kind == "state":
                self._state(facts)
            elif kind == "first_pixel":
                self._first_pixel.observe(facts["after_s"])

    def fitted(self, n_done: int, n_failed: int) -> None:
        """Take fits into account that are committed."""
        self._fits.labels("done").inc(n_done)
        self._fits.labels("failed").inc(n_failed)

    def answered_error(self, code: str) -> None:
        """Take an answer into account."""
        self._errors.labels(code).inc()

    def downloaded(self, outcome: str) -> None:
        """Take a download of the bundle into account: ``begun``, and then ``ended`` or ``broken``; or ``refused``."""
        self._downloads.labels(outcome).inc()

    def _state(self, facts: Mapping[str, Any]) -> None:
        status = facts["status"]
        if status == "running" and facts.get("waited_s") is not None:
            self._first_worker.observe(facts["waited_s"])
        if status in {"done", "aborted", "failed"}:
            self._ended.labels(status).inc()
        if status == "failed":
            self._failures.labels(facts.get("code") or "unknown").inc()
        if status == "done" and facts.get("after_s") is not None:
            self._final.observe(facts["after_s"])

    def _latency(self, name: str, meaning: str) -> Histogram:
        return Histogram(f"skydriver_{name}_seconds", f"{meaning}, s.", buckets=LATENCIES_S, registry=self.registry)

    def _counter(self, name: str, meaning: str, label: str) -> Counter:
        return Counter(f"skydriver_{name}", f"{meaning}.", [label], registry=self.registry)
