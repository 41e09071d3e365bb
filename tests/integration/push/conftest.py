"""Scans that a test lets happen."""

from __future__ import annotations

import pytest

from serving import serving
from skydriver.services.coordination import leases
from skydriver.services.coordination.reconciler import Reconciler
from toy_scans import ToyWorker, settle


@pytest.fixture
def server(service):
    """A server without background work."""
    with serving(service) as running:
        yield running


@pytest.fixture
def run(service):
    """A function that lets scans happen: to their end, or some reports further."""
    reconciler, worker = Reconciler(service), ToyWorker(service)

    def happen(reports=None):
        settle(reconciler)
        while reports != 0 and worker.lease():
            leases.report(service, worker.id, worker.report())
            reports = None if reports is None else reports - 1
        settle(reconciler)

    return happen
