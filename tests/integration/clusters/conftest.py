"""Clusters whose jobs run a shell script instead of a worker."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from condor_pools import eventually
from skydriver.clusters.base import Bundle, JobState, Order
from skydriver.clusters.htcondor import cluster as module
from skydriver.clusters.htcondor.cluster import HTCondorCluster

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Submitter:
    """Submits scripts to one cluster as one service."""

    cluster: HTCondorCluster
    service: str
    folder: Path
    patch: pytest.MonkeyPatch

    def order(self, **given) -> Order:
        """Of one job."""
        order = Order(
            service=self.service,
            scan="0x1",
            submission=secrets.token_hex(4),
            pool="p1",
            n_jobs=1,
            memory_mb=64,
            disk_mb=10,
            priority=0,
            token=f"starter-{secrets.token_hex(8)}",
            worker_url="https://service.test:8424",
            ca=None,
            baseline="x86-64-v2",
            image=None,
            bundle=Bundle("ab" * 32, 1000),
        )
        return replace(order, **given)

    def submit(self, script: str, **given):
        """Submit a script; what became of it, and the order."""
        order = self.order(**given)
        text = f"#!/bin/sh\nexport PATH=/usr/bin:/bin\n{script}\n"
        files = {"run.sh": text.encode(), "token": order.token.encode()}
        self.patch.setattr(module, "files_of", lambda *_arguments: files)
        return self.cluster.submit(order)

    def jobs(self):
        return self.cluster.jobs(self.service)

    def becomes(self, *states: JobState, timeout_s=30.0):
        """All jobs, as soon as each is in one of these states and none is on its way to the schedd."""

        def found():
            jobs = self.jobs()
            arrived = jobs and all(j.state in states and not (j.hold and j.hold.is_for_spooling) for j in jobs)
            return jobs if arrived else None

        return eventually(found, timeout_s)


@pytest.fixture
def submitter_to(tmp_path, monkeypatch):
    """A function from a pool, and what else its settings say, to a submitter of a service of its own."""
    made = []

    def make(pool, deadline_s=15.0, **settings):
        folder = tmp_path / f"jobs-{len(made)}"
        cluster = HTCondorCluster("test", pool.settings(**settings), folder, deadline_s)
        made.append(cluster)
        return Submitter(cluster, f"test-{secrets.token_hex(4)}", folder, monkeypatch)

    yield make
    for cluster in made:
        cluster.close()
