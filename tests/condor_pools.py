"""Real HTCondor pools of the tests' own: `with condor_pool("east") as pool`, several side by side.

Daemons and jobs live in a PID namespace of the pool, but can be seen and signalled from here.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from needs import require
from skydriver.clusters.configured import ClusterSettings

ROOT = Path(os.environ.get("SKYDRIVER_CONDOR_ROOT", "/opt/condor-root"))
TOOL = Path(__file__).resolve().parent.parent / "tools" / "condor-pool"
DAEMONS = frozenset(
    {"master", "collector", "negotiator", "schedd", "startd", "starter", "shadow", "shared_port", "procd"}
)


def eventually(found, timeout_s=30.0, pause_s=0.05):
    """What `found` gives as soon as it is something; fails if that takes too long."""
    until = time.monotonic() + timeout_s
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < until, f"not within {timeout_s} s; last: {value!r}"
        time.sleep(pause_s)


class CondorPool:
    """A pool that runs.

    ``collector``, ``schedd`` and ``token_directory`` are as `ClusterSettings` takes them.
    """

    def __init__(self, name: str, reached: dict) -> None:
        self.name = name
        self.collector: str = reached["collector"]
        self.schedd: str = reached["schedd"]
        self.token_directory = Path(reached["token_directory"])
        self.cache = Path("/pools") / name / "cache"
        """A folder that all its jobs see and write to, as they see it."""
        self._space = _space(reached["pid"])
        self._stopped: set[int] = set()

    def settings(self, **given) -> ClusterSettings:
        """Of this cluster."""
        mine = {"collector": self.collector, "schedd": self.schedd, "token_directory": self.token_directory}
        return ClusterSettings(**({"ship": "bundle"} | mine | given))

    def pids(self, daemon: str) -> list[int]:
        """Of the daemons of that kind: master, collector, negotiator, schedd, startd, starter, shadow."""
        assert daemon in DAEMONS
        return [pid for pid, program in self._processes() if program == f"condor_{daemon}"]

    def payloads(self, name: str | None = None) -> list[int]:
        """Processes of jobs: all that are none of HTCondor's, or those of a program."""
        found = [(pid, program) for pid, program in self._processes() if not program.startswith("condor_")]
        return [pid for pid, program in found if name in {None, program}]

    def signal(self, daemon: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to all daemons of that kind; stopped ones go on at the end."""
        for pid in self.pids(daemon):
            if number == signal.SIGSTOP:
                self._stopped.add(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def proceed(self) -> None:
        """Let go on what was stopped."""
        while self._stopped:
            with suppress(ProcessLookupError):
                os.kill(self._stopped.pop(), signal.SIGCONT)

    def queue(self) -> list[dict]:
        """All ads in the schedd's queue, as HTCondor's own program shows them."""
        return json.loads(self.run("condor_q", "-all", "-json").stdout or "[]")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the pool's machine as its root."""
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "CONDOR_CONFIG": f"/pools/{self.name}/etc/condor_config",
        }
        return subprocess.run(
            ["chroot", str(ROOT), *command], env=environment, check=False, capture_output=True, text=True, timeout=60
        )

    def token(self, lifetime_s: int | None = None, user: str = "skydriver") -> str:
        """A token that this pool accepts, for as long."""
        limit = [] if lifetime_s is None else ["--lifetime", str(lifetime_s)]
        command = [sys.executable, TOOL, "--root", ROOT, "token", self.name, "--user", user, *limit]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def clear(self) -> None:
        """Take all jobs out of the queue."""
        self.run("condor_rm", "-all", "-forcex")
        self.run("condor_rm", "-all")
        eventually(lambda: not self.queue() and not self.pids("shadow"))

    def _processes(self) -> list[tuple[int, str]]:
        found = []
        for path in Path("/proc").iterdir():
            if path.name.isdigit() and _space(int(path.name)) == self._space:
                with suppress(OSError):
                    program = (path / "cmdline").read_bytes().split(b"\0")[0]
                    if program:  # neither a zombie nor of the kernel
                        found.append((int(path.name), Path(program.decode(errors="replace")).name))
        return found


@contextmanager
def condor_pool(name, *, slots=4, memory_mb=1024, apptainer=False, config=""):
    """A pool with `slots` cores and `memory_mb` for each; it is gone at the end, also where that is a kill."""
    require_condor(apptainer=apptainer)
    unique = f"t-{re.sub('[^a-z0-9]', '', name)}-{secrets.token_hex(3)}"
    with ExitStack() as stack:
        given = ["--slots", str(slots), "--memory", str(memory_mb), *(["--apptainer"] if apptainer else [])]
        if config:
            given += ["--config", stack.enter_context(_file(config))]
        command = [sys.executable, TOOL, "--root", ROOT, "run", unique, "--port", str(_free_port()), *given]
        process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        line = process.stdout.readline()
        assert line, f"the pool {unique} did not start"
        pool = CondorPool(unique, json.loads(line))
        _make_cache(pool.cache)
        stack.callback(process.communicate, timeout=60)
        stack.callback(pool.proceed)
        yield pool


def require_condor(*, apptainer=False):
    """Skip a test where there is no HTCondor, or fail it where everything must be there."""
    tool = "tools/condor-pool tree --apptainer makes it"
    require(present=os.geteuid() == 0, what="root, for pools of HTCondor")
    require(present=(ROOT / "usr/sbin/condor_master").exists(), what=f"HTCondor in {ROOT} ({tool})")
    if apptainer:
        require(present=(ROOT / "usr/bin/apptainer").exists(), what=f"apptainer in {ROOT} ({tool})")


def _make_cache(path):
    folder = ROOT / path.relative_to("/")
    folder.mkdir()
    folder.chmod(0o1777)


@contextmanager
def _file(text):
    path = Path(f"/tmp/skydriver-condor-{secrets.token_hex(6)}")  # noqa: S108 - with a name of its own
    path.write_text(text)
    try:
        yield str(path)
    finally:
        path.unlink()


def _space(pid: int) -> str | None:
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
