"""The server itself: it says when it is ready, keeps connections, and ends gracefully."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from serving import serving
from skydriver.api import examples
from skydriver.api.server import listen
from skydriver.errors import SettingError

LIMIT_S = 60
PROGRAM = """
import sys
from pathlib import Path
from skydriver.api.app import build_app
from skydriver.api.server import serve
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.services.context import Service

settings = Settings(data=Path(sys.argv[1]))
service = Service(settings, Database(settings.url))
serve(build_app(service), "127.0.0.1", 0, lambda url: print(url, flush=True))
service.database.close()
print("ended", flush=True)
"""


def test_background_work_runs_while_the_server_does(service):
    seen = []

    @contextmanager
    def work(name):
        seen.append(f"{name} begins")
        yield
        seen.append(f"{name} ends")

    with serving(service, background=[lambda: work("a"), lambda: work("b")]):
        assert seen == ["a begins", "b begins"]
    assert seen == ["a begins", "b begins", "b ends", "a ends"]


def test_one_connection_serves_many_requests_refused_ones_among_them(server):
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        read = connection.makefile("rb")
        for path, line in [
            (b"/", b"HTTP/1.1 200 OK\r\n"),
            (b"/x", b"HTTP/1.1 404 GET /x: there is no such route; /docs lists them\r\n"),
            (b"/", b"HTTP/1.1 200 OK\r\n"),
        ]:
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
            assert read.readline() == line
            length = 0
            while (header := read.readline()) != b"\r\n":
                name, _, value = header.partition(b":")
                length = int(value) if name == b"content-length" else length
            read.read(length)
        read.close()


def test_requests_that_came_together_are_answered_in_order(server):
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        last = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" + last)
        said = connection.makefile("rb").read()
    assert said.startswith(b"HTTP/1.1 404 GET /x: ")
    assert said.count(b"HTTP/1.1 200 OK\r\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("sqlite_url")
def test_a_signal_ends_it_with_success(tmp_path, number):
    started = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with started as process:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(number)
        assert process.stdout.read() == "ended\n"
        assert process.wait(LIMIT_S) == 0


def test_workers_that_wait_do_not_hold_up_the_end(service, worker_headers):
    with (
        serving(service) as server,
        httpx.Client(base_url=server.url, headers=worker_headers, timeout=LIMIT_S) as client,
    ):
        engine = {"engine": "skydriver-0.1.0"}
        worker = client.post("/workers/register", json=examples.REGISTER | engine).json()["worker"]
        answers = []
        asked = {"worker": worker, "wait_s": 30.0, "report": None}
        waiting = threading.Thread(target=lambda: answers.append(client.post("/workers/lease", json=asked)))
        with service.work.heard_by(lambda: None):
            waiting.start()
            waits = threading.Event()
            while len(service.work._heard_by) < 2:
                waits.wait(0.01)
        server.stop()
        waiting.join(8)
        assert not waiting.is_alive()
    assert answers[0].json() == {"task": None}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])  # noqa: S104
def test_only_this_machine_is_served(host):
    with pytest.raises(SettingError, match="no issuer"):
        listen(host, 0)


def test_an_address_that_is_taken_is_told():
    with listen("127.0.0.1", 0) as taken, pytest.raises(SettingError, match=r"port: 127\.0\.0\.1:\d+ cannot"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_it_listens_on_the_other_family_too():
    with listen("::1", 0) as taken:
        assert taken.family == socket.AF_INET6
