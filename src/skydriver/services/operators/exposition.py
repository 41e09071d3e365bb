"""All numbers in the text format of Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from skydriver.errors import UnavailableError
from skydriver.services.operators.levels import levels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skydriver.services.context import Service
    from skydriver.services.operators.levels import Levels

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(service: Service, n_listeners: int) -> bytes:
    """Everything that is counted, and how things stand; without the latter while the database is away."""
    asked = CollectorRegistry()
    asked.register(_Now(service, n_listeners))
    return generate_latest(service.metrics.registry) + generate_latest(asked)


class _Now(Collector):
    """How things stand when it is asked."""

    def __init__(self, service: Service, n_listeners: int) -> None:
        self._service = service
        self._n_listeners = n_listeners

    def describe(self) -> list[Metric]:
        """Nothing: it is not asked twice."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        try:
            found = levels(self._service)
        except UnavailableError:
            found = None
        yield _gauge("database_up", "1 where the database answers, else 0", float(found is not None))
        yield _gauge("reconciler_age_seconds", "Since coordination looked at scans last, s", self._service.pulse.age_s)
        yield _gauge("listeners", "Connections that listen to events of this process", self._n_listeners)
        if found is not None:
            yield from _told(found)


def _told(found: Levels) -> Iterator[Metric]:
    yield _labelled("scans", "Scans that have not ended, by status", "status", found.scans)
    yield _labelled("queue_scans", "Scans that wait for their turn, by class of priority", "class", found.queue)
    yield _gauge("queue_oldest_seconds", "Since the submission of the scan that waits longest, s", found.oldest_s)
    yield _labelled("workers", "Workers that are alive, by pool", "pool", found.workers)
    yield _gauge("leases", "Tasks that workers hold", found.leases)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"skydriver_{name}", f"{meaning}.", value=value)


def _labelled(name: str, meaning: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"skydriver_{name}", f"{meaning}.", labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
