"""What every use case of the service works with."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skydriver.clusters.configured import Clusters
from skydriver.services.bundles import Bundles
from skydriver.services.coordination.ledgers import Ledgers
from skydriver.services.coordination.yielding import Asked
from skydriver.services.drawing.drawer import Drawer
from skydriver.services.last_known import LastKnown
from skydriver.services.operators.metrics import Metrics
from skydriver.services.operators.pulse import Pulse
from skydriver.services.worker_access import WorkerAccess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from skydriver.config import Settings
    from skydriver.db.database import Database
    from skydriver.services.coordination.news import Announcement


class Bell:
    """Rung, from any thread, when there may be something to do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard_by: list[Callable[[], object]] = []

    def ring(self) -> None:
        """Wake whoever listens."""
        with self._lock:
            listeners = list(self._heard_by)
        for wake in listeners:
            wake()

    @contextmanager
    def heard_by(self, wake: Callable[[], object]) -> Iterator[None]:
        """Have `wake` called at each ring. Begin before looking whether there is anything to do: no ring is missed."""
        with self._lock:
            self._heard_by.append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._heard_by.remove(wake)


@dataclass(frozen=True, slots=True)
class Service:
    """The service as its use cases see it: the database is the only memory, the rest can be lost at any time."""

    settings: Settings
    database: Database
    clusters: Clusters = field(default_factory=Clusters)
    """Those that are configured."""
    work: Bell = field(default_factory=Bell)
    """Rung when fits may be leased."""
    scans: Bell = field(default_factory=Bell)
    """Rung when a scan may need its next step."""
    news: Bell = field(default_factory=Bell)
    """Rung when something was announced (`coordination.news`)."""
    ledgers: Ledgers = field(default_factory=Ledgers)
    """Of scans at work, so that not every fit is read again at each step."""
    asked: Asked = field(default_factory=Asked)
    """Workers that were asked of late to leave what they do for an alert."""
    statuses: LastKnown = field(default_factory=LastKnown)
    """As they were told last: who listens for an abort must not meet an error while the database is away."""
    metrics: Metrics = field(default_factory=Metrics)
    """What this process counts."""
    pulse: Pulse = field(default_factory=Pulse)
    """Of the loop that takes scans further."""
    drawer: Drawer = field(default_factory=Drawer)
    """Makes products, in a process of its own."""
    worker_access: WorkerAccess = field(default_factory=WorkerAccess)
    """The address at which workers elsewhere reach this process."""
    bundles: Bundles = field(default_factory=Bundles)
    """What jobs fetch."""
    hearers: list[Callable[[Sequence[Announcement]], object]] = field(default_factory=list)
    """Called with all that this service announces, once it is committed."""

    def __post_init__(self) -> None:
        """Count what is announced."""
        self.hearers.append(self.metrics.heard)

    def tell(self, announced: Sequence[Announcement]) -> None:
        """Spread news that are committed."""
        for hear in self.hearers:
            hear(announced)
        self.news.ring()
