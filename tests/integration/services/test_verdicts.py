"""May I use it? The manifest says so in both generations, once the map is whole."""

from __future__ import annotations

import json
from functools import partial

import pytest

from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.manifests import View, manifest, show_manifest
from skydriver.services.verdict import ANSWERS
from toy_scans import ToyWorker, settle, store_scan

OF_2023, OF_2025 = manifest, partial(show_manifest, view=View())


@pytest.mark.parametrize("show", [OF_2023, OF_2025])
def test_a_verdict_is_there_when_the_map_is_whole(service, show):
    def said():
        return json.loads(show(service, "scan1"))["skydriver"]["answer"]

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
