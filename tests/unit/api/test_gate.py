"""Whom a service that trusts its machine listens to."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from skydriver.api.gate import is_loopback, refusal


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8423", "localhost.", "127.0.0.1", "127.3.2.1:80", "[::1]", "[::1]:8423"]
)
def test_names_of_this_machine_are_taken(host):
    assert is_loopback(host)
    assert refusal("POST", Headers({"host": host, "origin": f"http://{host}"})) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.org",
        "127.0.0.1.example.org",
        "localhost.example.org",
        "10.0.0.1",
        "[::]",
        "[2001:db8::1]",
        "[::1].example.org",
        "[localhost]",
        "localhost, example.org",
        "localhost:8423@example.org",
    ],
)
def test_others_are_not(host):
    assert not is_loopback(host)
    assert refusal("GET", Headers({"host": host})).startswith("Host: ")


def test_two_hosts_are_none():
    two = Headers(raw=[(b"host", b"localhost"), (b"host", b"example.org")])
    assert refusal("GET", two) is not None


def test_a_request_without_a_host_is_refused():
    assert refusal("GET", Headers({})) is not None


@pytest.mark.parametrize("origin", ["http://example.org", "null", "http://localhost:9999", "localhost:8423", ""])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_pages_from_elsewhere_do_not_write(method, origin):
    assert refusal(method, Headers({"host": "localhost:8423", "origin": origin})).startswith("Origin: ")


def test_pages_from_elsewhere_may_ask_for_they_cannot_read_the_answer():
    assert refusal("GET", Headers({"host": "localhost", "origin": "http://example.org"})) is None
