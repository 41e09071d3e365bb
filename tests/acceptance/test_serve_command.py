"""``skydriver serve`` says when it serves, refuses in one sentence what it cannot do, and leaves no process behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess

import httpx
import pytest

from skydriver.cli.submit import arguments_of, local_cluster
from skydriver.testing.processes import MarkedProcesses, wait_until
from skydriver.testing.service import running_service

ADDRESS = re.compile(r"SkyDriver serves at (http://127\.0\.0\.1:\d+)\n")


@pytest.fixture
def marked():
    """The processes of a test; none is left in the end."""
    found = MarkedProcesses()
    yield found
    found.kill()


@pytest.fixture
def serve(skydriver, marked):
    """A function from options to a finished or running `skydriver serve` whose processes are marked."""

    def start(*options: object, **more: object):
        data = () if "--data" in options else ("--data", "data")
        env = {name: value for name, value in os.environ.items() if not name.startswith("SKYDRIVER_")}
        return skydriver.start("serve", "--port", "0", *data, *options, env=env | marked.environment, **more)

    return start


def refused(skydriver, process):
    stdout, stderr = skydriver.end(process)
    assert stdout == ""
    (line,) = [line for line in stderr.splitlines() if line.startswith("error: ")]
    return process.returncode, line


def test_one_line_says_where_it_serves(tmp_path):
    with running_service(tmp_path) as running:
        assert running.printed() == f"SkyDriver serves at {running.url}\n"
        assert httpx.get(running.url).json() == {}
        assert "event='serving'" in running.log()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path, number):
    with running_service(tmp_path, workers=2) as running:
        wait_until(lambda: len(running.workers()) == 2, "both workers live")
        assert running.stop(number, seconds=15.0) == 0
        running.wait_until_nothing_is_left(5.0)
        assert "Traceback" not in running.log()


def test_an_address_that_cannot_be_printed_ends_it(skydriver, serve):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        process = serve("--workers", "1", stdout=full)
    _, stderr = skydriver.end(process)
    assert process.returncode == 3
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1] == "error: cannot write to standard output: No space left on device"


def test_what_its_workers_were_at_is_given_back_and_no_fit_is_suspected(tmp_path):
    """The workers speak with it to their end: it stops answering after they have."""
    with running_service(tmp_path, workers=2) as running, running.client() as client:
        scan_id = client.submit(slow_scan())["scan_id"]
        wait_until(lambda: len(running.fits()) == 2, "both workers fit")
        wait_until(lambda: client.status(scan_id)["skydriver"]["fits_done"] > 4, "some fits are done")
        running.stop()
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "skydriver.sqlite")) as connection:
            assert connection.execute("SELECT count(*) FROM fits WHERE losses > 0").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM fits WHERE state = 1").fetchone() == (0,)
            states = {state for (state,) in connection.execute("SELECT state FROM tasks")}
    assert states <= {"answered", "returned"}


def slow_scan():
    """A submission whose fits take a while each."""
    request = arguments_of("example", simulated=None) | {"docker_tag": "latest", "reco_algo": "dummy:1:0.2"}
    return request | {"nsides": {"8": 0}, "cluster": local_cluster(2)}


def test_impatience_ends_it_at_once(tmp_path):
    with running_service(tmp_path, workers=2) as running:
        wait_until(lambda: len(running.workers()) == 2, "both workers live")
        while running.is_alive:
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(running.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(0.02)
        assert running.process.returncode in {0, 130}
        running.wait_until_nothing_is_left(10.0)


def test_its_workers_end_with_it_when_it_is_killed(tmp_path):
    with running_service(tmp_path, workers=2) as running:
        wait_until(lambda: len(running.workers()) == 2, "both workers live")
        running.kill()
        running.wait_until_nothing_is_left(10.0)


def test_a_worker_that_is_killed_is_replaced(tmp_path):
    with running_service(tmp_path, workers=1) as running:
        wait_until(running.workers, "a worker lives")
        (before,) = running.workers()
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: running.workers() not in ([], [before]), "another worker lives")


def test_it_serves_again_at_the_same_address(tmp_path):
    with running_service(tmp_path) as running:
        before = running.url
        running.kill()
        running.restart()
        assert running.url == before


def test_a_port_in_use(skydriver, serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = refused(skydriver, serve("--port", port))
    assert code == 2
    assert f"127.0.0.1:{port}" in line


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])  # noqa: S104 - refused
def test_only_this_machine_is_served_without_an_issuer(skydriver, serve, host):
    code, line = refused(skydriver, serve("--host", host))
    assert code == 2
    assert line.startswith("error: host: ")
    assert "issuer" in line


def test_a_data_folder_in_use(skydriver, serve, tmp_path):
    with running_service(tmp_path / "service") as running:
        code, line = refused(skydriver, serve("--data", running.folder / "data"))
        assert (code, str(running.pid) in line) == (8, True)


def test_a_data_folder_that_is_none(skydriver, serve, tmp_path):
    (tmp_path / "file").touch()
    code, line = refused(skydriver, serve("--data", "file/data"))
    assert code == 2
    assert "file" in line


def test_a_database_of_another_program(skydriver, serve, tmp_path):
    (tmp_path / "data").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "skydriver.sqlite")) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
        connection.commit()
    code, line = refused(skydriver, serve())
    assert (code, "skydriver db upgrade" in line) == (8, True)


def test_settings_that_are_wrong(skydriver, serve):
    assert refused(skydriver, serve("--workers", "-1"))[0] == 2
    assert refused(skydriver, serve("--workers", "0", "--scan", "example"))[0] == 2
    env = {"PATH": os.environ["PATH"], "SKYDRIVER_PORT": "many", "HOME": str(skydriver.folder)}
    env |= {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    code, line = refused(skydriver, skydriver.start("serve", env=env))
    assert (code, "SKYDRIVER_PORT" in line) == (2, True)


def test_the_scan_of_make_run(skydriver, serve, marked, scan_once):
    """Twice in a row: the same bytes as of a scan without a service, and readable."""
    files = [{p.name: p.read_bytes() for p in scan_once("example")[1].iterdir()}]
    for _ in range(2):
        run = serve("--workers", "1", "--scan", "example", "--out", "out")
        stdout, stderr = skydriver.end(run)
        assert run.returncode == 0, stderr
        assert ADDRESS.match(stdout)
        assert "May I use it?" in stdout
        assert "event=" not in stdout + stderr
        assert marked.alive() == {}
        files.append({p.name: p.read_bytes() for p in (skydriver.folder / "out").iterdir()})
    assert files[0] == files[1] == files[2]


def test_an_event_that_is_none_is_refused_before_anything_begins(skydriver, serve):
    code, line = refused(skydriver, serve("--scan", "missing.json"))
    assert code == 2
    assert "missing.json" in line
    assert not (skydriver.folder / "data").exists()


def test_on_a_terminal_it_goes_on_serving(skydriver, marked):
    ours, theirs = os.openpty()
    env = {"SKYDRIVER_DATA": "data", **os.environ, **marked.environment, "TERM": "xterm-256color", "COLUMNS": "100"}
    options = ("--port", "0", "--data", "data", "--workers", "1", "--scan", "example")
    run = skydriver.start("serve", *options, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while b"goes on serving" not in shown:
        shown += os.read(ours, 65536)
    url = ADDRESS.search(shown.decode().replace("\r", ""))[1]
    assert httpx.get(url).json() == {}
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 0
    os.close(ours)
    assert "━" in shown.decode()
    wait_until(lambda: not marked.alive(), "no process is left", 5.0)


def test_interrupted_while_it_scans(skydriver, serve, marked):
    run = serve("--workers", "1", "--scan", "example", bufsize=1)
    while "is submitted" not in run.stdout.readline():
        assert run.poll() is None
    run.send_signal(signal.SIGINT)
    _, stderr = skydriver.end(run)
    assert run.returncode == 130
    assert "the scan goes on when the service is started again" in stderr
    assert "Traceback" not in stderr
    assert marked.alive() == {}
