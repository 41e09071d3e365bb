"""A service that follows a script, and worker processes that lease from it."""

import hashlib
import itertools
import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from skydriver.worker.pulses_file import to_bytes

MODULE = "skydriver.worker.remote"
TOKEN = "t0ken"  # noqa: S105 - of a service that is none


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, _request, _address):
        """Workers hang up whenever they like."""


class FakeService:
    """Answers as the service does, or as the script says; it remembers all that it was asked."""

    def __init__(self, events, tls=None) -> None:
        self.events = events
        self.tls = tls
        self.seen = []
        self.times = []
        self.tasks = []
        self.script = defaultdict(list)
        self.order = "continue"
        self.over = False
        self.heartbeat_s = 0.05
        self.known = set()
        self.changed = threading.Condition()
        self.server = None
        self.port = 0
        self.start()

    def start(self):
        handler = type("Handler", (Handler,), {"service": self})
        self.server = Server(("127.0.0.1", self.port), handler)
        self.port = self.server.server_address[1]
        if self.tls:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        """No further connection; those that there are stay."""
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def until(self, condition):
        """Wait for something to be true of what was asked."""
        with self.changed:
            assert self.changed.wait_for(condition, 30), self.seen[-5:]

    def give(self, *tasks: dict):
        with self.changed:
            self.tasks += tasks
            self.changed.notify_all()

    def asked(self, path):
        return [body for where, body, _ in self.seen if where == path]

    @property
    def reports(self):
        """All that came, as task and pixels."""
        leases = [body["report"] for body in self.asked("/workers/lease") if body["report"]]
        return [(report["task"], report["pixels"]) for report in [*leases, *self.asked("/workers/report")]]

    @property
    def returned(self):
        return [(body["task"], body["pixels"]) for body in self.asked("/workers/return")]

    def answer(self, path, body, token):
        """Status and bytes; None: no answer at all."""
        with self.changed:
            self.seen.append((path, body, token))
            self.times.append(time.monotonic())
            self.changed.notify_all()
            where = "/workers/event" if path.startswith("/workers/event/") else path
            if self.script[where]:
                step = self.script[where].pop(0)
                if step is not None:
                    return step
            if body and body.get("worker", "w1") not in self.known and "worker" in body:
                return 404, b'{"code": 404, "error": "there is no such worker"}'
            return self.proper(path, body)

    def proper(self, path, body):
        if path.startswith("/workers/event/"):
            data = self.events.get(path.rpartition("/")[2])
            return (200, data) if data is not None else (404, b'{"code": 404, "error": "no such event"}')
        if path == "/workers/lease":
            self.changed.wait_for(lambda: self.tasks or self.over, body["wait_s"])
            nothing = {"task": None} | ({"over": True} if self.over else {})
            return said(self.tasks.pop(0) if self.tasks else nothing)
        if path == "/workers/register":
            worker = f"w{len(self.asked(path))}"
            self.known.add(worker)
            return said({"worker": worker, "heartbeat_s": self.heartbeat_s, "lease_s": 15.0})
        if path == "/workers/heartbeat":
            return said({"answer": self.order})
        if path == "/workers/token":
            return said({"token": f"{TOKEN}{len(self.asked(path))}", "expires_s": 600.0})
        return said({"accepted": len(body["pixels"])} if path == "/workers/report" else {})


def said(answer):
    return 200, json.dumps(answer).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: FakeService

    def do_GET(self):
        self.respond(None)

    def do_POST(self):
        self.respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def respond(self, body):
        token = self.headers["Authorization"].removeprefix("Bearer ")
        answer = self.service.answer(self.path, body, token)
        if callable(answer):
            answer = answer(self)
        if answer is None:
            self.close_connection = True
            return
        status, data = answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if 300 <= status < 400:
            self.send_header("Location", self.service.url + self.path)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object):
        pass


@pytest.fixture
def event(pulses):
    """Hash and bytes of the toy event."""
    data = to_bytes(pulses)
    return hashlib.sha256(data).hexdigest(), data


@pytest.fixture
def service(event):
    fake = FakeService(dict([event]))
    yield fake
    fake.stop()


@pytest.fixture
def task(event, tasks):
    """A function from an algorithm to a task, each with a name of its own."""
    numbers = itertools.count()

    def make(reco="dummy", n=4, *, limit_s=60.0, event=event[0]):
        pixels = [{"index": 10 * k, "direction": p.direction, "seeds": []} for k, p in enumerate(tasks(n))]
        name = f"task{next(numbers)}"
        return {
            "task": name,
            "scan": "scan0",
            "event": event,
            "reco": reco,
            "max_reco_time_s": limit_s,
            "nside": 8,
            "round": 0,
            "pixels": pixels,
            "deadline_s": 15.0,
        }

    return make


class Worker:
    """A worker process and what it said."""

    def __init__(self, url, log, children, *, given=None, program=("-m", MODULE), **more: float | str) -> None:
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *program], stdin=subprocess.PIPE, stderr=stderr, start_new_session=True
            )
        self.log = log
        self.children = children
        self.pid = self.process.pid
        line = json.dumps({"url": url, "token": TOKEN, "pool": "local", **more}) if given is None else given
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def family(self):
        """Pids of it and its children."""
        return [self.pid, *self.children(self.pid)]

    @property
    def said(self):
        return self.log.read_text()

    @property
    def sentence(self):
        """Its last line, when it has ended."""
        self.process.wait(30)
        assert "Traceback" not in self.said
        return self.said.splitlines()[-1]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


@pytest.fixture
def start(service, tmp_path, monkeypatch, children):
    """A function that starts a worker; all are killed in the end."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    started = []

    def run(**options: object):
        started.append(Worker(service.url, tmp_path / f"worker{len(started)}.log", children, **options))
        return started[-1]

    yield run
    for worker in started:
        worker.end()
