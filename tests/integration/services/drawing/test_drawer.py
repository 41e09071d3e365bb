"""Products are made one after the other, each once, whatever becomes of the process that makes them."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from skydriver.errors import ImpossibleError, StateError, UnavailableError
from skydriver.services.drawing import drawer as module
from skydriver.services.drawing.drawer import Drawer
from skydriver.services.drawing.order import Order
from skydriver.services.drawing.process import DrawingProcess
from skydriver.testing.processes import wait_until

LIMIT_S = 30.0
CHILD = """
import os, signal, sys, time
from skydriver.services.drawing.order import Made, Order, answer_of
from skydriver.services.drawing.wire import receive, send
told, said = sys.stdin.buffer, sys.stdout.buffer
while True:
    try:
        order = Order.of(receive(told))
    except EOFError:
        sys.exit(0)
    if order.product == "hang":
        time.sleep(1000)
    if order.product == "burn":
        signal.setitimer(signal.ITIMER_PROF, 0.05)
        while True:
            pass
    if order.product == "crash":
        os.abort()
    if order.product == "leave":
        sys.exit(3)
    if order.product == "wait":
        while not os.path.exists(order.algorithm):
            time.sleep(0.01)
    send(said, answer_of(Made(order.product, str(os.getpid()).encode())))
"""


def order(product, algorithm="x"):
    return Order(product, 0.0, {}, algorithm, is_real=True, document=b"{}", provenance=None, answer=None, event=None)


class Started:
    """Starts processes, and remembers them."""

    def __init__(self, limit_s=LIMIT_S) -> None:
        self.limit_s = limit_s
        self.pids = []

    def __call__(self):
        process = DrawingProcess((sys.executable, "-c", CHILD), self.limit_s)
        self.pids.append(process.pid)
        return process


@pytest.fixture
def started():
    return Started()


@pytest.fixture
def drawer(started):
    made = Drawer(started)
    yield made
    made.close()


def asked(drawer, product, *, key=None, urgency=0, kept=None, algorithm="x"):
    keep = (lambda _made: None) if kept is None else kept.append
    return drawer.ask(key or product, urgency, lambda: order(product, algorithm), keep)


def pid_of(future):
    return int(future.result(LIMIT_S).content)


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Held:
    """A job that goes on until it is let go."""

    def __init__(self, drawer, path) -> None:
        self._path = path
        self.future = asked(drawer, "wait", algorithm=str(path))
        wait_until(lambda: not drawer._waiting and drawer.pid, "it is begun", LIMIT_S)

    def let_go(self):
        self._path.touch()


@pytest.fixture
def held(drawer, tmp_path):
    return Held(drawer, tmp_path / "go")


def test_many_who_ask_for_one_product_have_it_made_once(drawer, held):
    kept = []
    futures = [asked(drawer, "a", kept=kept) for _ in range(50)]
    assert len(set(map(id, futures))) == 1
    held.let_go()
    assert {future.result(LIMIT_S).file for future in futures} == {"a"}
    assert [made.file for made in kept] == ["a"]


def test_the_most_urgent_goes_first_and_equal_ones_in_their_order(drawer, held):
    kept = []
    urgencies = {"a": 0, "b": 0, "c": 100, "d": -1, "e": 100}
    futures = [asked(drawer, name, urgency=urgency, kept=kept) for name, urgency in urgencies.items()]
    held.let_go()
    for future in futures:
        future.result(LIMIT_S)
    assert "".join(made.file for made in kept) == "ceabd"


def test_a_process_serves_many_products_and_ends_when_it_is_idle(started):
    drawer = Drawer(started, idle_s=0.2)
    try:
        assert pid_of(asked(drawer, "a")) == pid_of(asked(drawer, "b"))
        wait_until(lambda: drawer.pid is None, "it is idle", LIMIT_S)
        assert is_gone(started.pids[0])
        assert pid_of(asked(drawer, "a")) == started.pids[1]
    finally:
        drawer.close()


def test_a_product_survives_a_kill_of_the_process(drawer, held, started):
    os.kill(drawer.pid, signal.SIGKILL)
    wait_until(lambda: len(started.pids) == 2, "another is started", LIMIT_S)
    held.let_go()
    assert pid_of(held.future) == started.pids[1]


@pytest.mark.parametrize(("product", "how"), [("crash", "killed by SIGABRT"), ("leave", "ended with status 3")])
def test_a_product_that_kills_its_process_harms_no_other(drawer, started, product, how):
    with pytest.raises(ImpossibleError, match=f"{product}: the process that makes it .*{how}"):
        asked(drawer, product).result(LIMIT_S)
    assert len(started.pids) == 2
    assert asked(drawer, "a").result(LIMIT_S).file == "a"
    with pytest.raises(ImpossibleError, match=how):
        asked(drawer, product)
    assert len(started.pids) == 3


@pytest.mark.parametrize(("product", "limit_s", "how"), [("hang", 0.5, "after 0.5 s"), ("burn", LIMIT_S, "CPU time")])
def test_a_product_that_takes_too_long_is_stopped_and_not_tried_again(started, product, limit_s, how):
    started.limit_s = limit_s
    drawer = Drawer(started)
    try:
        with pytest.raises(ImpossibleError, match=f"it was stopped .*{how}"):
            asked(drawer, product).result(LIMIT_S)
        assert len(started.pids) == 1
        started.limit_s = LIMIT_S
        assert asked(drawer, "a").result(LIMIT_S).file == "a"
    finally:
        drawer.close()


def test_what_was_left_alone_is_tried_again_later(drawer, started, monkeypatch):
    monkeypatch.setattr(module, "LEFT_ALONE_S", 0.0)
    for _ in range(2):
        with pytest.raises(ImpossibleError):
            asked(drawer, "leave").result(LIMIT_S)
    assert len(started.pids) == 4


@pytest.mark.parametrize("error", [StateError("no"), ZeroDivisionError()])
def test_what_goes_wrong_is_told_to_whoever_asked_and_nobody_else(drawer, error):
    def fail():
        raise error

    future = drawer.ask("bad", 0, fail, lambda _made: None)
    assert future.exception(LIMIT_S) is error
    assert asked(drawer, "a").result(LIMIT_S).file == "a"
    assert drawer.ask("bad", 0, lambda: order("a"), lambda _made: None).result(LIMIT_S).file == "a"


def test_what_cannot_be_started_is_told(tmp_path):
    drawer = Drawer(lambda: DrawingProcess((str(tmp_path / "nothing"),)))
    with pytest.raises(UnavailableError, match="no process can be started"):
        asked(drawer, "a").result(LIMIT_S)
    drawer.close()


def test_only_so_many_wait(drawer, held, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    waiting = [asked(drawer, "a"), asked(drawer, "b")]
    with pytest.raises(UnavailableError, match="too many"):
        asked(drawer, "c")
    assert asked(drawer, "b") is waiting[1]
    held.let_go()
    assert [future.result(LIMIT_S).file for future in waiting] == ["a", "b"]


def test_when_it_ends_whoever_waits_is_told_and_no_process_is_left(drawer, held, started):
    waiting = asked(drawer, "a")
    drawer.close()
    for future in (held.future, waiting):
        assert isinstance(future.exception(0.0), UnavailableError)
    assert is_gone(started.pids[0])
    with pytest.raises(UnavailableError, match="ending"):
        asked(drawer, "b")
