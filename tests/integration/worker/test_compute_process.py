"""Fits in a forked child: every way in which one may end, and that the others are done all the same."""

import math
import os
import signal
import sys
from contextlib import closing, contextmanager, suppress
from multiprocessing import Pipe

import numba
import numpy as np
import pytest

from skydriver.recos.base import Fit
from skydriver.recos.crash_dummy import CrashDummy
from skydriver.recos.dummy import Dummy
from skydriver.testing.events import toy_pulses
from skydriver.worker import __main__ as worker
from skydriver.worker import compute
from skydriver.worker.compute import ComputeProcess
from skydriver.worker.task import Job, Model

LIMIT_S = 0.2

# From Python 3.12 on a fork warns of threads, and numpy's linear algebra may have started some in the tests' process.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")

HOW = {
    "error": ("failed", "CrashDummyError: crash_dummy was asked to fail here"),
    "nan": ("failed", "the algorithm found no finite llh"),
    "hang": ("stopped", "the fit was stopped after 0.2 s of CPU time"),
    "kill": ("lost", "the compute process was killed by SIGKILL"),
}


class Doing:
    """A fitter that does `act` and then fits as `dummy` does."""

    def __init__(self, act) -> None:
        self.act = act

    def fit(self, direction, seeds):
        return self.act(direction, seeds) or Dummy().fit(direction, seeds)


@pytest.fixture
def start():
    """A function from a fitter (or what one does) to a compute process, which is closed in the end."""
    started = []

    def make(fitter, limit_s=LIMIT_S):
        started.append(ComputeProcess([fitter if hasattr(fitter, "fit") else Doing(fitter)], limit_s))
        return started[-1]

    yield make
    for process in started:
        process.close()


def raises(error):
    def act(_direction, _seeds):
        raise error

    return act


def dummy_reports(pixels):
    return [Dummy().fit(np.array(pixel.direction), None) for pixel in pixels]


@pytest.mark.parametrize("kind", HOW)
def test_bad_pixels_are_told_and_the_others_done_in_order(start, tasks, kind):
    pixels, crash = tasks(20), CrashDummy(0.2, kind)
    bad = [crash.fails_on(np.array(pixel.direction)) for pixel in pixels]
    assert 1 <= sum(bad) <= 8
    for report, is_bad, fit in zip(start(crash).run(pixels), bad, dummy_reports(pixels), strict=True):
        assert (report.outcome, report.error) == (HOW[kind] if is_bad else ("done", None))
        assert np.isnan(report[1:8]).all() if is_bad else Fit(*report[1:8]) == fit


@pytest.mark.parametrize("kind", HOW)
@pytest.mark.parametrize("n", [1, 3])
def test_when_all_are_bad_all_are_told(start, tasks, kind, n):
    reports = start(CrashDummy(1.0, kind)).run(tasks(n))
    assert [(report.outcome, report.error) for report in reports] == [HOW[kind]] * n


def test_it_goes_on_after_any_task(start, tasks, children):
    before = set(children(os.getpid()))
    process = start(CrashDummy(0.5, "kill"))
    first = process.run(tasks(10))
    assert [report.outcome for report in process.run(tasks(10))] == [report.outcome for report in first]
    assert len(set(children(os.getpid())) - before) == 1


def test_no_pixels_no_reports(start):
    assert start(Dummy()).run([]) == []


def test_the_same_child_does_every_good_task(start, tasks):
    def tell_pid(_direction, _seeds):
        return Fit(float(os.getpid()), *[0.0] * 6)

    process = start(tell_pid)
    pids = {report.llh for _ in range(3) for report in process.run(tasks(3))}
    assert len(pids) == 1
    assert pids != {float(os.getpid())}


def test_a_full_task_is_done(start, tasks):
    pixels = tasks(compute.MAX_PIXELS)
    assert [report.llh for report in start(Dummy()).run(pixels)] == [fit.llh for fit in dummy_reports(pixels)]


def test_seeds_and_direction_arrive(start, tasks):
    seen = lambda direction, seeds: Fit(*direction, *(seeds[1] if seeds is not None else [math.inf] * 4))  # noqa: E731
    (pixel,) = tasks(1)
    seeded = pixel._replace(seeds=((1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0)))
    first, second = start(seen).run([seeded, pixel])
    assert first[1:8] == (*pixel.direction, 5.0, 6.0, 7.0, 8.0)
    assert second[1:8] == (*pixel.direction, *[math.inf] * 4)


@pytest.mark.parametrize("llh", [math.nan, math.inf, -math.inf])
def test_an_llh_that_is_not_finite_has_failed(start, tasks, llh):
    (report,) = start(lambda *_: Fit(llh, *[0.0] * 6)).run(tasks(1))
    assert (report.outcome, report.error) == HOW["nan"]


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("x" * 10_000, "ValueError: xxx"),
        ("é" * 10_000, "ValueError: ééé"),
        ("xé" + "é" * 10_000, "ValueError: xéé"),
        ("Ωμέγα 🌌", "ValueError: Ωμέγα 🌌"),
        ("\udcff", "ValueError: \\udcff"),
        ("", "ValueError: "),
    ],
)
def test_error_texts_are_kept_as_far_as_there_is_room(start, tasks, text, begin):
    reports = start(raises(ValueError(text))).run(tasks(2))
    for report in reports:
        assert report.outcome == "failed"
        assert report.error.startswith(begin)
        assert len(report.error) <= 240
        report.error.encode()


