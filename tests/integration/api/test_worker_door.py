"""The workers' own address: TLS, their routes and no others, and nobody who connects there disturbs anything."""

from __future__ import annotations

import datetime as dt
import logging
import socket
import ssl
import threading
from contextlib import ExitStack, suppress

import httpx
import pytest

from databases import make_service
from skydriver.api import connections, examples, worker_door
from skydriver.api import server as server_module
from skydriver.api.run import run
from skydriver.api.server import listen
from skydriver.api.worker_door import WorkerDoor
from skydriver.config import Settings
from skydriver.errors import SettingError
from skydriver.services import tokens
from skydriver.services.coordination.leases import ENGINE
from skydriver.services.worker_tls import WorkerTls
from skydriver.testing.processes import wait_until
from worker_doors import number, open_client, place, serving_workers, trusting

REGISTER = examples.REGISTER | {"engine": ENGINE, "pool": "p1"}
NOTHING = {"code": 404, "error": "there is nothing here"}


@pytest.fixture
def quick(monkeypatch):
    """Nobody is waited for."""
    monkeypatch.setattr(worker_door, "HANDSHAKE_S", 0.3)
    for name, seconds in {"HEAD_S": 0.3, "BODY_S": 0.3, "LOOK_S": 0.05}.items():
        monkeypatch.setattr(connections, name, seconds)


@pytest.fixture
def service(sqlite_url, tmp_path):
    return make_service(sqlite_url, tmp_path, worker_bind="127.0.0.1:0")


@pytest.fixture
def server(service):
    with serving_workers(service) as running:
        yield running


@pytest.fixture
def address(server, service):  # noqa: ARG001 - it is known once it serves
    return service.worker_access.address


@pytest.fixture
def starter(service):
    return tokens.mint(service, "starter", "p1", 600.0)


@pytest.fixture
def at_door(address, starter):
    """A job that has come with its starter token."""
    with open_client(address, starter) as client:
        yield client


def test_nothing_but_the_routes_of_workers_is_there(at_door, client):
    routes = client.get("/openapi.json").json()["paths"]
    others = [path.format(scan_id="a", name="b") for path in routes if not path.startswith("/workers/")]
    odd = (
        "/docs",
        "/docs/page.js",
        "/openapi.json",
        "/workers",
        "/workers/",
        "/workers/odd",
        "/workers/../scans",
        "//scans",
    )
    for path in (*others, *odd):
        for method in ("GET", "POST", "OPTIONS"):
            answer = at_door.request(method, httpx.URL(at_door.base_url, raw_path=path.encode()))
            assert (answer.status_code, answer.json()) == (404, NOTHING), (method, path)
    assert at_door.head("/scans").status_code == 404


def test_the_main_address_is_as_it_was(client, server):
    assert client.get("/").json() == {}
    assert client.get("/", headers={"Host": "workers.example.org"}).status_code == 403
    assert server.url.startswith("http://127.0.0.1:")


def test_a_worker_trades_its_starter_token_and_works(at_door, address, service):
    got = at_door.post("/workers/token", headers={"Host": "workers.example.org"})
    assert got.status_code == 200
    assert got.json().keys() == {"token", "expires_s"}
    assert got.json()["expires_s"] == pytest.approx(3600.0, abs=5.0)
    with open_client(address, got.json()["token"]) as worker:
        name = worker.post("/workers/register", json=REGISTER).json()["worker"]
        task = worker.post("/workers/lease", json={"worker": name, "wait_s": 0.0, "report": None}).json()
        assert task["task"] is None
        renewed = worker.post("/workers/token").json()["token"]
    with open_client(address, renewed) as worker:
        assert worker.post("/workers/heartbeat", json={"worker": name, "task": None}).json() == {"answer": "continue"}
    with service.database.transaction("token") as connection:
        tokens.revoke_all(connection, "p1")
    with open_client(address, renewed) as worker:
        assert worker.post("/workers/heartbeat", json={"worker": name, "task": None}).status_code == 401
    assert at_door.post("/workers/token").status_code == 401


