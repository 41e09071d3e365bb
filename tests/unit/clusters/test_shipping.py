"""What is sent with each job: one secret, in a file of its own, and what fits the way the worker gets there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from skydriver.clusters import shipping
from skydriver.clusters.base import Bundle, Order
from skydriver.clusters.configured import ClusterSettings

ORDER = Order(
    service="s", scan="x", submission="y", pool="pool7", n_jobs=1, memory_mb=1, disk_mb=1, priority=0, token="t0ken",  # noqa: S106
    worker_url="https://x:1/", ca=b"PEM", baseline="x86-64-v3", image="/i", bundle=None,
)  # fmt: skip
SETTINGS = ClusterSettings(collector="c", schedd="s", ship="container", token_directory="/t", cache=None)  # noqa: S106
CONTAINER = {"run.sh", "start.json", "token", "ca.pem"}


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (ORDER, CONTAINER),
        (replace(ORDER, ca=None), CONTAINER - {"ca.pem"}),
        (replace(ORDER, image=None, bundle=Bundle("a" * 64, 7)), CONTAINER | {"fetch.py"}),
    ],
)
def test_files_by_the_way_it_gets_there(order, names):
    files = shipping.files_of(order, SETTINGS)
    assert files.keys() == names
    assert [name for name, content in files.items() if b"t0ken" in content] == ["token"]
    assert files["run.sh"].startswith(b"#!/bin/sh\n")
    assert sum(map(len, files.values())) < 40_000


def test_the_start_file_is_one_line_with_all_that_a_job_must_know():
    text = shipping.files_of(replace(ORDER, image=None, bundle=Bundle("a" * 64, 7)), SETTINGS)["start.json"]
    assert text.count(b"\n") == 1 == text.endswith(b"\n")
    assert json.loads(text) == {
        "url": "https://x:1", "pool": "pool7", "token_file": "token", "ca_file": "ca.pem", "baseline": "x86-64-v3",
        "ship": "bundle", "sha256": "a" * 64, "n_bytes": 7, "cache": None,
    }  # fmt: skip
