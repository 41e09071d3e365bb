"""Jobs that wait: whether any slot could ever run them, asked now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError, JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skydriver.clusters.base import Cluster, Job
    from skydriver.db.stores.pools import Pool
    from skydriver.services.pools.orders import Orders

PATIENCE_S: Final = 5.0
"""Jobs may wait for so long without anybody asking why."""
AGAIN_S: Final = 20.0
"""It is asked again after so long."""


class Waits:
    """Remembers since when the jobs of a pool wait, by this process's own clock, and what was found out.

    Parameters
    ----------
    cluster
        Where they wait.
    orders
        Tells what they are like.
    clock
        Seconds that go on steadily.
    """

    def __init__(self, cluster: Cluster, orders: Orders, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._orders = orders
        self._clock = clock
        self._since: dict[str, float] = {}
        self._asked: dict[str, tuple[float, str | None]] = {}

    def problem(self, pool: Pool, jobs: Sequence[Job]) -> str | None:
        """Why jobs of a pool wait, where nothing could run them or a person holds them; None while all is well."""
        held = next((job.hold for job in jobs if job.hold is not None and not job.hold.is_for_spooling), None)
        if held is not None:
            return f"{pool.cluster} holds jobs: {held.reason}"
        if not jobs or any(job.state is not JobState.IDLE or job.n_starts for job in jobs):
            self._since.pop(pool.id, None)
            self._asked.pop(pool.id, None)
            return None
        now = self._clock()
        if now - self._since.setdefault(pool.id, now) < PATIENCE_S:
            return None
        at, said = self._asked.get(pool.id, (None, None))
        if at is None or now - at >= AGAIN_S:
            said = self._ask(pool)
            self._asked[pool.id] = (now, said)
        return said

    def _ask(self, pool: Pool) -> str | None:
        try:
            found = self._cluster.matches(self._orders.sample(pool))
        except (ClusterAwayError, ClusterRefusalError) as error:
            return f"{pool.cluster}: {error}"
        return None if found.n_matching else f"no slot of {pool.cluster} can run its jobs: {found.says}"
