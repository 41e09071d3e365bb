"""A pool with one schedd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.clusters.base import Cluster

if TYPE_CHECKING:
    from pathlib import Path

    from skydriver.clusters.configured import ClusterSettings


class HTCondorCluster(Cluster):
    """To come."""

    def __init__(self, name: str, settings: ClusterSettings, folder: Path) -> None:
        self.name, self.settings, self.folder = name, settings, folder
