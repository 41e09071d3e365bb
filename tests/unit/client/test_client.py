"""The client against a service that is not there, answers what it should not, or answers late."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.client.addresses import checked_url, is_loopback
from skydriver.client.client import PAGE, ServiceClient
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
    "search": lambda c: c.search({"priority": 3}, sort="-timestamp", limit=5, cursor=None),
    "backlog": lambda c: c.backlog(),
    "scan_request": lambda c: c.scan_request("1x2"),
    "scan": lambda c: c.scan("1x2"),
    "delete": lambda c: c.delete("1x2", delete_completed_scan=True),
    "projected": lambda c: c.projected("1x2", ["scan_id", "skydriver.status"]),
    "event": lambda c: c.event("1x2"),
    "logs": lambda c: c.logs("1x2", after=7),
    "workforce": lambda c: c.workforce("1x2"),
    "rescan": lambda c: c.rescan("1x2", replace_scan=True),
    "add_workers": lambda c: c.add_workers("1x2", 3),
}
ROUTES = {
    "submit": ("POST", "/scan", {}),
    "manifest": ("GET", "/scan/manifest/1x2", {"include_deleted": "false"}),
    "abort": ("DELETE", "/scan/manifest/1x2", {}),
    "result": ("GET", "/scan/result/1x2", {"include_deleted": "false"}),
    "delete_result": ("DELETE", "/scan/result/1x2", {}),
    "find": ("GET", "/scans", {"run_id": "1", "event_id": "2", "is_real_event": "false", "include_deleted": "false"}),
    "status": ("GET", "/scan/1x2/status", {}),
    "search": ("POST", "/scans/find", {}),
    "backlog": ("GET", "/scans/backlog", {}),
    "scan_request": ("GET", "/scan-request/1x2", {}),
    "scan": ("GET", "/scan/1x2", {"include_deleted": "false"}),
    "delete": ("DELETE", "/scan/1x2", {}),
    "projected": (
        "GET",
        "/scan/1x2/manifest",
        {"include_deleted": "false", "projection": "scan_id|skydriver.status"},
    ),
    "event": ("GET", "/scan/1x2/i3-event", {}),
    "logs": ("GET", "/scan/1x2/logs", {"after": "7"}),
    "workforce": ("GET", "/scan/1x2/workforce", {}),
    "rescan": ("POST", "/scan/1x2/actions/rescan", {}),
    "add_workers": ("POST", "/scan/1x2/actions/add-workers", {}),
}
BODIES = {
    "submit": {"docker_tag": "latest"},
    "search": {"filter": {"priority": 3}, "sort": "-timestamp", "limit": 5},
    "delete": {"delete_completed_scan": True},
    "rescan": {"abort_first": False, "replace_scan": True},
    "add_workers": {"n_workers": 3, "cluster_location": "local"},
}
"""Arguments of GET stand in the query, of the others in the body (CONTRACT section 1)."""


@pytest.mark.parametrize("name", CALLS)
def test_each_call_asks_its_route_and_hands_over_the_answer(client, name):
    ours, script, _ = client((200, {"scan_id": "1x2"}))
    assert CALLS[name](ours) == {"scan_id": "1x2"}
    (asked,) = script.asked
    method, path, query = ROUTES[name]
    assert (asked.method, asked.url.path, dict(asked.url.params)) == (method, path, query)
    assert (json.loads(asked.content) if asked.content else None) == BODIES.get(name)


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


@pytest.mark.parametrize("name", ["submit", "rescan", "add_workers"])
def test_what_makes_something_new_carries_the_same_key_when_it_is_repeated_and_the_next_another(client, name):
    ours, script, _ = client(REFUSED, (503, {}), (200, {}), (200, {}))
    CALLS[name](ours)
    CALLS[name](ours)
    keys = [asked.headers["Idempotency-Key"] for asked in script.asked]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]
    assert len(keys[0]) >= 20
    assert all(json.loads(asked.content) == BODIES[name] for asked in script.asked)


def test_a_key_of_ones_own_is_sent(client):
    ours, script, _ = client((200, {}))
    ours.submit({}, "mine")
    ours.rescan("1x2", key="mine")
    ours.add_workers("1x2", 1, key="mine")
    assert [asked.headers["Idempotency-Key"] for asked in script.asked] == ["mine"] * 3


def page(first, n, cursor):
    return 200, {"manifests": [{"scan_id": str(first + i)} for i in range(n)], "cursor": cursor}


@pytest.mark.parametrize(
    ("limit", "asked_for", "n"),
    [(None, [PAGE] * 3, 250), (230, [PAGE, PAGE, 30], 230), (200, [PAGE] * 2, 200), (7, [7], 7)],
)
def test_pages_follow_each_other_until_there_are_no_more_or_enough(client, limit, asked_for, n):
    sizes = [(size, None if i == 2 and limit is None else f"c{i}") for i, size in enumerate([*asked_for[:2], n - 200])]
    pages = [page(PAGE * i, size, cursor) for i, (size, cursor) in enumerate(sizes[: len(asked_for)])]
    ours, script, _ = client(*pages)
    found = list(ours.search_all({"priority": 3}, limit, sort="-timestamp"))
    assert [manifest["scan_id"] for manifest in found] == [str(i) for i in range(n)]
    bodies = [json.loads(asked.content) for asked in script.asked]
    assert [body["limit"] for body in bodies] == asked_for
    assert [body.get("cursor") for body in bodies] == [None, "c0", "c1"][: len(asked_for)]
    assert all((body["filter"], body["sort"]) == ({"priority": 3}, "-timestamp") for body in bodies)


@pytest.mark.parametrize("name", ["status", "rescan"])
def test_what_was_replaced_leads_on_with_the_same_method_and_body(name):
    def answer(request):
        asked.append(request)
        if "1x2" in request.url.path:
            return httpx.Response(307, headers={"Location": request.url.path.replace("1x2", "3x4")})
        return httpx.Response(200, json={"there": True})

    asked: list[httpx.Request] = []
    with ServiceClient(URL, transport=httpx.MockTransport(answer)) as ours:
        assert CALLS[name](ours) == {"there": True}
    assert [(request.method, request.content) for request in asked] == [(asked[0].method, asked[0].content)] * 2


def test_a_circle_of_replacements_ends():
    def answer(request):
        return httpx.Response(307, headers={"Location": request.url.path})

    with (
        ServiceClient(URL, transport=httpx.MockTransport(answer)) as ours,
        pytest.raises(SettingError, match="no SkyDriver service"),
    ):
        ours.status("1x2")


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
        for call in (
            *(ours.manifest, ours.abort, ours.result, ours.delete_result, ours.status, ours.scan_request, ours.scan),
            *(ours.delete, ours.projected, ours.event, ours.logs, ours.workforce, ours.rescan),
            lambda text: ours.add_workers(text, 1),
        ):
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
