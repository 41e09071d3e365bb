"""A worker that leases over HTTP: what it does with tasks, orders and trouble, and that it loses nothing."""

import hashlib
import math
import os
import re
import signal
import threading

import numpy as np
import pytest

from skydriver.events.event import Pulses
from skydriver.recos.crash_dummy import CrashDummy
from skydriver.recos.dummy import Dummy
from skydriver.recos.registry import find_reco
from skydriver.worker.pulses_file import to_bytes
from skydriver.worker.serving import SOON_S

NUMBERS = ("llh", "E_in", "E_tot", "x", "y", "z", "t")
BUSY = (503, b'{"code": 503, "error": "the database is locked"}')


def numbers(pixel):
    return [math.nan if pixel[name] is None else pixel[name] for name in NUMBERS]


def outcomes(pixels):
    return [pixel["outcome"] for pixel in pixels]


def test_tasks_are_done_one_after_the_other_and_each_report_rides_on_the_next_lease(service, start, task):
    given = [task(n=3), task(n=5)]
    service.give(*given)
    start()
    service.until(lambda: len(service.reports) == 2)
    assert [name for name, _ in service.reports] == [one["task"] for one in given]
    for one, (_, pixels) in zip(given, service.reports, strict=True):
        assert [pixel["index"] for pixel in pixels] == [pixel["index"] for pixel in one["pixels"]]
        assert set(outcomes(pixels)) == {"done"}
    (registration,) = service.asked("/workers/register")
    assert registration["pool"] == "local"
    assert registration["protocol"] == 1
    assert service.asked("/workers/report") == []
    assert len([path for path, _, _ in service.seen if path.startswith("/workers/event/")]) == 1


def test_numbers_go_there_and_back_to_the_last_bit(service, start, task, pulses):
    """With seeds of all digits; the energies that the algorithm does not fit are null."""
    one = task("pandel_mpe", n=6)
    for k, pixel in enumerate(one["pixels"]):
        pixel["seeds"] = [[1.0 / 3.0 + k, -math.pi, 1e-17, 10_000.0 + 1.0 / 7.0]] * (k % 3)
    service.give(one)
    start()
    service.until(lambda: service.reports)
    fitter = find_reco("pandel_mpe").bind(pulses)
    for pixel, asked in zip(service.reports[0][1], one["pixels"], strict=True):
        seeds = np.array(asked["seeds"]) if asked["seeds"] else None
        expected = fitter.fit(np.array(asked["direction"]), seeds)
        assert np.array(numbers(pixel)).tobytes() == np.array(expected).tobytes() or repr(numbers(pixel)) == repr(
            list(expected)
        )
        assert pixel["E_in"] is None
        assert pixel["cpu_seconds"] > 0.0


