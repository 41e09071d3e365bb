"""Files of jobs that cannot be written: one sentence, and nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydriver.clusters.base import Bundle, ClusterRefusalError, Job, JobState, Order
from skydriver.clusters.configured import ClusterSettings
from skydriver.clusters.htcondor.cluster import HTCondorCluster

SETTINGS = ClusterSettings(collector="c", schedd="s", ship="bundle", token_directory=Path("/none"))
ORDER = Order(
    service="service",
    scan="0x1",
    submission="submission",
    pool="pool",
    n_jobs=1,
    memory_mb=64,
    disk_mb=10,
    priority=0,
    token="starter-secret",  # noqa: S106 - of nothing
    worker_url="https://service.test:8424",
    ca=None,
    baseline="x86-64-v2",
    image=None,
    bundle=Bundle("ab" * 32, 1000),
)


@pytest.fixture
def cluster(tmp_path):
    (tmp_path / "jobs").write_text("no folder")
    cluster = HTCondorCluster("east", SETTINGS, tmp_path / "jobs")
    yield cluster
    cluster.close()


def test_a_submission_is_refused_in_words(cluster, tmp_path):
    with pytest.raises(ClusterRefusalError, match=f"files of jobs cannot be written to {tmp_path}/jobs: .+") as told:
        cluster.submit(ORDER)
    assert "secret" not in str(told.value)


def test_what_a_job_left_behind_is_not_told_then(cluster):
    job = Job(1, 0, "submission", JobState.COMPLETED, 0.0, "host", 1, 0, 64, None, 1, None)
    assert cluster.story(job) is None


def test_a_full_disk_leaves_no_token(tmp_path, monkeypatch):
    cluster = HTCondorCluster("east", SETTINGS, tmp_path / "jobs")
    real = Path.mkdir

    def mkdir(path, *arguments, **options):
        real(path, *arguments, **options)
        (path / "run.sh").write_text("")  # so that the first file cannot be made

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(ClusterRefusalError, match="cannot be written"):
        cluster.submit(ORDER)
    assert list((tmp_path / "jobs").iterdir()) == []
    cluster.close()
