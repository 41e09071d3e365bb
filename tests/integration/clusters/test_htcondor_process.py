"""The process that talks to a schedd: what it is told, how long it may take, and when it ends. No pool is needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from condor_pools import eventually
from skydriver.clusters.base import ClusterAwayError
from skydriver.clusters.htcondor.process import Process

NOBODY = "127.0.0.1:1"
ORPHAN = f"""
import os, signal, threading
from skydriver.clusters.base import ClusterAwayError
from skydriver.clusters.htcondor.process import Process
process = Process("{NOBODY}", "ap.test", "/none")
def ask():
    try:
        process.call("query", {{"service": "x"}}, 30.0)
    except ClusterAwayError:
        pass
asking = threading.Thread(target=ask)
asking.start()
asking.join()
print(process.pid, flush=True)
signal.pause()
"""
MODULES = ("htcondor2", "classad2", "htcondor")
WITHOUT_HTCONDOR = f"""
import sys
import skydriver.api.run, skydriver.cli.main, skydriver.clusters.htcondor.cluster
found = [name for name in {MODULES!r} if name in sys.modules]
assert not found, found
"""


@pytest.fixture
def process():
    process = Process(NOBODY, "ap.test", "/none")
    yield process
    process.close()


def ask(process, deadline_s=30.0):
    return process.call("query", {"service": "x"}, deadline_s)


def is_away(process, words, deadline_s=30.0):
    with pytest.raises(ClusterAwayError, match=words):
        ask(process, deadline_s)


def test_it_knows_nothing_secret(process, monkeypatch):
    for name in ("SKYDRIVER_DATABASE_URL", "_CONDOR_SEC_TOKEN_DIRECTORY", "_CONDOR_COLLECTOR_HOST", "PGPASSWORD"):
        monkeypatch.setenv(name, "a-secret")
    is_away(process, "does not answer")
    told = [Path(f"/proc/{process.pid}/{what}").read_bytes() for what in ("environ", "cmdline")]
    assert b"a-secret" not in b"".join(told)
    assert b"CONDOR_CONFIG=ONLY_ENV\0" in told[0]


def test_one_serves_many_calls(process):
    is_away(process, "does not answer")
    pid = process.pid
    is_away(process, "does not answer")
    assert process.pid == pid


def test_a_frozen_one_is_replaced_and_others_wait_no_longer_than_they_would(process):
    is_away(process, "does not answer")
    pid = process.pid
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    waiting = [threading.Thread(target=is_away, args=(process, "did not answer", 0.5)) for _ in range(3)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert time.monotonic() - began < 10.0
    is_away(process, "the collector 127.0.0.1:1 does not answer")
    assert process.pid != pid


def test_one_that_was_killed_is_replaced(process):
    is_away(process, "does not answer")
    os.kill(process.pid, signal.SIGKILL)
    is_away(process, "the process that talks to ap.test ended")
    is_away(process, "does not answer")


def test_it_ends_when_it_is_closed():
    process = Process(NOBODY, "ap.test", "/none")
    is_away(process, "does not answer")
    pid = process.pid
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("is_frozen", [False, True])
def test_it_ends_with_the_service_and_not_with_the_thread_that_asked_first(number, is_frozen):
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True) as service:
        pid = int(service.stdout.readline())
        os.kill(pid, signal.SIGSTOP if is_frozen else 0)
        service.send_signal(number)
        service.wait()
    eventually(lambda: not _lives(pid))


def test_the_service_itself_never_imports_htcondor():
    subprocess.run([sys.executable, "-c", WITHOUT_HTCONDOR], check=True, env={**os.environ, "CONDOR_CONFIG": ""})


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
