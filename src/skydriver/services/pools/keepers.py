"""All keepers: one for each cluster that is needed, begun when it is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Self

from skydriver.clusters.htcondor.cluster import HTCondorCluster
from skydriver.db.stores import pools
from skydriver.errors import UnavailableError
from skydriver.log import get_logger
from skydriver.services.pools import taken
from skydriver.services.pools.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from skydriver.clusters.base import Cluster
    from skydriver.clusters.configured import Named
    from skydriver.services.context import Service
    from skydriver.services.coordination.news import Announcement

LOOK_S: Final = 1.0
FOLDER: Final = "jobs"
"""In the data folder: what is sent with jobs, and what came back."""

log = get_logger()


class Keepers:
    """A thread, as a context manager.

    Parameters
    ----------
    service
        The service.
    make
        What speaks with a cluster.
    """

    def __init__(self, service: Service, make: Callable[[Named], Cluster] | None = None) -> None:
        self._service = service
        self._make = make or (
            lambda named: HTCondorCluster(named.name, named.settings, service.settings.data.absolute() / FOLDER)
        )
        self._keepers: dict[str, Keeper] = {}
        self._rung = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._run, name="keepers", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._service.hearers.append(self._hear)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all; jobs go on without them, and are found again."""
        self._service.hearers.remove(self._hear)
        self._ends = True
        self._rung.set()
        self._thread.join()
        for keeper in self._keepers.values():
            keeper.end()

    def _hear(self, announced: Sequence[Announcement]) -> None:
        """A scan began or ended, or may have more workers."""
        if any(kind in {"state", "workers"} for _, kind, _ in announced):
            self._rung.set()

    def _run(self) -> None:
        while not self._ends:
            is_news = self._rung.wait(LOOK_S)
            self._rung.clear()
            self._look_safely(is_news=is_news)

    def _look_safely(self, *, is_news: bool) -> None:
        try:
            self.look(is_news=is_news)
        except UnavailableError as error:
            log.warning("database_away", error=str(error))
        except Exception:  # the loop that must not end
            log.error("keepers_failed", exc_info=True)  # noqa: G201 - structlog

    def look(self, *, is_news: bool) -> None:
        """Begin what is needed, and have all look where something changed."""
        with self._service.database.reading() as connection:
            wanted = pools.clusters_at_work(connection)
        for row in wanted:
            if row.cluster not in self._keepers and not self._ends:
                self._begin(row.cluster, row.collector, row.schedd)
        for keeper in self._keepers.values() if is_news else ():
            keeper.ring()

    def _begin(self, name: str, collector: str, schedd: str) -> None:
        clusters = self._service.clusters
        named = clusters.by_name(name) or clusters.by_address(collector, schedd)
        if named is None or named.name != name:
            self._abandon(name)
            return
        keeper = self._keepers[name] = Keeper(self._service, named, self._make(named))
        keeper.start()

    def _abandon(self, name: str) -> None:
        """A cluster that is in the database, but not in the configuration any more."""
        with self._service.database.reading() as connection:
            rows = pools.at_work(connection, name)
        for row in rows:
            if row.state == pools.ACTIVE:
                taken.gave_up(self._service, row, f"{name} is not among the configured clusters any more")
