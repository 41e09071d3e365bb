"""While its database is away the service says so, answers what needs none, and recovers by itself."""

from __future__ import annotations

import httpx
import pytest

from databases import make_service
from postgres_server import TEMPLATE
from serving import serving
from skydriver.api import examples


@pytest.fixture
def client(own_postgres, tmp_path):
    """A client of a service whose server of databases may be stopped."""
    service = make_service(own_postgres.url(own_postgres.copy(TEMPLATE)), tmp_path)
    with serving(service) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=60) as connected:
        yield connected
    service.database.close()


def test_without_its_database_every_route_says_so_in_a_sentence(client, own_postgres):
    scan_id = client.post("/scan", json=examples.SUBMISSION).json()["scan_id"]
    manifest = client.get(f"/scan/manifest/{scan_id}").json()
    own_postgres.stop()
    try:
        for method, path in [
            ("GET", f"/scan/manifest/{scan_id}"),
            ("GET", f"/scan/{scan_id}/status"),
            ("DELETE", f"/scan/manifest/{scan_id}"),
            ("POST", "/scan"),
        ]:
            answer = client.request(method, path, json=examples.SUBMISSION if method == "POST" else None)
            assert answer.status_code == 503
            assert "retry-after" not in answer.headers  # the common client would give up after ten seconds
            assert answer.json().keys() == {"code", "error"}
            assert "database" in answer.json()["error"]
        assert client.get("/").json() == {}
        assert client.get("/docs").status_code == 200
    finally:
        own_postgres.start()
    assert client.get(f"/scan/manifest/{scan_id}").json() == manifest


def test_a_status_that_was_told_before_is_told_again_to_the_same_caller(client, own_postgres):
    scan_id = client.post("/scan", json=examples.EXTERNAL_SUBMISSION).json()["scan_id"]
    path, other = f"/scan/{scan_id}/status", {"Authorization": "Bearer other"}
    before = client.get(path)
    own_postgres.stop()
    try:
        again = client.get(path)
        assert (again.status_code, again.content) == (200, before.content)
        assert client.get(path, headers=other).status_code == 503
    finally:
        own_postgres.start()
    client.delete(f"/scan/manifest/{scan_id}")
    assert client.get(path).json()["ewms_deactivated"] == "ABORTED"
