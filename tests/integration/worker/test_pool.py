"""Worker processes: fed, lost, replaced, refused and ended, and never left behind."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from multiprocessing.connection import Connection

import numpy as np
import pytest

from skydriver.errors import TaskEnvironmentError, TaskInputError
from skydriver.events.event import Pulses
from skydriver.recos.crash_dummy import CrashDummy
from skydriver.recos.dummy import Dummy
from skydriver.worker import pool as pool_module
from skydriver.worker.compute import MAX_PIXELS
from skydriver.worker.pool import STOP_SECONDS, Answer, Pool
from skydriver.worker.task import Job, Model


@pytest.fixture
def job(pulses):
    """A function from the names of algorithms to a job."""
    return lambda *recos, limit_s=60.0: Job(tuple(Model(reco, pulses) for reco in recos), limit_s)


def until_ready(pool):
    """Wait for every worker; nothing else may be heard."""
    while pool.idle() < pool.size:
        assert list(pool.answers()) == []


def work_off(pool, work):
    """All answers to `work`, pairs of tag and pixels, in the order in which they came."""
    work, answers, open_tasks = list(work), [], 0
    while work or open_tasks:
        while work and pool.idle():
            pool.submit(*work.pop(0))
            open_tasks += 1
        heard = list(pool.answers())
        open_tasks -= len(heard)
        answers += heard
    return answers


def fits(job, work):
    """What was fitted, by tag, as exact texts: NaN is like NaN."""
    with Pool(job, 2) as pool:
        answers = work_off(pool, work)
    return {answer.tag: [repr(report[:8]) for report in answer.reports] for answer in answers}


def next_answer(pool):
    while not (heard := list(pool.answers())):
        pass
    (answer,) = heard
    return answer


def workers_of(pool):
    return [worker.process.pid for worker in pool._workers]


@pytest.fixture
def hanging(tasks, children, wait_until):
    """A function that gives the only worker of a pool a fit that hangs; pids of that worker and of what fits."""

    def hang(pool):
        until_ready(pool)
        pool.submit("stuck", tasks(1))
        (worker,) = workers_of(pool)
        wait_until(lambda: children(worker))
        return worker, *children(worker)

    return hang


def test_every_task_is_answered_once_and_in_full(job, tasks):
    pixels = tasks(100)
    work = {k: pixels[5 * k : 5 * k + 5] for k in range(20)}
    with Pool(job("dummy"), 3) as pool:
        answers = work_off(pool, work.items())
    assert sorted(answer.tag for answer in answers) == list(work)
    for answer in answers:
        expected = [Dummy().fit(np.array(pixel.direction), None).llh for pixel in work[answer.tag]]
        assert [report.llh for report in answer.reports] == expected


def test_so_many_workers_as_asked_for_and_all_of_them_work(job, tasks, children):
    """Three tasks at once, then none is idle."""
    before = set(children(os.getpid()))
    with Pool(job("crash_dummy:1:hang", limit_s=0.1), 3) as pool:
        until_ready(pool)
        assert len(set(children(os.getpid())) - before) == len(set(workers_of(pool))) == 3
        for k in range(3):
            pool.submit(k, tasks(1))
        assert pool.idle() == 0
        answers = []
        while len(answers) < 3:
            answers += pool.answers()
    assert {answer.tag for answer in answers} == {0, 1, 2}


@pytest.mark.parametrize("kind", ["error", "nan", "kill", "hang"])
def test_bad_fits_do_not_harm_their_worker(job, tasks, kind):
    pixels, crash = tasks(12), CrashDummy(0.2, kind)
    with Pool(job(f"crash_dummy:0.2:{kind}", limit_s=0.2), 1) as pool:
        until_ready(pool)
        before = workers_of(pool)
        (answer,) = work_off(pool, [("all", pixels)])
        assert workers_of(pool) == before
    assert [report.outcome == "done" for report in answer.reports] == [
        not crash.fails_on(np.array(pixel.direction)) for pixel in pixels
    ]


def test_the_largest_task_passes(job, tasks):
    with Pool(job("dummy"), 1) as pool:
        seeded = [pixel._replace(seeds=((1.0, 2.0, 3.0, 4.0),) * 8) for pixel in tasks(MAX_PIXELS)]
        (answer,) = work_off(pool, [("all", seeded)])
    assert len(answer.reports) == MAX_PIXELS


def test_a_worker_killed_at_work_gives_its_task_back_at_once(job, tasks, hanging, wait_until, is_alive):
    """And its fit, which hangs, ends with it; elsewhere than on Linux it does so at its limit."""
    with Pool(job("crash_dummy:1:hang", limit_s=1.0), 1) as pool:
        worker, fitting = hanging(pool)
        os.kill(worker, signal.SIGKILL)
        assert next_answer(pool) == Answer("stuck", None)
        until_ready(pool)
        assert workers_of(pool) != [worker]
        pool.submit("again", tasks(1))
        (report,) = next_answer(pool).reports
        assert report.outcome == "stopped"
    wait_until(lambda: not is_alive(fitting))


def test_a_worker_killed_while_idle_is_replaced_and_nothing_is_given_back(job, tasks):
    with Pool(job("dummy"), 1) as pool:
        until_ready(pool)
        (worker,) = workers_of(pool)
        os.kill(worker, signal.SIGKILL)
        assert list(pool.answers()) == []
        assert pool.idle() == 0
        (answer,) = work_off(pool, [("later", tasks(2))])
    assert len(answer.reports) == 2


def test_a_task_submitted_to_a_worker_just_killed_is_given_back(job, tasks):
    with Pool(job("dummy"), 1) as pool:
        until_ready(pool)
        (worker,) = pool._workers
        worker.process.kill()
        worker.process.wait()
        pool.submit("unlucky", tasks(1))
        assert next_answer(pool) == Answer("unlucky", None)


def test_a_worker_that_dies_in_the_middle_of_its_answer_gives_its_task_back(job, tasks):
    with Pool(job("crash_dummy:1:hang"), 1) as pool:
        until_ready(pool)
        pool.submit("half", tasks(1))
        (worker,) = pool._workers
        ours, theirs = socket.socketpair()
        worker.channel.close()
        worker.channel = Connection(ours.detach())
        theirs.sendall(struct.pack("!i", 1000) + b"a part of it")
        theirs.close()
        worker.process.terminate()
        assert next_answer(pool) == Answer("half", None)


def test_a_refused_job_is_the_jobs_fault_and_the_model_is_named(pulses):
    surface = Pulses([5], [61], [1.0], [1.0], [8.0], [True])
    refused = Job((Model("pandel_mpe", pulses), Model("pandel_mpe:jitter=8", surface)), 1.0)
    problem = "^model 1, pandel_mpe:jitter=8: .*unknown DOM"
    with pytest.raises(TaskInputError, match=problem), Pool(refused, 2) as pool:
        until_ready(pool)


def test_two_models_in_one_pool_give_what_each_gives_alone(job, tasks):
    """Bit by bit, also where both are in one task."""
    models = ("pandel_mpe", "pandel_mpe:length=33.3:jitter=8:photons=1")
    one, other = ([pixel._replace(model=k) for pixel in tasks(6)] for k in (0, 1))
    alone = [fits(job(name), [("all", tasks(6))])["all"] for name in models]
    together = fits(job(*models), [("both", one + other), ("other", other), ("one", one)])
    assert alone[0] != alone[1]
    assert together == {"both": alone[0] + alone[1], "other": alone[1], "one": alone[0]}


def test_a_model_that_the_job_lacks_is_an_attempt_at_the_pixel(job, tasks):
    pixels = [pixel._replace(model=k) for k, pixel in enumerate(tasks(3))]
    with Pool(job("dummy:1", "dummy:2"), 1) as pool:
        (answer,) = work_off(pool, [("any", pixels)])
    assert [report.outcome for report in answer.reports] == ["done", "done", "failed"]


@pytest.fixture
def replaced(monkeypatch):
    """A function: instead of a worker these programs are started, in turn; None is a worker after all."""

    def replace(*programs: str | None):
        rest, popen = list(programs), subprocess.Popen

        def start(command, **settings: object):
            program = rest.pop(0)
            return popen([program] if program else command, **settings)

        monkeypatch.setattr(pool_module.subprocess, "Popen", start)
        return rest

    return replace


def test_workers_that_die_at_the_start_are_the_machines_fault(job, replaced):
    """After three in a row."""
    rest = replaced(*["/bin/false"] * 3)
    with pytest.raises(TaskEnvironmentError, match=r"die before .*status 1"), Pool(job("dummy"), 1) as pool:
        until_ready(pool)
    assert rest == []


def test_two_that_die_at_the_start_or_later_ones_are_bad_luck(job, replaced):
    rest = replaced(None, "/bin/false", "/bin/false", None, "/bin/false", "/bin/false", None)
    with Pool(job("dummy"), 1) as pool:
        for _ in range(2):
            until_ready(pool)
            os.kill(*workers_of(pool), signal.SIGKILL)
            assert list(pool.answers()) == []
        until_ready(pool)
    assert rest == []


def test_when_a_worker_cannot_be_started_the_others_are_ended(job, replaced):
    replaced(None, None, "/nowhere")
    with pytest.raises(FileNotFoundError), Pool(job("dummy"), 3):
        pass


def test_an_interrupt_does_not_end_a_worker_that_starts(job):
    with Pool(job("dummy"), 1) as pool:
        workers = workers_of(pool)
        os.kill(*workers, signal.SIGINT)
        until_ready(pool)
        assert workers_of(pool) == workers


def test_a_worker_at_work_ends_with_its_fit(job, hanging, is_alive):
    """And quickly, and in order: it had not to be killed."""
    with Pool(job("crash_dummy:1:hang"), 1) as pool:
        everyone = hanging(pool)
        (process,) = [worker.process for worker in pool._workers]
        begin = time.monotonic()
    assert time.monotonic() - begin < STOP_SECONDS
    assert process.returncode == 0
    assert not any(map(is_alive, everyone))


def test_an_idle_worker_ends_with_its_compute_process(job, tasks, children, is_alive):
    with Pool(job("dummy"), 1) as pool:
        work_off(pool, [("any", tasks(1))])
        (process,) = [worker.process for worker in pool._workers]
        everyone = [process.pid, *children(process.pid)]
        assert len(everyone) == 2
    assert process.returncode == 0
    assert not any(map(is_alive, everyone))


def test_a_worker_that_starts_ends(job):
    with Pool(job("dummy"), 1) as pool:
        (process,) = [worker.process for worker in pool._workers]
    assert process.returncode in {0, -signal.SIGTERM}


def test_a_worker_that_does_not_end_is_killed(job, monkeypatch, is_alive):
    monkeypatch.setattr(pool_module, "STOP_SECONDS", 0.1)
    with Pool(job("dummy"), 1) as pool:
        until_ready(pool)
        (worker,) = workers_of(pool)
        os.kill(worker, signal.SIGSTOP)
    assert not is_alive(worker)


def test_close_can_be_repeated(job):
    with Pool(job("dummy"), 1) as pool:
        pool.close()
        pool.close()


COORDINATOR = """
import os, sys
from skydriver.testing.events import toy_pulses
from skydriver.worker.pool import Pool
from skydriver.worker.task import Job, Model, PixelTask
with Pool(Job((Model(sys.argv[1], toy_pulses()),), 3600.0), 2) as pool:
    while pool.idle() < 2:
        list(pool.answers())
    pool.submit("work", [PixelTask((0.0, 0.0, 1.0), ())])
    print(*[worker.process.pid for worker in pool._workers], flush=True)
    sys.stdin.readline()
    while not (heard := list(pool.answers())):
        pass
    print(*[report.outcome for report in heard[0].reports], flush=True)
    print(*[worker.process.pid for worker in pool._workers], flush=True)
