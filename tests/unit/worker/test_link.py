"""Requests to a service that answers badly, late or not at all: they are repeated, and never hang."""

import os
import socket
import threading
import time
from contextlib import closing

import pytest

from skydriver.errors import DeniedError, TaskEnvironmentError, UnavailableError, UnknownError
from skydriver.worker import link as link_module
from skydriver.worker.leash import Leash, StarterGoneError, ToldToEndError
from skydriver.worker.link import Link

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'


def answer(status, body=b"{}", more=b""):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), more, body)


class Peer:
    """One end of connections: answers each request by the next step, bytes or what does something."""

    def __init__(self) -> None:
        self.steps = []
        self.requests = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            while data := self.read(connection):
                self.requests.append(data)
                step = self.steps.pop(0) if self.steps else GOOD
                try:
                    if callable(step):
                        step(connection)
                        return
                    connection.sendall(step)
                except OSError:
                    return

    @staticmethod
    def read(connection) -> bytes:
        data = b""
        try:
            while b"\r\n\r\n" not in data or (b"POST" in data and not data.endswith(b"}")):
                more = connection.recv(65536)
                if not more:
                    return b""
                data += more
        except OSError:
            return b""
        return data


@pytest.fixture
def peer():
    one = Peer()
    yield one
    one.socket.close()


@pytest.fixture
def held():
    """A leash and the end of the pipe that holds it."""
    ours, theirs = os.pipe()
    with Leash(ours) as leash:
        yield leash, theirs
    os.close(ours)


@pytest.fixture
def link(peer, held, monkeypatch):
    monkeypatch.setattr(link_module, "ANSWER_S", 0.2)
    monkeypatch.setattr(link_module, "CONNECT_S", 0.2)
    one = Link(peer.url, "t0ken", held[0], silence_s=5.0)
    yield one
    one.close()


def hang_up(_connection):
    pass


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def say_nothing(_connection):
    time.sleep(0.5)


def cut(connection):
    connection.sendall(GOOD[:-2])


def trickle(connection):
    """A byte now and then, each in time."""
    for byte in GOOD:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.parametrize(
    "step",
    [*(answer(status) for status in (408, 429, 500, 502, 503, 504)), hang_up, reset, say_nothing, cut, b"junk\r\n\r\n"],
)
def test_what_is_not_answered_is_asked_again_with_the_same_body(peer, link, step):
    peer.steps = [step, step]
    assert link.post("/x", {"b": [0.1, float("nan")]}) == {"a": 1}
    assert len(peer.requests) == 3
    assert all(request.endswith(b'{"b":[0.1,null]}') for request in peer.requests)
    assert all(b"Authorization: Bearer t0ken\r\n" in request for request in peer.requests)


def test_an_answer_that_trickles_is_given_up_in_time(peer, link):
    peer.steps = [trickle]
    begin = time.monotonic()
    link.post("/x", {})
    assert time.monotonic() - begin < 1.5
    assert len(peer.requests) == 2


def test_it_waits_as_long_as_it_lets_the_service_wait(peer, link):
    def late(connection):
        time.sleep(0.5)
        connection.sendall(GOOD)

    peer.steps = [late]
    link.post("/x", {}, wait_s=2.0)
    assert len(peer.requests) == 1


def test_after_too_long_a_silence_it_gives_up(peer, held):
    peer.steps = [answer(503)] * 1000
    link = Link(peer.url, "t", held[0], silence_s=0.3)
    with closing(link), pytest.raises(UnavailableError, match=r"no answer for \d s: it answers 503"):
        link.post("/x", {})
    assert 3 <= len(peer.requests) <= 12


def test_silence_is_counted_from_the_first_miss_and_ends_with_an_answer(peer, link, monkeypatch):
    """The link allows for 5 s."""
    clock, passed = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])

    def ask(at, step):
        passed[0] = at
        peer.steps = [step]
        return link.post_once("/x", {})

    assert ask(0.0, answer(503)) is None
    assert ask(4.0, answer(503)) is None
    assert ask(4.1, GOOD) == {"a": 1}
    assert ask(8.0, answer(503)) is None
    assert ask(12.0, answer(503)) is None
    with pytest.raises(UnavailableError):
        ask(13.1, answer(503))


