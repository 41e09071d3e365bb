"""The client against a service that is not there, answers what it should not, or answers late."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.client.client import ServiceClient, checked_url, is_loopback
from skydriver.client.outages import Patience
from skydriver.errors import (
    DeniedError,
    ImpossibleError,
    InputError,
    RequestError,
    SettingError,
    StateError,
    TooLargeError,
    UnavailableError,
    UnknownError,
)

URL = "http://127.0.0.1:8423"
REFUSED = httpx.ConnectError("[Errno 111] Connection refused")


class Script:
    """A transport that gives one answer after the other, and remembers what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, content = answer
        return (
            httpx.Response(status, json=content)
            if not isinstance(content, bytes)
            else httpx.Response(status, content=content)
        )


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.told: list[str | None] = []

    def patience(self, seconds=10.0):
        return Patience(seconds, lambda error: self.told.append(error and str(error)), lambda: self.now, self.wait)

    def wait(self, seconds):
        self.now += seconds


@pytest.fixture
def client():
    """A function from answers to a client, what it asked, and its clock; every client is closed."""
    made = []

    def make(*answers, seconds=10.0):
        script, clock = Script(*answers), Clock()
        made.append(ServiceClient(URL, clock.patience(seconds), httpx.MockTransport(script)))
        return made[-1], script, clock

    yield make
    for one in made:
        one.close()


CALLS = {
    "submit": lambda c: c.submit({"docker_tag": "latest"}),
    "manifest": lambda c: c.manifest("1x2"),
    "abort": lambda c: c.abort("1x2"),
    "result": lambda c: c.result("1x2"),
    "delete_result": lambda c: c.delete_result("1x2"),
    "find": lambda c: c.find(1, 2, is_real=False),
    "status": lambda c: c.status("1x2"),
}
ROUTES = {
    "submit": ("POST", "/scan", {}),
    "manifest": ("GET", "/scan/manifest/1x2", {"include_deleted": "false"}),
    "abort": ("DELETE", "/scan/manifest/1x2", {}),
    "result": ("GET", "/scan/result/1x2", {"include_deleted": "false"}),
    "delete_result": ("DELETE", "/scan/result/1x2", {}),
    "find": ("GET", "/scans", {"run_id": "1", "event_id": "2", "is_real_event": "false", "include_deleted": "false"}),
    "status": ("GET", "/scan/1x2/status", {}),
}
"""Arguments of GET stand in the query, of the others in the body (CONTRACT section 1)."""


@pytest.mark.parametrize("name", CALLS)
def test_each_call_asks_its_route_and_hands_over_the_answer(client, name):
    ours, script, _ = client((200, {"scan_id": "1x2"}))
    assert CALLS[name](ours) == {"scan_id": "1x2"}
    (asked,) = script.asked
    method, path, query = ROUTES[name]
    assert (asked.method, asked.url.path, dict(asked.url.params)) == (method, path, query)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "outage", [REFUSED, httpx.ReadTimeout("late"), (503, {"code": 503, "error": "the database is away"})]
)
def test_each_call_survives_an_outage_and_says_so_once(client, name, outage):
    ours, script, clock = client(outage, outage, outage, (200, {"a": 1}))
    assert CALLS[name](ours) == {"a": 1}
    assert len(script.asked) == 4
    assert len(clock.told) == 2
    assert clock.told[0]
    assert clock.told[1] is None


def test_a_repeated_submission_carries_the_same_key_and_another_one_another(client):
    ours, script, _ = client(REFUSED, (503, {}), (200, {}), (200, {}))
    ours.submit({"docker_tag": "latest"})
    ours.submit({"docker_tag": "latest"})
    keys = [asked.headers["Idempotency-Key"] for asked in script.asked]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]
    assert len(keys[0]) >= 20
    assert {json.dumps(json.loads(asked.content)) for asked in script.asked} == {'{"docker_tag": "latest"}'}


def test_a_key_of_ones_own_is_sent(client):
    ours, script, _ = client((200, {}))
    ours.submit({}, "mine")
    assert script.asked[0].headers["Idempotency-Key"] == "mine"


def test_patience_ends(client):
    ours, script, clock = client(REFUSED, seconds=10.0)
    with pytest.raises(UnavailableError, match=r"connection refused.*skydriver serve"):
        ours.status("1x2")
    assert 108.0 <= clock.now <= 110.0
    assert len(clock.told) == 1
    assert 5 <= len(script.asked) <= 15


def test_patience_is_counted_anew_after_an_answer(client):
    ours, _, clock = client(
        REFUSED, REFUSED, REFUSED, REFUSED, (200, {}), REFUSED, REFUSED, REFUSED, REFUSED, (200, {}), seconds=2.0
    )
    ours.status("1x2")
    clock.now += 100.0
    ours.status("1x2")
    assert [told is None for told in clock.told] == [False, True, False, True]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InputError),
        (401, DeniedError),
        (403, DeniedError),
        (404, UnknownError),
        (409, StateError),
        (413, TooLargeError),
        (422, ImpossibleError),
        (405, RequestError),
    ],
)
def test_a_refusal_is_the_error_that_it_was_in_the_service_and_is_not_repeated(client, status, kind):
    ours, script, _ = client((status, {"code": status, "error": "nsides: 3 is no power of two"}))
    with pytest.raises(kind, match=r"^nsides: 3 is no power of two$") as caught:
        ours.submit({})
    assert type(caught.value) is kind
    assert len(script.asked) == 1
    if kind is DeniedError:
        assert caught.value.known == (status == 403)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_succeed_later_is_repeated(client, status):
    ours, script, _ = client((status, {"error": "later"}), (200, {}))
    ours.status("1x2")
    assert len(script.asked) == 2


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b"null", b"\xff"])
def test_something_else_that_answers_is_told_from_a_service(client, content):
    ours, _, _ = client((200, content))
    with pytest.raises(SettingError, match="no SkyDriver service"):
        ours.status("1x2")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b'{"error": 3}', b"\xff"])
def test_a_refusal_without_a_sentence_still_is_one(client, content):
    ours, _, _ = client((404, content))
    with pytest.raises(UnknownError, match="404"):
        ours.status("1x2")


@given(st.text(max_size=40).filter(lambda text: not text.replace("_", "a").isalnum()))
def test_what_is_no_id_reaches_no_route(text):
    script = Script((200, {}))
    with ServiceClient(URL, transport=httpx.MockTransport(script)) as ours:
        for call in (ours.manifest, ours.abort, ours.result, ours.delete_result, ours.status):
            with pytest.raises(SettingError, match="scan_id"):
                call(text)
    assert script.asked == []


@pytest.mark.parametrize("url", ["", "127.0.0.1:8423", "ftp://host", "http://", "http://[::1", "http://a:b"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(SettingError, match=r"^url: "):
        checked_url(url)


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]:9", True),
        ("http://10.0.0.1", False),
        ("https://example.org", False),
    ],
)
def test_only_addresses_of_this_machine_pass_no_proxy(url, answer):
    assert is_loopback(url) == answer