@pytest.mark.parametrize(
    "error", [KeyError("x"), MemoryError(), RecursionError(), ZeroDivisionError(), StopIteration()]
)
def test_any_exception_is_an_attempt(start, tasks, error):
    (report,) = start(raises(error)).run(tasks(1))
    assert report.outcome == "failed"
    assert report.error.startswith(type(error).__name__)


def test_a_fit_that_leaves_its_process_is_lost(start, tasks):
    (report,) = start(lambda *_: sys.exit(7)).run(tasks(1))
    assert (report.outcome, report.error) == ("lost", "the compute process was ended with status 1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU])
def test_a_fit_that_is_killed_is_lost(start, tasks, number):
    def kill_itself(*_: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # it may be ignored from the start, as SIGHUP is under nohup
        os.kill(os.getpid(), number)

    (report,) = start(kill_itself).run(tasks(1))
    assert (report.outcome, report.error) == ("lost", f"the compute process was killed by {number.name}")


def test_killed_between_tasks_it_is_replaced(start, tasks, wait_until, is_alive):
    process = start(Dummy())
    process.run(tasks(1))
    child = process._pid
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: not is_alive(child))
    reports = process.run(tasks(3))
    assert [report.outcome for report in reports][1:] == ["done", "done"]
    assert reports[0].outcome in {"done", "lost"}


@numba.njit
def count(n):
    total = 0.0
    for k in range(n):
        total += 1.0 / (k + 1.0) ** 0.5
    return total


def test_compiled_code_is_stopped_too(start, tasks):
    count(1)
    report, after = start(lambda direction, _: direction[0] > 5 or (count(2**62) and None), 0.2).run(tasks(2))
    assert report.outcome == after.outcome == "stopped"
    assert report.cpu_seconds == 0.2


def test_sleep_is_no_cpu_time_but_has_a_limit_by_the_clock(start, tasks, monkeypatch):
    monkeypatch.setattr(compute, "WALL_EXTRA_S", 0.3)
    monkeypatch.setattr(compute, "WALL_FACTOR", 1.0)
    reports = start(lambda *_: signal.pause()).run(tasks(2))
    assert {report.outcome for report in reports} == {"stopped"}
    assert {report.error for report in reports} == {"the fit was stopped after 0.5 s of time by the clock"}


def test_the_limit_is_for_each_fit_not_for_all(start, tasks):
    """Twenty fits of 30 ms each, with a limit of 0.2 s."""

    def burn(_direction, _seeds):
        end = os.times().user + os.times().system + 0.03
        while os.times().user + os.times().system < end:
            pass

    reports = start(burn).run(tasks(20))
    assert {report.outcome for report in reports} == {"done"}
    assert sum(report.cpu_seconds for report in reports) > LIMIT_S
    assert all(report.cpu_seconds > 0.01 for report in reports)


def test_timers_run_during_a_fit_and_not_after_it(tasks):
    timers = (signal.ITIMER_PROF, signal.ITIMER_REAL)
    running = []
    process = ComputeProcess([Doing(lambda *_: running.extend(signal.getitimer(timer)[0] for timer in timers))], 1000.0)
    process._fit(tasks(1)[0])
    assert running == pytest.approx([1000.0, 10_060.0], rel=0.01)
    assert [signal.getitimer(timer)[0] for timer in timers] == [0.0, 0.0]


def test_close_ends_a_child_and_can_be_repeated(tasks, is_alive):
    process = ComputeProcess([Dummy()], LIMIT_S)
    process.close()
    process.run(tasks(1))
    child = process._pid
    assert is_alive(child)
    process.close()
    assert not is_alive(child)
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)
    process.close()


@pytest.fixture
def orphan(tasks, monkeypatch):
    """As if there were no signal at the parent's death: elsewhere than on Linux there is none."""
    monkeypatch.setattr(compute, "end_with_parent", lambda _parent: None)
    with orphaned(tasks) as pipes:
        yield pipes


@contextmanager
def orphaned(tasks):
    """A process that dies while its child fits: pipes that tell of each fit begun (a pid), and that let one go on."""
    begun, begin = os.pipe()
    gate, let_go = os.pipe()

    def gated(_direction, _seeds):
        os.write(begin, os.getpid().to_bytes(8))
        os.read(gate, 1)

    parent = os.fork()
    if parent == 0:
        try:
            ComputeProcess([Doing(gated)], 60.0).run(tasks(50))
        finally:
            os._exit(1)
    os.close(begin)
    os.close(gate)
    child = int.from_bytes(os.read(begun, 8))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    yield begun, let_go
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.close(begun)
    os.close(let_go)


def test_an_orphan_ends_behind_the_fit_it_is_at(orphan):
    """No further fit begins: the pipe that tells of them is at its end."""
    begun, let_go = orphan
    os.write(let_go, b"x")
    assert os.read(begun, 8) == b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a signal at the parent's death")
