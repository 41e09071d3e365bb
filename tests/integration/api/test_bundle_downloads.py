"""Jobs fetch the bundle: whole, a few at once, and nobody keeps a place without taking anything."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack

import pytest

from databases import make_service
from skydriver.api import bundle_answer
from skydriver.services import tokens
from skydriver.services.bundles import known_bundle
from skydriver.testing.processes import wait_until
from worker_doors import number, open_client, place, serving_workers, trusting

SIZE = 3_000_000


@pytest.fixture
def service(sqlite_url, tmp_path):
    """With a bundle, which two may fetch at once."""
    made = make_service(sqlite_url, tmp_path, worker_bind="127.0.0.1:0", bundle_downloads=2)
    (tmp_path / "bundle").write_bytes(os.urandom(SIZE))
    made.bundles.offer(tmp_path / "bundle")
    return made


@pytest.fixture
def address(service):
    with serving_workers(service):
        yield service.worker_access.address


@pytest.fixture
def starter(service):
    return tokens.mint(service, "starter", "p1", 600.0)


@pytest.fixture
def at_door(address, starter):
    """A job that has come with its starter token."""
    with open_client(address, starter) as client:
        yield client


def test_a_job_fetches_the_bundle_and_whoever_has_no_token_does_not(at_door, address, service, tmp_path):
    sha256 = known_bundle(tmp_path / "bundle").sha256
    path = f"/workers/bundle/{sha256}"
    got = at_door.get(path)
    assert got.content == (tmp_path / "bundle").read_bytes()
    assert got.headers["content-length"] == str(SIZE)
    head = at_door.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(SIZE))
    assert at_door.get(f"/workers/bundle/{'0' * 64}").status_code == 404
    with open_client(address, "nothing") as stranger:
        assert stranger.get(path).status_code == 401
    (tmp_path / "bundle").write_bytes(b"another")
    assert at_door.get(path).status_code == 404
    assert number(service, "bundle_downloads_total", outcome="ended") == 1
    assert number(service, "worker_address_bytes_total", direction="sent") > SIZE
    assert number(service, "worker_address_bytes_total", direction="received") > 500


def begun(address, starter, path, stack):
    """A download that takes nothing."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(30)
    raw.connect(place(address))
    connection = stack.enter_context(trusting(address).wrap_socket(raw, server_hostname=place(address)[0]))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {starter}\r\n\r\n".encode())


def test_too_many_come_again_later_and_who_takes_nothing_loses_its_place(
    at_door, address, service, tmp_path, starter, monkeypatch
):
    (tmp_path / "bundle").write_bytes(bytes(30_000_000))  # more than sockets hold
    path = f"/workers/bundle/{known_bundle(tmp_path / 'bundle').sha256}"
    monkeypatch.setattr(bundle_answer, "STALLED_S", 3.0)
    with ExitStack() as stack:
        for _ in range(2):
            begun(address, starter, path, stack)
        wait_until(lambda: service.bundles.n_open == 2, "both have begun")
        refused = at_door.get(path)
        assert refused.status_code == 503
        assert 2 <= int(refused.headers["retry-after"]) <= 15
        wait_until(lambda: service.bundles.n_open == 0, "both are hung up on")
        assert len(at_door.get(path).content) == 30_000_000
        begun(address, starter, path, stack)
        wait_until(lambda: service.bundles.n_open == 1, "one has begun")
    wait_until(lambda: service.bundles.n_open == 0, "who went away keeps no place")
    counts = [number(service, "bundle_downloads_total", outcome=o) for o in ("begun", "ended", "broken", "refused")]
    assert counts == [4, 1, 3, 1]