@pytest.mark.parametrize("trouble", ["busy", "silent", "cut off", "late"])
def test_a_report_is_sent_again_until_it_is_answered(service, start, task, trouble):
    def cut_off(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    step = {"busy": BUSY, "silent": (lambda _: None), "cut off": cut_off, "late": (504, b"")}[trouble]
    one = task()
    service.give(one)
    service.script["/workers/lease"] = [None, step, step, step]
    start()
    service.until(lambda: len(service.reports) == 4)
    assert all(report == service.reports[0] for report in service.reports)
    assert service.reports[0][0] == one["task"]


def test_a_report_outlives_the_service(service, start, task, wait_until):
    """It is away while the fits end, and another one comes up at the same address."""
    gone = task("crash_dummy:1:hang", n=2, limit_s=0.5)
    service.heartbeat_s = 30.0
    service.give(gone)
    worker = start()
    service.until(lambda: [path for path, _, _ in service.seen if "/event/" in path])
    service.stop()
    service.script["/workers/lease"] = [lambda _: None] * 3  # the connection that there was
    service.until(lambda: service.reports)
    service.start()
    service.until(lambda: len(service.reports) > 3)
    service.give(task())  # it hears no answer before
    assert all(report == service.reports[0] for report in service.reports[:4])
    assert outcomes(service.reports[0][1]) == ["stopped", "stopped"]
    wait_until(lambda: "service_back" in worker.said)


def test_after_too_long_a_silence_it_ends_and_says_so(service, start):
    service.script["/workers/lease"] = [BUSY] * 1000
    worker = start(silence_s=0.3)
    assert "the service gave no answer for" in worker.sentence
    assert worker.process.returncode == 1


@pytest.mark.parametrize("kind", ["error", "nan", "kill", "hang"])
def test_bad_fits_are_told_and_the_rest_of_the_task_is_done(service, start, task, kind):
    one, crash = task(f"crash_dummy:0.3:{kind}", n=20, limit_s=0.2), CrashDummy(0.3, kind)
    service.give(one)
    start()
    service.until(lambda: service.reports)
    bad = {"error": "failed", "nan": "failed", "kill": "lost", "hang": "stopped"}[kind]
    directions = [np.array(pixel["direction"]) for pixel in one["pixels"]]
    ((_, pixels),) = service.reports
    assert outcomes(pixels) == [bad if crash.fails_on(direction) else "done" for direction in directions]
    for pixel, direction in zip(pixels, directions, strict=True):
        if pixel["outcome"] == "done":
            assert (pixel["llh"], pixel["error"]) == (Dummy().fit(direction, None).llh, None)
        else:
            assert pixel["error"]
            assert pixel["llh"] is None
    lost = [line for body in service.asked("/workers/log") for line in body["lines"]]
    assert bool(lost) == (kind == "kill")


@pytest.mark.parametrize("order", ["stop", "yield"])
def test_an_order_takes_the_task_away_also_in_a_fit_that_hangs(service, start, task, order, is_alive):
    """What was done before is given back with the rest where it is wanted."""
    crash, stuck, after = CrashDummy(0.3, "hang"), task("crash_dummy:0.3:hang", n=50, limit_s=3600.0), task()
    directions = [np.array(pixel["direction"]) for pixel in stuck["pixels"]]
    first = next(k for k, direction in enumerate(directions) if crash.fails_on(direction))
    assert first >= 1
    service.give(stuck)
    worker = start()
    service.until(lambda: len(service.asked("/workers/heartbeat")) > 3)
    _, fitting = worker.family()
    service.order = order
    service.give(after)
    service.until(lambda: service.reports)
    assert [name for name, _ in service.reports] == [after["task"]]
    assert not is_alive(fitting)
    if order == "stop":
        assert service.returned == []
    else:
        ((name, pixels),) = service.returned
        assert name == stuck["task"]
        assert outcomes(pixels) == ["done"] * first


def test_sigterm_gives_the_task_back_with_what_is_done(service, start, task, is_alive):
    stuck = task("crash_dummy:0.3:hang", n=50, limit_s=3600.0)
    service.give(stuck)
    worker = start()
    service.until(lambda: service.asked("/workers/heartbeat"))
    processes = worker.family()
    assert len(processes) == 2
    worker.process.terminate()
    assert worker.process.wait(5) == 0
    ((name, pixels),) = service.returned
    assert name == stuck["task"]
    assert 0 < len(pixels) < 50
    assert set(outcomes(pixels)) == {"done"}
    assert not any(map(is_alive, processes))


def test_sigterm_while_it_waits_for_work_ends_it_at_once(service, start):
    worker = start()
    service.until(lambda: service.asked("/workers/lease"))
    worker.process.terminate()
    assert worker.process.wait(1) == 0
    assert service.returned == service.reports == []


def test_sigterm_while_the_service_is_away_reports_if_it_is_back_soon(service, start, task):
    one = task()
    service.give(one)
    service.script["/workers/lease"] = [None, *[BUSY] * 1000]
    worker = start()
    service.until(lambda: len(service.reports) > 1)
    worker.process.terminate()
    assert worker.process.wait(5) == 0
    (report,) = service.asked("/workers/report")
    assert (report["task"], outcomes(report["pixels"])) == (one["task"], ["done"] * 4)


@pytest.mark.parametrize("where", ["fit", "poll", "retry", "event"])
def test_when_standard_input_is_closed_everything_ends_within_a_second(service, start, task, where, is_alive):
    service.heartbeat_s = 0.05 if where == "fit" else 30.0
    path = {"fit": "/workers/heartbeat", "retry": "/workers/lease", "poll": "/workers/lease"}.get(where)
    if where == "retry":
        service.script["/workers/lease"] = [BUSY] * 1000
    if where == "event":
        service.script["/workers/event"] = [lambda _: threading.Event().wait(20)]
    if where in {"fit", "event"}:
        service.give(task("crash_dummy:1:hang", limit_s=3600.0))
    worker = start()
    service.until(lambda: service.asked(path) if path else any("/event/" in seen for seen, _, _ in service.seen))
    processes = worker.family()
    worker.process.stdin.close()
    assert worker.process.wait(1) == 0
    assert not any(map(is_alive, processes))
    assert len(processes) == 1 + (where == "fit")


LOADS_FOR_EVER = """
import sys
from skydriver.worker import remote
def warm_up():
    sys.stderr.write("it loads")
    sys.stderr.flush()
    while True:
        pass
remote.warm_up = warm_up
raise SystemExit(remote.main())
"""


def test_standard_input_closed_while_it_loads_ends_it(start, wait_until):
    """However long that takes: kernels may have to be compiled."""
    worker = start(program=("-c", LOADS_FOR_EVER))
    wait_until(lambda: "it loads" in worker.said)
    worker.process.stdin.close()
    assert worker.process.wait(1) == 0


def test_standard_input_closed_at_the_start_ends_it(start):
    worker = start()
    worker.process.stdin.close()
    assert worker.process.wait(10) == 0


def test_a_worker_that_is_killed_leaves_no_fit_behind(service, start, task, is_alive, wait_until):
    service.give(task("crash_dummy:1:hang", limit_s=3600.0))
    worker = start()
    service.until(lambda: service.asked("/workers/heartbeat"))
    _, fitting = worker.family()
    worker.process.kill()
    wait_until(lambda: not is_alive(fitting))


def test_ctrl_c_is_not_for_workers(service, start, task):
    worker = start()
    service.until(lambda: service.asked("/workers/lease"))
    os.killpg(worker.pid, signal.SIGINT)
    service.give(task())
    service.until(lambda: service.reports)


def test_a_worker_that_is_not_known_registers_anew_and_drops_its_task(service, start, task):
    service.give(task("crash_dummy:1:hang", limit_s=3600.0))
    start()
    service.until(lambda: service.asked("/workers/heartbeat"))
    service.known.clear()
    service.until(lambda: len(service.asked("/workers/register")) == 2)
    later = task()
    service.give(later)
    service.until(lambda: service.reports)
    assert [name for name, _ in service.reports] == [later["task"]]
    assert service.asked("/workers/lease")[-1]["worker"] == "w2"


@pytest.mark.parametrize(
    ("path", "answer", "sentence"),
    [
        (
            "/workers/register",
            (426, b'{"code": 426, "error": "this needs protocol 2"}'),
            "refuses it: this needs proto",
        ),
        ("/workers/register", (404, b"nothing here"), "does not know it: it answers 404 to /workers/register"),
        (
            "/workers/lease",
            (401, b'{"code": 401, "error": "the token has expired"}'),
            "denies it: the token has expired",
        ),
        ("/workers/lease", (403, b"[]"), "denies it: it answers 403 to /workers/lease"),
        ("/workers/lease", (400, b'{"error": "\\u001b[31m"}'), "refuses it:  [31m"),
        ("/workers/lease", (307, b""), "refuses it: it answers 307 to /workers/lease"),
        ("/workers/lease", (200, b"<html>"), "answer to /workers/lease is not JSON"),
        ("/workers/lease", (200, b"[1]"), "answer to /workers/lease is no JSON object"),
        ("/workers/lease", (200, b"{}"), "answer has no pixels as it should be"),
        ("/workers/lease", (200, b" " * 33_000_000), "answer to /workers/lease is more than 32000000 bytes"),
        ("/workers/register", (200, b'{"worker": 1, "heartbeat_s": 1}'), "answer has no worker as it should be"),
        ("/workers/register", (200, b'{"worker": "w", "heartbeat_s": 0}'), "answer has no heartbeat_s as it should be"),
    ],
)
def test_an_answer_that_it_cannot_go_on_with_ends_it_with_one_sentence(service, start, path, answer, sentence):
    service.script[path] = [answer]
    worker = start()
    assert sentence in worker.sentence
    assert worker.process.returncode == 1
    assert "t0ken" not in worker.said


@pytest.mark.parametrize(
    "given", ["", "{", "[]", '{"url": "http://x", "token": "t"}', '{"url": 1}', '{"url": "http://x", "token": "t t"}']
)
def test_without_its_line_of_settings_it_ends_with_one_sentence(start, given):
    worker = start(given=given)
    assert re.fullmatch("standard input has no (url|token|pool) on its first line of JSON", worker.sentence)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "nonsense"])