def test_on_linux_an_orphan_ends_at_once(tasks):
    """In the middle of its fit: nothing lets it go on."""
    with orphaned(tasks) as (begun, _let_go):
        assert os.read(begun, 8) == b""


def test_a_worker_that_is_told_to_end_just_as_it_ends_leaves_no_child_behind(monkeypatch):
    """The coordinator hangs up and sends SIGTERM at once: its handler may run where SIGTERM is about to be ignored."""
    closed = []

    class Compute:
        def __init__(self, *_arguments: object) -> None: ...

        def close(self):
            closed.append(self)

    def told(number, _handler):
        assert number == signal.SIGTERM
        worker._end(number, None)

    ours, theirs = Pipe()
    ours.send(Job((Model("dummy", toy_pulses()),), 1.0))
    ours.close()
    monkeypatch.setattr(worker, "ComputeProcess", Compute)
    monkeypatch.setattr(worker.signal, "signal", told)
    with pytest.raises(SystemExit):
        worker.serve(theirs)
    monkeypatch.undo()
    assert len(closed) == 1


class Gate:
    """A fitter that tells of each fit, waits for a word, and then fits or does what the word says."""

    def __init__(self) -> None:
        self.begun, self.begin = os.pipe()
        self.gate, self.word = os.pipe()

    def fit(self, direction, seeds):
        os.write(self.begin, os.getpid().to_bytes(8))
        if os.read(self.gate, 1) == b"k":
            os.kill(os.getpid(), signal.SIGKILL)
        return Dummy().fit(direction, seeds)

    def until_begun(self):
        return int.from_bytes(os.read(self.begun, 8))

    def say(self, word):
        os.write(self.word, word)

    def close(self):
        for fd in (self.begun, self.begin, self.gate, self.word):
            os.close(fd)


@pytest.fixture
def gate():
    with closing(Gate()) as one:
        yield one


def until_done(process):
    while process.at_work:
        assert process.wait() == []
    return process.reports()


def test_reports_are_there_as_soon_as_their_fits_are_done(start, tasks, gate):
    process, pixels = start(gate, 60.0), tasks(3)
    process.start(pixels)
    for done in range(3):
        gate.until_begun()
        assert process.at_work
        assert len(process.reports()) == done
        gate.say(b"x")
    reports = until_done(process)
    assert [report.llh for report in reports] == [fit.llh for fit in dummy_reports(pixels)]
    assert process.reports() == reports


def test_it_can_be_waited_for_together_with_other_things(start, tasks, gate):
    process, (ours, theirs) = start(gate, 60.0), os.pipe()
    process.start(tasks(1))
    gate.until_begun()
    assert process.wait([ours], 0.01) == []
    os.write(theirs, b"x")
    assert process.wait([ours]) == [ours]
    assert process.at_work
    gate.say(b"x")
    os.read(ours, 1)
    while process.at_work:
        assert process.wait([ours]) == []
    os.close(ours)
    os.close(theirs)


def test_a_child_that_dies_while_it_is_waited_for_is_replaced(start, tasks, gate):
    process, pixels = start(gate, 60.0), tasks(4)
    process.start(pixels)
    pids = []
    for word in (b"x", b"k", b"k", b"x"):
        while not process.wait([gate.begun]):
            pass
        pids.append(gate.until_begun())
        gate.say(word)
    reports = until_done(process)
    assert [report.outcome for report in reports] == ["done", "lost", "lost", "done"]
    assert pids[0] == pids[1]
    assert len(set(pids)) == 3


def test_a_task_that_is_dropped_ends_its_fit_and_the_next_one_starts_afresh(start, tasks, gate, is_alive):
    process, (first, *others) = start(gate, 60.0), tasks(5)
    process.start([first, first])
    child = gate.until_begun()
    process.drop()
    assert not is_alive(child)
    assert (process.at_work, process.reports()) == (False, [])
    process.start(others)
    gate.say(b"x" * 4)
    assert [report.llh for report in until_done(process)] == [fit.llh for fit in dummy_reports(others)]
    child = gate.until_begun()
    process.drop()
    assert is_alive(child)  # it had nothing to do


def test_what_it_prepares_is_prepared_once_in_each_child(tasks):
    told, tell = os.pipe()
    process = ComputeProcess([CrashDummy(0.5, "kill")], LIMIT_S, prepare=lambda: os.write(tell, b"x"))
    reports = process.run(tasks(20))
    process.run([])
    process.close()
    children = sum(report.outcome == "lost" for report in reports) + (reports[-1].outcome != "lost")
    assert len(os.read(told, 100)) == children
    os.close(told)
    os.close(tell)


def test_a_preparation_that_hangs_is_stopped(tasks, monkeypatch):
    monkeypatch.setattr(compute, "WALL_EXTRA_S", 0.1)
    process = ComputeProcess([Dummy()], 0.01, prepare=signal.pause)
    assert [report.outcome for report in process.run(tasks(2))] == ["stopped", "stopped"]
    process.close()
