"""A whole service in this process: memory, coordination, local workers and REST, begun and ended in the right order."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from skydriver.api.app import build_app
from skydriver.api.server import Server
from skydriver.api.worker_door import WorkerDoor
from skydriver.clusters.configured import VARIABLE, read_clusters
from skydriver.clusters.local import LocalPool
from skydriver.clusters.local_process import has_ended
from skydriver.db.data_folder import open_data
from skydriver.db.database import Database
from skydriver.db.migrate import prepare_schema
from skydriver.errors import SettingError, SkyDriverError, UnavailableError
from skydriver.log import get_logger
from skydriver.recos.baseline import environment
from skydriver.services import tokens
from skydriver.services.context import Service
from skydriver.services.coordination import workers
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.coordination.silence import free_all_local
from skydriver.services.memory import look_past_what_is_here, share_one_arena
from skydriver.services.pools.keepers import Keepers
from skydriver.services.worker_access import BIND, bound_place
from skydriver.services.worker_tls import WorkerTls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from skydriver.clusters.configured import Clusters
    from skydriver.config import Settings
    from skydriver.db.database import Watch
    from skydriver.db.stores.workers import Worker

LOCAL: Final = "local"
"""The pool of this machine's workers."""
TOKEN_SECONDS: Final = 3600.0
"""The life of a local worker's token, which it renews."""
INTERRUPTED: Final = 130

log = get_logger()


class Running(Server):
    """The server of a service, which sends its local workers home before it stops answering them.

    Parameters
    ----------
    service
        What is served.
    on_ready
        Called with this, once requests are answered.
    door
        The workers' own address, if there is one.
    """

    def __init__(self, service: Service, on_ready: Callable[[Running], Any], door: WorkerDoor | None = None) -> None:
        background: list[Callable[[], Any]] = [partial(Reconciler, service)]
        if service.clusters.any:
            background.append(partial(Keepers, service))
        app = build_app(service, background=background)
        super().__init__(app, service.settings.host, service.settings.port, self._begin, door)
        self.service = service
        self._on_running = on_ready
        self._workers = ExitStack()
        self._ending: threading.Thread | None = None
        self._problem: SkyDriverError | None = None

    def end(self) -> None:
        """End in order, from any thread: workers give back what they have, then the server stops."""
        if self._ending is None:
            self._ending = threading.Thread(target=self._wind_down, name="wind down")
            self._ending.start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as the class before has it
        """End in order because of a signal; because of a second one, at once."""
        if self._ending is not None:
            log.warning("ended_at_once")
            os._exit(INTERRUPTED)  # workers end with the pipes that they have from us
        self.end()

    def serve_until_stopped(self) -> None:
        """Serve, and be done with everything at the end; an error that `on_ready` raised comes out then."""
        try:
            super().serve_until_stopped()
        finally:
            if self._ending is not None:
                self._ending.join()
            self._workers.close()
        if self._problem is not None:
            raise self._problem

    def _begin(self, url: str) -> None:
        size = self.service.settings.local_workers
        if size:
            self._workers.enter_context(local_pool(self.service, size, url))
        log.info(
            "serving", url=url, workers=size, database="sqlite" if self.service.database.is_sqlite else "postgresql"
        )
        if (address := self.service.worker_access.address) is not None:
            log.info("serving_workers", url=address.url)
        try:
            self._on_running(self)
        except SkyDriverError as error:
            self._problem = error
            self.end()

    def _wind_down(self) -> None:
        log.info("ending")
        self._workers.close()
        self.stop()


def local_pool(service: Service, size: int, url: str) -> LocalPool:
    """The workers of this machine, which speak with the service at `url` like any other worker."""

    def mint() -> str:
        return tokens.mint(service, "worker", LOCAL, TOKEN_SECONDS)

    def gone(token: str, reason: str) -> None:
        workers.gone(service, tokens.hash_of(token), reason)

    baseline = service.clusters.baseline
    return LocalPool(size, url, mint, gone, environment(baseline) if baseline else {})


@contextmanager
def opened(settings: Settings, watch: Watch | None = None) -> Iterator[Service]:
    """The service's memory, of this release, with nothing running yet.

    Parameters
    ----------
    settings
        All settings.
    watch
        As `Database` takes it; nothing that an operator sets leads here.

    Raises
    ------
    SettingError
        If the data folder cannot be used, or another service uses it.
    SchemaError
        If the database is not of this release.
    UnavailableError
        If the database is away.
    """
    clusters = read_clusters(settings.clusters)
    with ExitStack() as stack:
        if settings.database_url is None:
            stack.enter_context(open_data(settings))
        database = stack.enter_context(closing(Database(settings.url, watch)))
        prepare_schema(settings, database)
        service = Service(settings, database, clusters)
        _free_what_was_ours(service)
        yield service


def _free_what_was_ours(service: Service) -> None:
    """Local workers end with their service: what those of the one before held is free at once.

    On SQLite there is no other service; else there may be, and only those are gone that this machine knows to be.
    """

    def is_gone(worker: Worker) -> bool:
        return service.database.is_sqlite or has_ended(worker.host, worker.pid)

    try:
        free_all_local(service, LOCAL, "the service was started again", is_gone)
    except UnavailableError as error:  # another service has them locked at this moment: their leases end by themselves
        log.warning("workers_not_freed", problem=str(error))


def run(settings: Settings, on_ready: Callable[[Running], Any], watch: Watch | None = None) -> None:
    """Serve until SIGINT, SIGTERM or `Running.end`.

    Parameters
    ----------
    settings
        All settings.
    on_ready
        Called once requests are answered, in the thread that answers them.
    watch
        As in `opened`.

    Raises
    ------
    SettingError
        If an address cannot be served on, or a setting of the workers' own is wrong; the others as in `opened`.
    """
    tls = worker_tls(settings, read_clusters(settings.clusters))
    share_one_arena()
    with opened(settings, watch) as service, ExitStack() as stack:
        service.bundles.offer(service.clusters.bundle)
        door = None if tls is None else stack.enter_context(closing(WorkerDoor(service, tls)))
        running = Running(service, on_ready, door)
        look_past_what_is_here()
        running.serve_until_stopped()


def worker_tls(settings: Settings, clusters: Clusters) -> WorkerTls | None:
    """What the workers' own address shows, for all hosts by which a cluster reaches it; None where there is none."""
    if bound_place(settings) is None:
        if clusters.any:
            raise SettingError(BIND, f"it is needed, for {VARIABLE} names clusters, whose workers come from elsewhere")
        return None
    return WorkerTls(settings, clusters.worker_urls)