def test_an_address_that_is_none_ends_it_with_one_sentence(start, url):
    worker = start(given=f'{{"url": "{url}", "token": "t", "pool": "p"}}')
    assert "is no address of a service" in worker.sentence


def test_events_that_alternate_are_fetched_and_bound_once(service, start, task, event, pulses):
    other = to_bytes(pulses.select(np.arange(len(pulses)) % 2 == 0))
    name = hashlib.sha256(other).hexdigest()
    service.events[name] = other
    given = [task("pandel_mpe", n=2, event=name if k % 2 else event[0]) for k in range(8)]
    service.give(*given)
    worker = start()
    service.until(lambda: len(service.reports) == 8)
    assert len([path for path, _, _ in service.seen if path.startswith("/workers/event/")]) == 2
    assert len(worker.family()) == 1 + 2
    llh = [[pixel["llh"] for pixel in pixels] for _, pixels in service.reports]
    assert llh[0::2] == [llh[0]] * 4
    assert llh[1::2] == [llh[1]] * 4
    assert llh[0] != llh[1]


def test_of_many_jobs_the_last_ones_keep_their_process(service, start, task):
    service.give(*[task(f"dummy:{k}") for k in range(8)])
    worker = start()
    service.until(lambda: len(service.reports) == 8)
    assert len(worker.family()) == 1 + 3


