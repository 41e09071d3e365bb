"""Clusters that a scan is asked to run on, in the forms of both generations."""

from __future__ import annotations

from typing import NamedTuple

from skydriver.errors import SettingError
from skydriver.services.json_values import told
from skydriver.services.preparation import MAX_WORKERS
from skydriver.services.scan_arguments import CLUSTER_KEYS_OF_2023, whole

LOCAL = "local"
"""Workers on the service's own machine."""
MAX_CLUSTERS = 100
MAX_JOBS = 1_000_000
MAX_NAME = 200
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


def count_local(argument: str, clusters: tuple[Cluster, ...]) -> int:
    """How many local workers may fit at once, as asked for; a `SettingError` names a cluster that there is not."""
    for cluster in clusters:
        if not cluster.is_local:
            schedd = "" if cluster.schedd is None else f" with the schedd {told(cluster.schedd)}"
            raise SettingError(argument, f"there is no cluster {told(cluster.collector)}{schedd} here, only {LOCAL}")
    return min(MAX_WORKERS, sum(cluster.n_jobs for cluster in clusters))


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