"""


@pytest.fixture
def coordinator():
    """A function from an algorithm's name to a process, in a group of its own, that runs a pool of two for it."""
    started = []

    def start(reco, program=COORDINATOR):
        command = [sys.executable, "-c", program, reco]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
        started.append(subprocess.Popen(command, **pipes))
        return started[-1]

    yield start
    for process in started:
        with process:  # closes its pipes and waits
            process.kill()


def test_when_the_coordinator_is_killed_everything_ends(coordinator, children, wait_until, is_alive):
    """At once, though the fit has an hour left."""
    process = coordinator("crash_dummy:1:hang")
    workers = [int(pid) for pid in process.stdout.readline().split()]
    wait_until(lambda: any(children(pid) for pid in workers))
    everyone = [*workers, *(child for pid in workers for child in children(pid))]
    assert len(everyone) == 3
    assert all(map(is_alive, everyone))
    process.kill()
    wait_until(lambda: not any(map(is_alive, everyone)))


def test_an_interrupt_of_the_group_leaves_the_workers_to_the_coordinator(coordinator):
    """As Ctrl-C in a terminal sends it to all; this coordinator carries on."""
    process = coordinator("dummy", "import signal; signal.signal(signal.SIGINT, lambda *_: None)" + COORDINATOR)
    workers = process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate("go on\n")
    assert out.splitlines() == ["done", workers.strip()]
