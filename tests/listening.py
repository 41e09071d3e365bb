"""Somebody who listens to a service, and what there was to be heard."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import httpx
from httpx_sse import connect_sse
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from sqlalchemy import select

from serving import LIMIT_S
from skydriver.db.tables import feed, fits
from skydriver.testing.processes import wait_until


class Heard:
    """What one connection was told so far."""

    def __init__(self):
        self.status = None
        self.events = []
        self.is_over = False

    def wait(self, n):
        """Wait for so many events."""
        wait_until(lambda: len(self.events) >= n, f"{n} events are heard", LIMIT_S, still=lambda: not self.is_over)
        return self.events

    def wait_for(self, kind):
        wait_until(lambda: any(event.kind == kind for event in self.events), f"{kind} is heard", LIMIT_S)

    def wait_until_over(self):
        wait_until(lambda: self.is_over, "the stream ends", LIMIT_S)
        return self.events


@contextmanager
def listening(server, path, last_id=None, **params):
    """Somebody listens, until all is told or the test has heard enough."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    heard = Heard()

    def read(source):
        for told in source.iter_sse():
            if told.data:
                heard.events.append(_event(told))
        heard.is_over = True

    with (
        httpx.Client(base_url=server.url, trust_env=False, timeout=LIMIT_S) as client,
        connect_sse(client, "GET", path, params=params, headers=headers) as source,
    ):
        heard.status = source.response.status_code
        if heard.status != 200:
            yield heard
            return
        thread = threading.Thread(target=_quietly, args=[read, source], daemon=True)
        thread.start()
        yield heard
        _shut(source.response)
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def events_of(text):
    """The events in what was sent."""
    lines, decoder = SSELineDecoder(), SSEDecoder()
    told = [decoder.decode(line) for line in lines.decode(text.decode())]
    return [_event(one) for one in told if one is not None and one.data]


def _event(told):
    return SimpleNamespace(id=told.id, kind=told.event, data=json.loads(told.data))


def hear(server, path, last_id=None, **params):
    """All that is told to somebody until the stream ends."""
    with listening(server, path, last_id, **params) as heard:
        if heard.status == 200:
            heard.wait_until_over()
    return heard


def told_of(events):
    """Announcements and fits among some events: [(number, kind)], [(nside, pixel, round, llh)]."""
    news = [(int(event.id.split("-")[0]), event.kind) for event in events if event.kind not in {"pixels", "snapshot"}]
    done = [
        (event.data["nside"], pixel, number, llh)
        for event in events
        if event.kind == "pixels"
        for pixel, llh, number in event.data["pixels"]
    ]
    return news, done


def stored(service, scan):
    """The same of what is stored, all of it."""
    f, d = feed.c, fits.c
    with service.database.reading() as connection:
        news = connection.execute(select(f.id, f.kind).where(f.scan == scan).order_by(f.id)).all()
        query = select(d.nside, d.pixel, d.round, d.llh).where(d.scan == scan, d.sequence.is_not(None))
        done = connection.execute(query.order_by(d.sequence)).all()
    return [tuple(row) for row in news], [tuple(row) for row in done]


def _quietly(read, source):
    with suppress(httpx.TransportError):  # the test has heard enough
        read(source)


def _shut(response):
    """End a connection that another thread reads from."""
    stream = response.extensions["network_stream"]
    with suppress(OSError):  # it has ended
        stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
