"""Two services on one PostgreSQL database, both with the same pool: one keeps it, and the other takes over."""

from __future__ import annotations

import platform
from contextlib import closing

import pytest

from bundles import bundle_of
from certificates import make_certificate
from condor_pools import condor_pool, eventually
from databases import copied
from pool_scans import ended, free_port, service_with, table
from relay import relay
from watched_scans import await_gone, await_running, ever, jobs, request, statuses

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="its baseline is one of x86")
SOME = {"reco_algo": "dummy:1:0.4", "nsides": {"2": 0}}


def test_the_other_service_takes_over_a_pool_and_submits_nothing_twice(
    postgres, tmp_path, tmp_path_factory, shared, condor_of_one
):
    pool = condor_of_one
    certificate, key = make_certificate(tmp_path / "certificate")
    ports = free_port(), free_port()
    common = free_port()
    same = {
        "worker_url": f"https://127.0.0.1:{common}",
        "worker_certificate": certificate, "worker_key": key, "worker_ca": certificate,
    }  # fmt: skip
    bundle = bundle_of(tmp_path_factory, "pool").path
    clusters = {"pool": table(pool)}

    def replica(name, url, port):
        bind = f"127.0.0.1:{port}"
        return service_with(tmp_path / name, bundle, clusters, database_url=url, worker_bind=bind, **same)

    with (
        copied(postgres) as url,
        relay(common, ports),
        replica("first", url, ports[0]) as first,
        replica("second", url, ports[1]) as second,
        closing(first.client()) as at_first,
        closing(second.client()) as at_second,
    ):
        scan_id = at_second.submit(request(shared / "events" / "138632_31747601.json", {"pool": 2}, **SOME))["scan_id"]
        await_running(at_first, scan_id, 2)
        before = ever(pool, scan_id)
        assert len(before) == 2
        by = [running for running in (first, second) if "jobs_submitted" in running.log()]
        assert len(by) == 1
        by[0].kill()
        other, client = (second, at_second) if by[0] is first else (first, at_first)
        eventually(lambda: statuses(jobs(pool, scan_id)) == {"RUNNING": 2}, 5)
        assert ended(client, scan_id)["scan_state"] == "SCAN_HAS_FINAL_RESULT"
        print({"gone_s": round(await_gone([pool], scan_id), 1)})
        eventually(lambda: ever(pool, scan_id) == before, 5)
        assert "jobs_submitted" not in other.log()


@pytest.fixture
def condor_of_one():
    with condor_pool("replicas", slots=2) as pool:
        yield pool
