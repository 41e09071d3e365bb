"""A service that gives bundles away, by TLS, and jobs that fetch them."""

import hashlib
import json
import os
import ssl
import subprocess
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from certificates import make_certificate
from skydriver.clusters import shipping
from skydriver.clusters.base import Bundle, Order
from skydriver.clusters.configured import ClusterSettings
from skydriver.clusters.shipping.archive import write_archive

STARTER = "st4rter"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        store = self.server.store
        with store.lock:
            store.asked.append((self.path, self.headers["Authorization"]))
            step = store.script.pop(0) if store.script else None
        if callable(step):
            step(self)
            return
        status, headers, data = step or (200, {}, store.data)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object):
        pass


class Store:
    """Gives `data`, or answers as the script says."""

    def __init__(self, folder) -> None:
        self.certificate, key = make_certificate(folder)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate, key)
        self.lock = threading.Lock()
        self.asked, self.script, self.data = [], [], b""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_of: None
        self.server.store = self
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "tls")
    yield made
    made.close()


@pytest.fixture
def small(tmp_path):
    """A bundle whose worker says where it is and with what."""
    folder = tmp_path / "small"
    (folder / "lib" / "deep").mkdir(parents=True)
    (folder / "lib" / "deep" / "file").write_text("content")
    (folder / "start.sh").write_text('#!/bin/sh\necho "here=${0%/*} start=$1 home=$HOME"\neval "$TRY"\n')
    path = tmp_path / "small.tar.gz"
    write_archive(folder, path)
    return path.read_bytes()


class Jobs:
    """Jobs as a pool starts them, each in a folder of its own."""

    def __init__(self, folder, store, cache) -> None:
        self.folder, self.store, self.cache = folder, store, cache
        self.n = 0

    def place(self, data, **changed):
        self.n += 1
        job = self.folder / f"job{self.n}"
        job.mkdir()
        bundle = Bundle(hashlib.sha256(data).hexdigest(), len(data))
        order = Order(
            service="s", scan="x", submission="y", pool="pool7", n_jobs=1, memory_mb=1, disk_mb=1, priority=0,
            token=STARTER, worker_url=self.store.url, ca=self.store.certificate.read_bytes(), baseline="x86-64-v3",
            image=None, bundle=bundle,
        )  # fmt: skip
        where = {"collector": "c", "schedd": "s", "ship": "bundle", "token_directory": "/t"}
        settings = ClusterSettings(**where, cache=changed.pop("cache", str(self.cache)))
        for name, content in shipping.files_of(replace(order, **changed), settings).items():
            (job / name).write_bytes(content)
            (job / name).chmod(0o755 if name == shipping.EXECUTABLE else 0o600)
        return job

    def start(self, job, **variables: str):
        """With no PATH and no HOME, as some pools do."""
        return subprocess.Popen(
            [str(job / "run.sh")], cwd=job, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, job, **variables: str):
        """Exit code, output, last line of standard error."""
        with self.start(job, **variables) as process:
            said, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors
        assert STARTER not in said + errors
        return process.returncode, said, (errors.splitlines() or [""])[-1]


@pytest.fixture
def jobs(tmp_path, store, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir()
    text = shipping._text

    def quick(name):
        """As it is, but that jobs wait less."""
        return (
            text(name)
            .replace(b"START_SPREAD_S = 2.0", b"START_SPREAD_S = 0")
            .replace(b"LONGEST_PAUSE_S = 0.5,", b"LONGEST_PAUSE_S = 0.01,")
        )

    monkeypatch.setattr(shipping, "_text", quick)
    return Jobs(tmp_path, store, cache)


@pytest.fixture
def mine(jobs) -> Path:
    """Where bundles are kept."""
    return jobs.cache / f"skydriver-{os.getuid()}"


@pytest.fixture
def said():
    """A function: what a start file says."""
    return lambda job: json.loads((job / "start.json").read_text())
