"""Events outlive connections: the client comes back with the last id, until it is told that it was told all."""

from __future__ import annotations

import httpx
import pytest

from skydriver.client.client import ServiceClient
from skydriver.client.outages import Patience
from skydriver.errors import InputError, SettingError, UnavailableError, UnknownError

URL = "http://127.0.0.1:8423"
SSE = {"content-type": "text/event-stream; charset=utf-8"}


def told(*ids):
    text = "".join(f'id: {i}\nevent: state\ndata: {{"n": {i}}}\n\n' for i in ids)
    return httpx.Response(200, headers=SSE, content=b"retry: 1000\n\n:\n\n" + text.encode())


def refused(status):
    return httpx.Response(status, json={"code": status, "error": "last_event_id: so it is"})


class Broken(httpx.SyncByteStream):
    """A connection that is lost in the middle of an event."""

    def __iter__(self):
        yield b'id: 1\nevent: state\ndata: {"n": 1}\n\nid: 2\nevent: st'
        raise httpx.ReadError("lost")


class Clock:
    def __init__(self):
        self.now = 0.0

    def pause(self, seconds):
        self.now += seconds


def listened(*answers, last_id=None, seconds=10.0):
    """What is heard, and with which ids it was asked for."""
    left, asked, heard, clock = list(answers), [], [], Clock()

    def answer(request):
        asked.append(request.headers.get("last-event-id"))
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return given

    patience = Patience(seconds, clock=lambda: clock.now, pause=clock.pause)
    with ServiceClient(URL, patience, httpx.MockTransport(answer)) as client:
        try:
            heard.extend(client.events("1x2", last_id))
        except Exception as error:  # noqa: BLE001 - it is looked at
            return heard, asked, error
    return heard, asked, None


def test_it_comes_back_with_the_last_id_until_all_is_told():
    lost = httpx.Response(200, headers=SSE, stream=Broken())
    heard, asked, error = listened(
        lost, httpx.ConnectError("refused"), refused(503), told(2, 3), told(), told(4), httpx.Response(204)
    )
    assert error is None
    assert [(event.id, event.kind, event.data["n"]) for event in heard] == [(str(n), "state", n) for n in (1, 2, 3, 4)]
    assert asked == [None, "1", "1", "1", "3", "3", "4"]


def test_it_begins_where_it_is_told_to():
    assert listened(told(8), httpx.Response(204), last_id="7")[1] == ["7", "8"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(404), UnknownError),
        (refused(400), InputError),
        (httpx.ConnectError("refused"), UnavailableError),
        (refused(503), UnavailableError),
        (httpx.Response(200, json={}), SettingError),
        (httpx.Response(200, headers=SSE, content=b"data: x\n\n"), SettingError),
    ],
)
def test_what_is_wrong_comes_out(answer, kind):
    heard, _, error = listened(answer)
    assert heard == []
    assert isinstance(error, kind)


def test_an_answer_ends_an_outage_though_nothing_is_told():
    away = [httpx.ConnectError("refused")] * 6
    _, asked, error = listened(*away, told(), *away, told(), *away, httpx.Response(204), seconds=6.0)
    assert error is None
    assert len(asked) == 21
