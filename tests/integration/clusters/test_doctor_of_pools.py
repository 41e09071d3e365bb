"""The doctor at a real pool, and at the workers' address of a service that runs."""

from __future__ import annotations

import json
import signal
import time

import pytest

from condor_pools import condor_pool
from pool_scans import clusters_file, free_port, service_with, table
from skydriver.clusters.images import ENGINE
from skydriver.clusters.shipping.archive import write_archive
from skydriver.config import Settings
from skydriver.services.checkup import clusters
from skydriver.services.checkup.bundle import numerics_of
from skydriver.services.checkup.run import check_up


@pytest.fixture(scope="module")
def pool():
    with condor_pool("doctor", slots=2) as pool:
        yield pool


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A bundle that holds no more than what is looked at."""
    folder = tmp_path_factory.mktemp("packed")
    about = {"engine": ENGINE, "numerics": numerics_of("x86-64-v3"), "python": "3.13", "baseline": "x86-64-v3"}
    (folder / "bundle.json").write_text(json.dumps(about))
    path = folder.with_suffix(".tar.gz")
    write_archive(folder, path)
    return path


@pytest.fixture
def look(tmp_path, pool, packed):
    """A function: what the doctor says that is wrong, when the pool's table says so besides."""

    def found(settings=None, **values):
        path = clusters_file(tmp_path / "clusters.toml", packed, {"east": table(pool, max_jobs=50, **values)})
        given = settings or {"data": tmp_path / "data", "worker_bind": f"127.0.0.1:{free_port()}"}
        return list(check_up(Settings(clusters=path, port=0, local_workers=0, **given)))

    return found


def wrong(findings):
    return {finding.name: finding.says for finding in findings if not finding.ok}


def test_of_a_pool_that_is_well_nothing_is_wrong(look):
    findings = {finding.name: finding for finding in look()}
    assert wrong(findings.values()) == {}
    assert findings["east: slots"].says == "2 of 2 slots match"
    assert findings["east: submitting"].says.startswith("may submit, as skydriver@")


def test_an_unknown_schedd_is_told(look):
    assert "knows no schedd none.test" in wrong(look(schedd="none.test"))["east: schedd"]


def test_without_a_token_both_are_told(look, tmp_path):
    folder = tmp_path / "tokens"
    folder.mkdir(mode=0o700)
    found = wrong(look(token_directory=str(folder)))
    assert set(found) == {"east: token", "east: submitting"}
    assert "condor_token_create" in found["east: submitting"]


def test_an_expired_token_is_told(look, pool, tmp_path):
    folder = tmp_path / "tokens"
    folder.mkdir(mode=0o700)
    (folder / "old").touch(mode=0o600)
    (folder / "old").write_text(pool.token(lifetime_s=1))
    time.sleep(1.1)  # nothing tells when a moment is over
    found = wrong(look(token_directory=str(folder)))
    assert set(found) == {"east: token", "east: submitting"}
    assert all("expired" in says for says in found.values())


def test_requirements_that_no_slot_fulfils_are_told(look):
    found = wrong(look(requirements='TARGET.Site == "nowhere"'))
    assert list(found) == ["east: slots"]
    assert "do not fulfil the cluster's requirements" in found["east: slots"]


def test_a_schedd_that_is_stopped_does_not_hold_up_the_doctor(look, pool, monkeypatch):
    monkeypatch.setattr(clusters, "CALL_S", 1.0)
    pool.signal("schedd", signal.SIGSTOP)
    try:
        found = wrong(look())
    finally:
        pool.proceed()
    assert list(found) == ["east: schedd"]
    assert "did not answer within 1 s" in found["east: schedd"]


def test_the_address_of_a_service_that_runs_is_reached_by_tls(look, pool, packed, tmp_path):
    bind = f"127.0.0.1:{free_port()}"
    with service_with(tmp_path / "one", packed, {"east": table(pool)}, worker_bind=bind) as running:
        ours = {"data": running.folder / "data", "worker_bind": bind}
        says = {finding.name: finding.says for finding in look(ours)}
        assert says["workers' address"] == f"https://{bind}: reached by TLS"
        other = {"data": tmp_path / "other", "worker_bind": bind}
        assert "ca.pem cannot be read" in wrong(look(other))["workers' address"]
        (tmp_path / "other.pem").write_bytes((running.folder / "data/worker-tls/ca.pem").read_bytes())
        plain = {"data": tmp_path, "worker_bind": running.url.partition("//")[2]}
        assert "workers' address" in wrong(look(plain | {"worker_ca": tmp_path / "other.pem"}))
