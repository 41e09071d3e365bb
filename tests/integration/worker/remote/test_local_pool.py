"""Workers on the service's machine: so many live, whoever dies is told of and replaced, and none is left behind."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from skydriver.clusters import local, local_process
from skydriver.clusters.local import LocalPool
from skydriver.errors import UnavailableError

POPEN = subprocess.Popen


class Notes:
    """Tokens given out, and who was told to be gone."""

    def __init__(self) -> None:
        self.minted = []
        self.gone = []
        self.trouble = 0

    def mint(self):
        self.minted.append(f"token{len(self.minted)}")
        return self.minted[-1]

    def tell(self, token, reason):
        if self.trouble:
            self.trouble -= 1
            raise UnavailableError("the database is away")
        self.gone.append((token, reason))


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def pool(service, notes, monkeypatch):
    """A function from a number of workers to their pool."""
    monkeypatch.setattr(local, "EARLY_S", 0.0)
    return lambda size: LocalPool(size, service.url, notes.mint, notes.tell)


def pids(pool):
    return [worker["pid"] for worker in pool.describe()]


@pytest.fixture
def replaced(monkeypatch):
    """A function: this program runs instead of a worker."""

    def replace(*command: str):
        monkeypatch.setattr(local_process.subprocess, "Popen", lambda _, **settings: POPEN(command, **settings))

    return replace


def test_so_many_workers_register_each_with_a_token_of_its_own(service, pool, notes):
    with pool(3) as workers:
        service.until(lambda: len(service.asked("/workers/lease")) == 3)
        registered = {body["pid"] for body in service.asked("/workers/register")}
        assert registered == set(pids(workers))
        assert {worker["state"] for worker in workers.describe()} == {"running"}
    assert len(notes.minted) == 3
    assert {token for _, _, token in service.seen} == set(notes.minted)
    assert notes.gone == [(token, "the worker ended with status 0") for token, _ in notes.gone]
    assert {token for token, _ in notes.gone} == set(notes.minted)


def test_no_workers_is_a_pool_too(pool):
    with pool(0) as workers:
        assert workers.describe() == []


def test_a_worker_that_is_killed_is_told_of_and_replaced(service, pool, notes, wait_until):
    with pool(2) as workers:
        service.until(lambda: len(service.asked("/workers/lease")) == 2)
        first, second = pids(workers)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: notes.gone)
        assert notes.gone == [("token0", "the worker was killed by SIGKILL")]
        service.until(lambda: len(service.asked("/workers/register")) == 3)
        assert pids(workers)[1] == second
        assert pids(workers)[0] != first
        assert workers.describe()[0]["reason"] == "the worker was killed by SIGKILL"


def test_who_is_gone_is_told_again_until_it_is_heard(service, pool, notes, wait_until):
    notes.trouble = 2
    with pool(1) as workers:
        service.until(lambda: service.asked("/workers/lease"))
        os.kill(*pids(workers), signal.SIGKILL)
        wait_until(lambda: notes.gone)
        assert [token for token, _ in notes.gone] == ["token0"]


def test_workers_that_die_early_are_started_ever_more_rarely(pool, notes, replaced, monkeypatch, wait_until):
    monkeypatch.setattr(local, "EARLY_S", 10.0)
    monkeypatch.setattr(local, "FIRST_PAUSE_S", 0.05)
    replaced("/bin/sh", "-c", "echo the words >&2; echo last words >&2; exit 3")
    times = []
    mint = notes.mint
    notes.mint = lambda: times.append(time.monotonic()) or mint()
    with pool(1) as workers:
        wait_until(lambda: len(notes.gone) == 5)
        assert workers.describe() == [
            {"pid": None, "state": "waiting", "reason": "the worker ended with status 3: last words"}
        ]
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert all(pause >= 0.05 * 2**k for k, pause in enumerate(pauses[:4]))
    assert pauses[3] < 30.0


def test_without_a_token_it_is_tried_again(service, pool, notes, monkeypatch):
    monkeypatch.setattr(local, "FIRST_PAUSE_S", 0.01)
    mint, tries = notes.mint, []

    def fail_first():
        tries.append(1)
        if len(tries) < 4:
            raise UnavailableError("the database is away")
        return mint()

    notes.mint = fail_first
    with pool(1) as workers:
        service.until(lambda: service.asked("/workers/lease"))
        assert workers.describe()[0]["reason"] == "the database is away"
    assert len(tries) == 4


def test_a_program_that_cannot_be_started_is_tried_again(service, pool, replaced, monkeypatch, wait_until):
    monkeypatch.setattr(local, "LONGEST_PAUSE_S", 0.05)
    replaced("/nowhere")
    with pool(1) as workers:
        wait_until(lambda: "/nowhere" in str(workers.describe()[0]["reason"]))
        monkeypatch.setattr(local_process.subprocess, "Popen", POPEN)
        service.until(lambda: service.asked("/workers/lease"))


def test_at_the_end_workers_give_their_tasks_back(service, pool, task, is_alive):
    one = task("crash_dummy:0.3:hang", n=50, limit_s=3600.0)
    service.give(one)
    with pool(1) as workers:
        service.until(lambda: service.asked("/workers/heartbeat"))
        everyone = pids(workers)
    ((name, _),) = service.returned
    assert name == one["task"]
    assert not any(map(is_alive, everyone))


def test_workers_that_do_not_end_are_killed_soon(service, pool, is_alive, monkeypatch):
    monkeypatch.setattr(local, "TERMINATE_S", 0.2)
    with pool(2) as workers:
        service.until(lambda: len(service.asked("/workers/lease")) == 2)
        everyone = pids(workers)
        for pid in everyone:
            os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
    assert time.monotonic() - begin < 2.0
    assert not any(map(is_alive, everyone))


def test_workers_that_start_end_too(pool, is_alive):
    with pool(2) as workers:
        while None in pids(workers):
            time.sleep(0.001)
        everyone = pids(workers)
    assert not any(map(is_alive, everyone))


def test_no_secret_is_in_arguments_or_environment(service, pool, notes, monkeypatch):
    monkeypatch.setenv("SKYDRIVER_DATABASE_URL", "postgresql://u:pa55word@h/d")
    with pool(1) as workers:
        service.until(lambda: service.asked("/workers/lease"))
        (pid,) = pids(workers)
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123 - no path of a file
                text = file.read()
            assert b"pa55word" not in text
            assert notes.minted[0].encode() not in text


SERVICE = """
import sys
from skydriver.clusters.local import LocalPool
with LocalPool(2, sys.argv[1], lambda: "t", print) as pool:
    sys.stdin.readline()
"""


def test_when_the_service_is_killed_its_workers_end(service, task, children, is_alive, wait_until):
    """Idle or in the middle of a fit that hangs."""
    service.give(task("crash_dummy:1:hang", limit_s=3600.0))
    with subprocess.Popen([sys.executable, "-c", SERVICE, service.url], stdin=subprocess.PIPE) as process:
        service.until(lambda: len(service.asked("/workers/lease")) == 2 and service.asked("/workers/heartbeat"))
        workers = children(process.pid)
        everyone = [*workers, *(child for pid in workers for child in children(pid))]
        assert len(everyone) == 3
        begin = time.monotonic()
        process.kill()
        process.wait()
        wait_until(lambda: not any(map(is_alive, everyone)))
    assert time.monotonic() - begin < 1.0


def test_its_thread_ends_with_it(pool):
    before = threading.active_count()
    with pool(1):
        pass
    assert threading.active_count() <= before