def test_a_limit_is_shorter_than_the_silence(peer, link):
    peer.steps = [answer(503)] * 1000
    begin = time.monotonic()
    with pytest.raises(UnavailableError):
        link.post("/x", {}, limit_s=0.2)
    assert time.monotonic() - begin < 2.0


def test_nobody_there_is_silence(held):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    link = Link(f"http://127.0.0.1:{port}", "t", held[0], silence_s=0.1)
    with closing(link), pytest.raises(UnavailableError, match="refused"):
        link.post("/x", {})


@pytest.mark.parametrize(
    ("step", "error", "sentence"),
    [
        (answer(401, b'{"error": "expired"}'), DeniedError, "denies it: expired"),
        (answer(403), DeniedError, "answers 403 to /x"),
        (answer(404, b'{"error": "no worker"}'), UnknownError, "no worker"),
        (answer(426, b'{"error": "protocol 2"}'), TaskEnvironmentError, "refuses it: protocol 2"),
        (answer(409), TaskEnvironmentError, "answers 409 to /x"),
        (answer(204), TaskEnvironmentError, "answers 204 to /x"),
        (answer(301, more=b"Location: http://127.0.0.1:1/\r\n"), TaskEnvironmentError, "answers 301 to /x"),
        (answer(200, b"junk"), TaskEnvironmentError, "is not JSON"),
        (answer(200, b"\xff"), TaskEnvironmentError, "is not JSON"),
        (answer(200, b"[]"), TaskEnvironmentError, "is no JSON object"),
        (answer(200, b"[" * 100_000), TaskEnvironmentError, "is not JSON"),
        (answer(400, b'{"error": "' + b"x" * 10_000 + b'"}'), TaskEnvironmentError, "x" * 300 + "$"),
    ],
)
def test_a_refusal_or_junk_is_not_asked_again(peer, link, step, error, sentence):
    peer.steps = [step]
    with pytest.raises(error, match=sentence):
        link.post("/x", {})
    assert len(peer.requests) == 1


def test_too_large_an_answer_is_refused_before_it_is_whole(peer, link, monkeypatch):
    monkeypatch.setattr(link_module, "MAX_ANSWER_BYTES", 1000)
    peer.steps = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 100_000]
    with pytest.raises(TaskEnvironmentError, match="more than 1000 bytes"):
        link.get("/x")


def test_one_connection_serves_many_requests(peer, link):
    ports = set()
    peer.serve = lambda connection, serve=peer.serve: (ports.add(connection.getpeername()), serve(connection))
    for _ in range(5):
        link.post("/x", {})
    assert len(ports) == 1


def test_proxies_of_the_environment_are_not_used(peer, link, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    fresh = Link(peer.url, "t", link._leash)
    assert fresh.post("/x", {}) == {"a": 1}
    fresh.close()


@pytest.mark.parametrize("step", [say_nothing, answer(503), trickle])
def test_the_leash_cuts_every_wait_short(peer, link, held, step):
    peer.steps = [step] * 1000
    threading.Timer(0.1, os.close, [held[1]]).start()
    begin = time.monotonic()
    with pytest.raises(StarterGoneError):
        link.post("/x", {}, wait_s=60.0)
    assert time.monotonic() - begin < 1.0


def test_sigterm_cuts_a_wait_short_once(peer, link, held):
    peer.steps = [say_nothing]
    threading.Timer(0.1, os.kill, [os.getpid(), 15]).start()
    with pytest.raises(ToldToEndError):
        link.post("/x", {}, wait_s=60.0)
    assert link.post("/x", {}, limit_s=2.0) == {"a": 1}
    os.close(held[1])
