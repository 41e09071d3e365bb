"""How the acceptance tests start the installed command and look at the processes it starts."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from databases import copied
from disturbed import QUICK_LEASES, References, memory_of
from skydriver.cli.main import main
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

SKYDRIVER = Path(sys.executable).with_name("skydriver")
LIMIT_S = 60
KINDS = ("sqlite", "postgresql")
SMALL = ("--reco", "dummy", "--nsides", "1:0,4:12", "--workers", "2")


def heed_interrupts():
    """Undo that a shell's background jobs ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Command:
    """The installed `skydriver`, run in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, *arguments: object, **options: object) -> subprocess.Popen:
        """Start it in a session of its own, so that its processes can be found."""
        return subprocess.Popen(
            [SKYDRIVER, *map(str, arguments)],
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - no threads here
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            | options,
        )

    def __call__(self, *arguments: object, **options: object) -> subprocess.CompletedProcess:
        """Run it to its end."""
        process = self.start(*arguments, **options)
        stdout, stderr = self.end(process)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def end(self, process: subprocess.Popen, seconds: float = LIMIT_S) -> tuple[str, str]:
        """Wait for its end, and read what it printed."""
        try:
            return process.communicate(timeout=seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):  # there should be none left
                os.killpg(process.pid, signal.SIGKILL)

    def json(self, *arguments: object, code=0):
        """What it prints with --json."""
        done = self(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def scan(self, *arguments: object, code=0, event="example", to="out"):
        """The answer of a small scan."""
        return self.json("scan", event, *SMALL, "--out", to, *arguments, code=code)


class CommandHere(Command):
    """The same command in this process, which need not import everything again."""

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess:
        """Run it to its end."""
        words = ["skydriver", *map(str, arguments)]
        out, error = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(error),
        ):
            patch.setattr(sys, "argv", words)
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code or 0
        texts = [stream.buffer.getvalue().decode() for stream in (out, error)]
        return subprocess.CompletedProcess(words, code, *texts)


@pytest.fixture
def here(tmp_path):
    """The command in this process, for tests of many arguments, beside others of the installed one."""
    return CommandHere(tmp_path)


@pytest.fixture(scope="session")
def command():
    """A function from a folder to the command in it."""
    if not SKYDRIVER.exists():
        pytest.fail(f"the command {SKYDRIVER} is not installed")
    return Command


@pytest.fixture
def skydriver(tmp_path, command):
    return command(tmp_path)


@pytest.fixture(scope="module")
def small_scan(tmp_path_factory, command):
    """A finished scan: its answer and the folder of its products."""
    scan = command(tmp_path_factory.mktemp("small"))
    return scan.scan(), scan.folder / "out"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either_service(request, tmp_path_factory):
    """A service with two workers for all tests of a file; once for each kind of database."""
    folder = tmp_path_factory.mktemp("service")
    if request.param == "sqlite":
        with running_service(folder, workers=2) as running:
            yield running
        return
    server = request.getfixturevalue("postgres")
    with copied(server) as url, running_service(folder, database_url=url, workers=2) as running:
        yield running


class Processes:
    """The processes of one session."""

    def __init__(self, leader: subprocess.Popen) -> None:
        self.leader = leader

    def alive(self) -> dict[int, int]:
        """Of each live one: its parent."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state, parent, _group, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue  # it ended meanwhile
            if int(session) == self.leader.pid and state != "Z":
                found[int(folder.name)] = int(parent)
        return found

    def workers(self) -> list[int]:
        return sorted(pid for pid, parent in self.alive().items() if parent == self.leader.pid)

    def fitting(self) -> list[int]:
        """The forked children of workers, in which the fits run."""
        alive = self.alive()
        return sorted(pid for pid, parent in alive.items() if alive.get(parent) == self.leader.pid)

    def wait_until(self, condition) -> None:
        """Until a condition holds; the process that should fulfil it must not end before."""
        latest = time.monotonic() + LIMIT_S
        while not condition():
            try:
                self.leader.wait(0.01)
            except subprocess.TimeoutExpired:
                assert time.monotonic() < latest, "nothing happens"
                continue
            pytest.fail(f"the command ended too early, with {self.leader.returncode}")

    def wait_for_their_end(self) -> None:
        """Until all that live now have ended."""
        for pid in self.alive():
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                handle = os.pidfd_open(pid)
                ended, _, _ = select.select([handle], [], [], LIMIT_S)
                os.close(handle)
                assert ended, f"process {pid} lives on"


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used; 0 once it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def processes():
    """A function from a started command to its processes; whatever is left of them is killed in the end."""
    started = []

    def of(leader):
        started.append(Processes(leader))
        return started[-1]

    yield of
    for found in started:
        found.leader.kill()
        while alive := found.alive():  # before the pipes are read to their end, which they hold open
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                    os.kill(pid, signal.SIGKILL)
        found.leader.communicate()


@pytest.fixture
def hanging():
    """Whether all of the given fits hang: each of their processes has burnt CPU time for long."""
    return lambda pids: bool(pids) and all(cpu_seconds(pid) > 0.3 for pid in pids)


@pytest.fixture(scope="session")
def references(scan_once):
    """The maps of undisturbed scans."""
    return References(scan_once)


@pytest.fixture(scope="module")
def served(request, tmp_path_factory):
    """A function from a test's number to a service with two workers that lives, and its database; kinds take turns."""
    with ExitStack() as stack:

        @cache
        def started(kind):
            url = stack.enter_context(copied(request.getfixturevalue("postgres"))) if kind == "postgresql" else None
            folder = tmp_path_factory.mktemp(kind)
            running = stack.enter_context(running_service(folder, database_url=url, workers=2, **QUICK_LEASES))
            return running, stack.enter_context(memory_of(running))

        def of(number):
            running, memory = started(KINDS[number % len(KINDS)])
            if not running.is_alive:  # a test before failed
                running.restart()
            wait_until(lambda: memory.n_workers() >= 2, "both workers have registered")
            return running, memory

        yield of


@pytest.fixture
def at_rest():
    """Whether none of the given processes burns CPU time for a while."""

    def rests(pids):
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(0.3)
        return before == [cpu_seconds(pid) for pid in pids]

    return rests
