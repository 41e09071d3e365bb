"""May I use it? The manifest says so in both generations, once the map is whole."""

from __future__ import annotations

import json

import pytest

from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.manifests import manifest
from skydriver.services.verdict import ANSWERS
from toy_scans import ToyWorker, settle, store_scan


@pytest.mark.parametrize("generation", [2023, 2025])
def test_a_verdict_is_there_when_the_map_is_whole(service, generation):
    def said():
        return json.loads(manifest(service, "scan1", generation=generation))["skydriver"]["answer"]

    store_scan(service)
    reconciler = Reconciler(service)
    settle(reconciler)
    assert said() is None
    worker = ToyWorker(service)
    worker.lease()
    worker.lease(worker.report())
    assert said() is None
    worker.work()
    settle(reconciler)
    verdict = said()["verdict"]
    assert verdict["answer"] in ANSWERS
    assert verdict["reasons"][0].startswith(f"{verdict['answer']}: ")
