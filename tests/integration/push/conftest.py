"""Scans that a test lets happen."""

from __future__ import annotations

from itertools import count

import pytest

from serving import serving
from skydriver.services.coordination import leases
from skydriver.services.coordination.reconciler import Reconciler
from toy_scans import ToyWorker, settle

_names = count()


@pytest.fixture
def server(service):
    """A server without background work."""
    with serving(service) as running:
        yield running


@pytest.fixture
def run(service):
    """A function that lets scans happen: to their end, or some reports further."""
    reconciler = Reconciler(service)

    def happen(reports=None):
        settle(reconciler)
        worker = ToyWorker(service, f"w{next(_names)}")
        while reports != 0 and worker.lease():
            leases.report(service, worker.id, worker.report())
            reports = None if reports is None else reports - 1
        settle(reconciler)

    return happen
