"""The whole app behind its server, on each kind of database."""

from __future__ import annotations

import httpx
import pytest

from api_documents import NOW
from databases import make_service
from serving import serving
from skydriver.api import examples
from skydriver.services import tokens


@pytest.fixture
def clock(monkeypatch):
    """The database's clock stands still."""
    monkeypatch.setattr("skydriver.db.database.Database.now", lambda _self, _connection: NOW)


@pytest.fixture
def server(service):
    """A server without background work."""
    with serving(service) as running:
        yield running


@pytest.fixture
def client(server):
    """Somebody on this machine."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as connected:
        yield connected


@pytest.fixture
def worker_headers(service):
    """Of a worker of the pool ``local``."""
    return {"Authorization": f"Bearer {tokens.mint(service, 'worker', 'local', 600.0)}"}


@pytest.fixture
def worker(server, worker_headers):
    """Somebody with the token of a worker."""
    with httpx.Client(base_url=server.url, headers=worker_headers, trust_env=False, timeout=60) as connected:
        yield connected


@pytest.fixture
def launch(client):
    """A function that launches a new scan of the example, with changes, and gives its id."""

    def launched(**changes):
        answer = client.post("/scan", json=examples.SUBMISSION | {"force_new": True} | changes)
        assert answer.status_code == 200, answer.text
        return answer.json()["scan_id"]

    return launched


@pytest.fixture
def small(database_url, tmp_path):
    """A client of a service that takes no large bodies."""
    with (
        serving(make_service(database_url, tmp_path, max_body_bytes=20_000)) as running,
        httpx.Client(base_url=running.url, trust_env=False) as connected,
    ):
        yield connected