def test_a_starter_token_allows_nothing_else(at_door, client, starter):
    for route in ("register", "lease", "report", "return", "heartbeat", "log"):
        assert at_door.post(f"/workers/{route}", json=REGISTER).status_code == 403, route
    assert at_door.get(f"/workers/event/{'0' * 64}").status_code == 403
    headers = {"Authorization": f"Bearer {starter}"}
    assert client.get("/metrics", headers=headers).status_code == 403
    assert client.post("/tokens", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", bytes(range(256)) * 40]
)
@pytest.mark.usefixtures("quick")
def test_what_is_no_tls_is_hung_up_on_and_disturbs_nobody(request, said, caplog, capfd):
    server, address = (request.getfixturevalue(name) for name in ("server", "address"))
    caplog.set_level(logging.INFO)
    with ExitStack() as stack:
        strangers = [stack.enter_context(socket.create_connection(place(address), timeout=20)) for _ in range(20)]
        for stranger in strangers:
            stranger.sendall(said)
        for stranger in strangers:
            with suppress(ConnectionResetError):
                while stranger.recv(1000):
                    pass
    assert httpx.get(server.url, trust_env=False).json() == {}
    assert [record for record in caplog.records if record.name != "httpx"] == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(address, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = version
    with socket.create_connection(place(address), timeout=10) as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(raw)


@pytest.mark.usefixtures("quick")
def test_many_idle_connections_keep_nobody_from_being_served_and_are_ended(request):
    server, address, at_door, service = (
        request.getfixturevalue(name) for name in ("server", "address", "at_door", "service")
    )
    context = trusting(address)
    with ExitStack() as stack:
        raw = [stack.enter_context(socket.create_connection(place(address))) for _ in range(300)]
        idle = [
            stack.enter_context(
                context.wrap_socket(socket.create_connection(place(address)), server_hostname=place(address)[0])
            )
            for _ in range(20)
        ]
        assert at_door.post("/workers/token").status_code == 200
        assert httpx.get(server.url, trust_env=False).json() == {}
        for connection in raw:
            connection.settimeout(20)
            assert connection.recv(1) == b""
        for connection in idle:
            connection.settimeout(20)
            assert connection.recv(20).startswith(b"HTTP/1.1 408")
    at_door.close()
    wait_until(lambda: number(service, "worker_address_connections") == 0, "all are gone")


def test_whoever_waits_for_work_hears_the_end(server, service, address):
    with open_client(address, tokens.mint(service, "worker", "p1", 600.0)) as worker:
        name = worker.post("/workers/register", json=REGISTER).json()["worker"]
        answers = []
        asked = {"worker": name, "wait_s": 30.0, "report": None}
        waiting = threading.Thread(target=lambda: answers.append(worker.post("/workers/lease", json=asked)))
        waiting.start()
        wait_until(lambda: service.work._heard_by, "it waits")
        server.stop()
        waiting.join(8)
        assert not waiting.is_alive()
    assert answers[0].json()["task"] is None
    wait_until(lambda: not can_connect(address), "nothing is listened on any more")


def can_connect(address):
    try:
        socket.create_connection(place(address), timeout=1).close()
    except OSError:
        return False
    return True


def test_what_contradicts_itself_is_told_before_anything_starts(tmp_path):
    settings = Settings(data=tmp_path / "data", worker_bind="0.0.0.0:0")
    with pytest.raises(SettingError, match="SKYDRIVER_WORKER_URL"):
        run(settings, lambda _running: None)
    assert not settings.data.exists()


def test_an_address_that_is_taken_is_told(service):
    with listen("127.0.0.1", 0) as taken:
        settings = Settings(data=service.settings.data, worker_bind=f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(SettingError, match=r"SKYDRIVER_WORKER_BIND: 127\.0\.0\.1:\d+ cannot be listened on"):
            WorkerDoor(service, WorkerTls(settings))


def test_a_certificate_that_was_made_anew_is_shown_without_a_new_start(request, monkeypatch):
    monkeypatch.setattr(server_module, "REFRESH_TICKS", 1)
    where = place(request.getfixturevalue("address"))
    first = ssl.get_server_certificate(where)
    assert ssl.get_server_certificate(where) == first
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=310)
    monkeypatch.setattr("skydriver.services.worker_tls._now", lambda: later)
    wait_until(lambda: ssl.get_server_certificate(where) != first, "another is shown")


def test_more_connections_than_there_may_be_are_hung_up_on(server, address, monkeypatch):
    monkeypatch.setattr(worker_door, "MOST_CONNECTIONS", 3)
    context = trusting(address)
    with ExitStack() as stack:
        for _ in range(3):
            raw = stack.enter_context(socket.create_connection(place(address), timeout=20))
            stack.enter_context(context.wrap_socket(raw, server_hostname=place(address)[0]))
        wait_until(lambda: len(server.server_state.connections) == 3, "all are open")
        with pytest.raises((OSError, httpx.TransportError)), open_client(address, "nothing") as client:
            client.post("/workers/token")
    wait_until(lambda: not server.server_state.connections, "all are gone")
    with open_client(address, "nothing") as client:
        assert client.post("/workers/token").status_code == 401
