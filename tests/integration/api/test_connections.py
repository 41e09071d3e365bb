"""Whoever sends too much of a head, or not the rest of a request, is told so and hung up on; others are served."""

from __future__ import annotations

import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from serving import serving
from skydriver.api import connections

pytestmark = pytest.mark.usefixtures("sqlite_url")
HEAD = b"POST /scan HTTP/1.1\r\nHost: localhost\r\n"
LATE = b"HTTP/1.1 408 Request Timeout\r\n"
SENTENCE = b'{"code":408,"error":"request: the rest of it did not come in time"}'


@pytest.fixture
def impatient(service, monkeypatch):
    """A server that waits for nothing."""
    for name, seconds in {"HEAD_S": 0.2, "BODY_S": 0.2, "LOOK_S": 0.05}.items():
        monkeypatch.setattr(connections, name, seconds)
    with serving(service) as running:
        yield running


def connected(server):
    address = urlsplit(server.url)
    return closing(socket.create_connection((address.hostname, address.port), timeout=30))


def all_of(connection):
    with connection.makefile("rb") as read:
        return read.read()


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"\r\n\r\n",
        HEAD,
        HEAD + b"Content-Length: 10\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
)
def test_who_does_not_end_a_request_is_hung_up_on(impatient, begun):
    with connected(impatient) as connection:
        connection.sendall(begun)
        said = all_of(connection)
    assert said.startswith(LATE)
    assert said.endswith(SENTENCE)


def test_a_second_request_that_does_not_end_leaves_the_answer_to_the_first(impatient):
    with connected(impatient) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT")
        said = all_of(connection)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert said.endswith(SENTENCE)


@pytest.mark.parametrize("line", [b"y\r\nx: " * 1000, b"y" * 10_000])
def test_a_head_without_end_is_refused(server, line):
    with connected(server) as connection:
        connection.sendall(HEAD + b"x: ")
        with pytest.raises(OSError, match=r"reset|Broken"):  # noqa: PT012 - at which of them cannot be known
            while True:
                connection.sendall(line)


def test_it_is_told_what_was_too_much(server):
    with connected(server) as connection:
        connection.sendall(HEAD + b"x: " + b"y" * connections.MAX_HEAD)
        said = all_of(connection)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert said.endswith(b'{"code":431,"error":"headers: more than 65536 bytes"}')


def test_many_silent_connections_keep_nobody_from_being_served(server, client):
    held = []
    try:
        for _ in range(300):
            address = urlsplit(server.url)
            held.append(socket.create_connection((address.hostname, address.port)))
        assert client.get("/").json() == {}
    finally:
        for connection in held:
            connection.close()
