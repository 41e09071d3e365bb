"""What is submitted for a pool, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from skydriver.clusters.base import ClusterRefusalError, Order
from skydriver.clusters.images import Catalogue
from skydriver.db.stores import pool_jobs
from skydriver.errors import SkyDriverError
from skydriver.services import tokens
from skydriver.services.bundles import known_bundle
from skydriver.services.sizes import mebibytes

if TYPE_CHECKING:
    from pathlib import Path

    from skydriver.clusters.base import Bundle
    from skydriver.clusters.configured import Named
    from skydriver.db.stores.pools import Pool
    from skydriver.services.context import Service

STARTER_S: Final = 30 * 86_400.0
"""Jobs may wait in a queue for so long, and start again."""
BAD_SINCE_S: Final = 21_600.0
BAD_AFTER: Final = 3
"""A machine on which so many jobs failed within that time gets no more."""


class Ship(NamedTuple):
    """How the worker gets there: one of them."""

    image: str | None
    bundle: Bundle | None


class Orders:
    """Makes the orders for one cluster."""

    def __init__(self, service: Service, named: Named) -> None:
        self._service = service
        self._named = named
        self._identity = ""

    def identity(self) -> str:
        """Which SkyDriver this is, in each of its jobs."""
        if not self._identity:
            with self._service.database.reading() as connection:
                self._identity = pool_jobs.who(connection)
        return self._identity

    def bad_hosts(self) -> list[str]:
        """Machines on which jobs failed again and again of late."""
        with self._service.database.reading() as connection:
            since = self._service.database.now(connection) - BAD_SINCE_S
            return pool_jobs.bad_hosts(connection, self._named.name, since, BAD_AFTER)

    def order(self, pool: Pool, submission: str, n_jobs: int, memory_mb: int) -> Order:
        """Jobs of a pool, with a token.

        Raises
        ------
        ClusterRefusalError
            If there is no image or bundle for them.
        """
        ship = self._ship(pool)
        token = tokens.mint(self._service, "starter", pool.id, STARTER_S)
        return self._order(pool, submission, ship, (n_jobs, memory_mb), token)

    def sample(self, pool: Pool) -> Order:
        """The same only to be compared with what there is: it cannot be submitted."""
        return self._order(pool, "", self._ship(pool), (pool.wanted, pool.memory_mb), "")

    def _order(self, pool: Pool, submission: str, ship: Ship, size: tuple[int, int], token: str) -> Order:
        address = self._service.worker_access.address
        request = orjson.loads(pool.request)
        return Order(
            service=self.identity(),
            scan=pool.scan,
            submission=submission,
            pool=pool.id,
            n_jobs=size[0],
            memory_mb=size[1],
            disk_mb=mebibytes(request["worker_disk_bytes"]),
            priority=pool.priority,
            token=token,
            worker_url=self._named.settings.worker_url or (address.url if address else ""),
            ca=address.ca if address else None,
            baseline=self._service.clusters.baseline or "x86-64-v2",
            image=ship.image,
            bundle=ship.bundle,
            avoid=tuple(self.bad_hosts()),
        )

    def _ship(self, pool: Pool) -> Ship:
        settings = self._named.settings
        try:
            if settings.ship == "bundle":
                return Ship(None, known_bundle(self._bundle()))
            return Ship(settings.image or self._image(pool), None)
        except (SkyDriverError, OSError) as error:
            raise ClusterRefusalError(f"the worker cannot be sent to {self._named.name}: {error}") from error

    def _bundle(self) -> Path:
        path = self._service.clusters.bundle
        if path is None:
            raise ClusterRefusalError("the configuration of clusters names no bundle (skydriver bundle makes one)")
        return path

    def _image(self, pool: Pool) -> str:
        tag = orjson.loads(pool.request)["docker_tag"]
        folder = Catalogue(self._service.settings.image_roots).resolve(tag).folder
        if folder is None:
            raise ClusterRefusalError(f"there is no image {tag} below SKYDRIVER_IMAGE_ROOTS, and none is configured")
        return str(folder)
