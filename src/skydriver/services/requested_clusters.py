"""Clusters that a scan is asked to run on, in the forms of both generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.errors import SettingError
from skydriver.services.json_values import told
from skydriver.services.preparation import MAX_WORKERS
from skydriver.services.scan_arguments import CLUSTER_KEYS_OF_2023, whole
from skydriver.services.sizes import mebibytes

if TYPE_CHECKING:
    from skydriver.clusters.configured import Clusters, Named

LOCAL = "local"
"""Workers on the service's own machine."""
MAX_CLUSTERS = 100
MAX_JOBS = 1_000_000
MAX_NAME = 200
MAX_LISTED = 20
_FORMS = '{"local": 4}, [["local", 4]] or {"collector": "local", "schedd": "local", "njobs": 4}'


class Cluster(NamedTuple):
    """One of them."""

    collector: str
    """Its name, where it came as a name."""
    schedd: str | None
    """None where it came as a name."""
    n_jobs: int

    @property
    def is_local(self) -> bool:
        """Whether it is this machine."""
        return self.collector == LOCAL and self.schedd in {LOCAL, None}

    @property
    def title(self) -> str:
        """For people."""
        is_named = self.schedd is None or self.is_local
        return self.collector if is_named else f"{self.schedd} of {self.collector}"

    def as_given(self) -> object:
        """In the form in which it came, for a list."""
        if self.schedd is None:
            return [self.collector, self.n_jobs]
        return {"collector": self.collector, "schedd": self.schedd, "njobs": self.n_jobs}


def parse_clusters(argument: str, value: object) -> tuple[Cluster, ...]:
    """Clusters as they were given.

    Raises
    ------
    SettingError
        Naming `argument`.
    """
    if isinstance(value, dict):
        of_2023 = not CLUSTER_KEYS_OF_2023.isdisjoint(value)
        items: list[object] = [value] if of_2023 else [[name, n_jobs] for name, n_jobs in value.items()]
    elif isinstance(value, list):
        items = value
    else:
        raise SettingError(argument, f"is {told(value)}, not like {_FORMS}")
    if not 1 <= len(items) <= MAX_CLUSTERS:
        raise SettingError(argument, f"names {len(items)} clusters, not 1 to {MAX_CLUSTERS}")
    clusters = tuple(_cluster(argument, item) for item in items)
    if len({cluster.schedd is None for cluster in clusters}) > 1:
        raise SettingError(argument, "holds clusters by name and by collector and schedd; one list holds one form")
    return clusters


def is_all_local(listed: object) -> bool:
    """Whether clusters, as a stored request lists them, are this machine alone."""
    return not listed or all(cluster.is_local for cluster in parse_clusters("cluster", listed))


class Elsewhere(NamedTuple):
    """Workers on a cluster that is not this machine."""

    named: Named
    n_jobs: int


class Places(NamedTuple):
    """Where workers are to be."""

    n_local: int
    """Local ones that may fit at once."""
    elsewhere: tuple[Elsewhere, ...]

    @property
    def n_workers(self) -> int:
        """All that may fit at once; no more are counted than a scan is planned for."""
        return min(MAX_WORKERS, self.n_local + sum(place.n_jobs for place in self.elsewhere))


NOWHERE: Final = Places(0, ())
"""Of scans that a program elsewhere does."""


def place(argument: str, clusters: tuple[Cluster, ...], configured: Clusters, memory_bytes: int) -> Places:
    """Where the workers that were asked for are to be.

    Raises
    ------
    SettingError
        Naming a cluster that there is not, or that allows no jobs like these.
    """
    n_local = sum(cluster.n_jobs for cluster in clusters if cluster.is_local)
    elsewhere = tuple(
        Elsewhere(_found(argument, cluster, configured), cluster.n_jobs) for cluster in clusters if not cluster.is_local
    )
    for named, n_jobs in elsewhere:
        settings = named.settings
        if n_jobs > settings.max_jobs:
            raise SettingError(argument, f"asks for {n_jobs} jobs on {named.name}, which allows {settings.max_jobs}")
        if mebibytes(memory_bytes) > settings.max_memory_mb:
            most = settings.max_memory_mb
            raise SettingError(argument, f"{named.name} allows jobs of {most} MiB; {memory_bytes} bytes are asked for")
    return Places(min(MAX_WORKERS, n_local), elsewhere)


def _found(argument: str, cluster: Cluster, configured: Clusters) -> Named:
    if cluster.schedd is None:
        named = configured.by_name(cluster.collector)
    else:
        named = configured.by_address(cluster.collector, cluster.schedd)
    if named is None:
        schedd = "" if cluster.schedd is None else f" with the schedd {told(cluster.schedd)}"
        here = ", ".join([LOCAL, *(known.name for known in configured.named)][:MAX_LISTED])
        raise SettingError(argument, f"there is no cluster {told(cluster.collector)}{schedd} here, only {here}")
    return named


def _cluster(argument: str, item: object) -> Cluster:
    if isinstance(item, dict):
        missing = sorted(CLUSTER_KEYS_OF_2023 - set(item))
        if missing:
            raise SettingError(argument, f"lacks {missing[0]}; a cluster is like {_FORMS}")
        return Cluster(
            _name(argument, item["collector"]), _name(argument, item["schedd"]), _n_jobs(argument, item["njobs"])
        )
    if isinstance(item, list) and len(item) == 2:
        return Cluster(_name(argument, item[0]), None, _n_jobs(argument, item[1]))
    raise SettingError(argument, f"holds {told(item)}; a cluster is like {_FORMS}")


def _name(argument: str, value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME:
        raise SettingError(argument, f"names a cluster {told(value)}, not a text of 1 to {MAX_NAME} characters")
    return value


def _n_jobs(argument: str, value: object) -> int:
    n_jobs = whole(value)
    if n_jobs is None or not 1 <= n_jobs <= MAX_JOBS:
        raise SettingError(argument, f"asks for {told(value)} workers, not for a whole number from 1 to {MAX_JOBS}")
    return n_jobs
