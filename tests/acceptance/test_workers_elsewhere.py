"""Workers that are not the service's own: started by hand, or as a pool starts them, and how they end."""

from __future__ import annotations

import platform
import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bundles import BASELINE, bundle_of
from skydriver.clusters import shipping
from skydriver.clusters.base import Bundle, Order
from skydriver.clusters.configured import ClusterSettings
from skydriver.recos.baseline import environment
from skydriver.testing.service import SERVE, running_service

SCAN = ("--reco", "pandel_mpe", "--nsides", "1:0,4:6")
DOOR = (*SERVE, "--worker-bind", "127.0.0.1:0")


@pytest.fixture
def service(tmp_path):
    with running_service(tmp_path / "service", workers=0, command=DOOR) as running:
        yield running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_started_by_hand_beside_the_service_needs_nothing_else(skydriver, service, monkeypatch, number):
    monkeypatch.setenv("SKYDRIVER_URL", service.url)
    with skydriver.start("worker", "--url", service.url) as worker:
        scan_id = skydriver("submit", "example", *SCAN, "--wait").stdout.strip()
        assert scan_id
        worker.send_signal(number)
        _, said = worker.communicate(timeout=20)
    assert worker.returncode == 0
    assert "Traceback" not in said
    assert "worker_registered" in said


def test_one_elsewhere_needs_a_token_and_the_certificate(skydriver, service, monkeypatch):
    monkeypatch.setenv("SKYDRIVER_URL", service.url)
    (url,) = re.findall(r"https://127\.0\.0\.1:\d+", skydriver("token", "--out", "token", "--ca-out", "ca.pem").stderr)
    without = skydriver("worker", "--url", url, "--token-file", "token")
    assert without.returncode == 1
    assert "certificate that is no good" in without.stderr
    with skydriver.start("worker", "--url", url, "--token-file", "token", "--ca", "ca.pem") as worker:
        assert skydriver("submit", "example", *SCAN, "--wait").returncode == 0
        worker.send_signal(signal.SIGINT)
        worker.communicate(timeout=20)
    assert worker.returncode == 0
    (skydriver.folder / "token").write_text("other\n")
    refused = skydriver("worker", "--url", url, "--token-file", "token", "--ca", "ca.pem")
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "not known here" in refused.stderr


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the bundle's baseline is one of x86")
def test_a_job_of_a_pool_fetches_its_worker_and_computes_what_this_machine_does(
    skydriver, tmp_path, tmp_path_factory, monkeypatch
):
    """Under the pool's Python, in an environment with nothing: the same map to the byte as one without a service."""
    made = bundle_of(tmp_path_factory, "pool")
    clusters = tmp_path / "clusters.toml"
    clusters.write_text(f'baseline = "{BASELINE}"\nbundle = "{made.path}"\n')
    with running_service(tmp_path / "service", workers=0, command=DOOR, clusters=clusters) as running:
        monkeypatch.setenv("SKYDRIVER_URL", running.url)
        with running.client() as client:
            given = client.starter_token("by-hand", 1.0)
        job = placed(tmp_path, given, made)
        with started(job, made) as worker:
            submitted = skydriver("submit", "example", *SCAN, "--wait", "--out", "far")
            assert submitted.returncode == 0, submitted.stderr + (job / "err").read_text()
            worker.terminate()
            assert worker.wait(20) == 0, (job / "err").read_text()
    for name, text in environment(BASELINE).items():
        monkeypatch.setenv(name, text)
    skydriver.json("scan", "example", *SCAN, "--workers", "1", "--out", "near")
    near, far = (numbers(skydriver.folder / name) for name in ("near", "far"))
    assert near.keys() == far.keys()
    assert [name for name in near if near[name] != far[name]] == []


def placed(folder, given, made):
    order = Order(
        service="s", scan="x", submission="y", pool=given["pool"], n_jobs=1, memory_mb=1, disk_mb=1, priority=0,
        token=given["token"], worker_url=given["url"], ca=given["ca"].encode(), baseline=BASELINE, image=None,
        bundle=Bundle(made.sha256, made.n_bytes),
    )  # fmt: skip
    settings = ClusterSettings(collector="c", schedd="s", ship="bundle", token_directory="/t", cache=str(folder / "c"))  # noqa: S106
    (folder / "c").mkdir()
    job = folder / "job"
    job.mkdir()
    for name, content in shipping.files_of(order, settings).items():
        (job / name).write_bytes(content)
        (job / name).chmod(0o755 if name == shipping.EXECUTABLE else 0o600)
    return job


def started(job, made):
    path = f"{Path(made.command[0]).parent}:/usr/bin:/bin"
    with (job / "err").open("w") as errors:
        return subprocess.Popen(["./run.sh"], cwd=job, env={"PATH": path}, stdin=subprocess.DEVNULL, stderr=errors)


def numbers(folder):
    """Columns of the map, to the bit, and the summary."""
    found = {path.name: path.read_bytes() for path in folder.glob("*.summary.json")}
    for path in folder.glob("*.npz"):
        with np.load(path) as content:
            found |= {name: content[name].tobytes() for name in content.files if name != "provenance"}
    assert len(found) == 4
    return found