def test_an_event_that_an_algorithm_does_not_take_fails_every_pixel_with_the_reason(service, start, task):
    surface = to_bytes(Pulses([5], [61], [1.0], [1.0], [8.0], [True]))
    name = hashlib.sha256(surface).hexdigest()
    service.events[name] = surface
    service.give(task("pandel_mpe", event=name), task("nonsense"), task())
    start()
    service.until(lambda: len(service.reports) == 3)
    (_, refused), (_, unknown), (_, good) = service.reports
    assert set(outcomes(refused + unknown)) == {"failed"}
    assert len(refused) == len(unknown) == 4
    assert all("unknown DOM" in pixel["error"] for pixel in refused)
    assert all("there is no algorithm 'nonsense'" in pixel["error"] for pixel in unknown)
    assert set(outcomes(good)) == {"done"}


@pytest.mark.parametrize("trouble", ["damaged", "missing", "no pulses"])
def test_an_event_that_cannot_be_had_fails_every_pixel_with_the_reason(service, start, task, trouble):
    data = b"no npz"
    name = hashlib.sha256(data).hexdigest()
    if trouble != "missing":
        service.events[name] = data + b"x" * (trouble == "damaged")
    service.give(task(event=name), task())
    start()
    service.until(lambda: len(service.reports) == 2)
    (_, bad), (_, good) = service.reports
    words = {"damaged": "came damaged", "missing": "has no event", "no pulses": "are no npz file"}[trouble]
    assert all(words in pixel["error"] for pixel in bad)
    assert set(outcomes(bad)) == {"failed"}
    assert set(outcomes(good)) == {"done"}


def test_an_event_damaged_on_the_way_is_fetched_again(service, start, task, event):
    service.script["/workers/event"] = [(200, event[1][:-1])]
    service.give(task())
    start()
    service.until(lambda: service.reports)
    assert set(outcomes(service.reports[0][1])) == {"done"}


def test_its_token_is_replaced_in_time(service, start, task):
    soon = "import skydriver.worker.serving as s; s.FIRST_RENEWAL_S = 0.1\n"
    service.give(task("crash_dummy:1:hang", limit_s=3600.0))
    start(program=("-c", soon + "from skydriver.worker.remote import main; raise SystemExit(main())"))
    service.until(lambda: service.asked("/workers/token"))
    service.until(lambda: service.seen[-1][2] == "t0ken1")


def test_without_work_it_does_not_ask_all_the_time(service, start):
    """Though the service answers at once that there is none."""
    service.script["/workers/lease"] = [(200, b'{"task": null}')] * 3
    start()
    service.until(lambda: len(service.asked("/workers/lease")) == 4)
    first, last = service.times[-4], service.times[-1]
    assert last - first >= 2 * SOON_S  # three pauses, but when each request is noticed is up to the machine
