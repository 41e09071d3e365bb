"""What may befall a service on its machine: it says so in a sentence or goes on, and ends in order all the same."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from skydriver.api.examples import SUBMISSION
from skydriver.testing.processes import wait_until
from skydriver.testing.service import SERVE, running_service

DUMMY = SUBMISSION | {"reco_algo": "dummy:1", "nsides": {"1": 0}, "force_new": True}
LIMITS = Path("/proc/self/limits")
ENDED = ("done", "failed", "aborted")


def scan(running):
    """A scan of twelve pixels, and how it ended."""
    with closing(running.client()) as client:
        scan_id = client.submit(DUMMY)["scan_id"]
        wait_until(lambda: client.status(scan_id)["skydriver"]["status"] in ENDED, "the scan ends", 60.0)
        return client.status(scan_id)["skydriver"]["status"]


def at(stderr):
    """`skydriver serve` with its standard error there."""
    return ("sh", "-c", f'exec "$@" {stderr}', "sh", *SERVE)


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
def test_a_log_that_cannot_be_written_costs_its_lines_alone(tmp_path, stderr):
    with running_service(tmp_path, workers=1, command=at(stderr)) as running:
        wait_until(running.workers, "its worker lives")
        (worker,) = running.workers()
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: running.workers() not in ([], [worker]), "another worker lives")
        assert scan(running) == "done"
        assert running.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_it_ends_in_order_when_its_terminal_is_gone(tmp_path, number):
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with running_service(tmp_path / "service", workers=1, command=at(f"2>{fifo}")) as running:
        os.close(reader)
        assert scan(running) == "done"
        assert running.stop(number) == 0


def test_nohup_keeps_it_serving_when_the_terminal_ends(tmp_path):
    with running_service(tmp_path, command=("nohup", *SERVE)) as running:
        os.kill(running.pid, signal.SIGHUP)
        with closing(running.client()) as client:
            assert client.find(1, 21, is_real=False)["scan_ids"] == []
        assert running.is_alive


def test_it_serves_on_the_other_address_of_this_machine_alone(tmp_path):
    with running_service(tmp_path, workers=1, host="::1") as running:
        assert running.url.startswith("http://[::1]:")
        assert scan(running) == "done"


@pytest.mark.skipif(not LIMITS.exists(), reason="no /proc")
def test_it_takes_as_many_files_as_it_may(tmp_path):
    few = ("sh", "-c", 'ulimit -S -n 100; exec "$@"', "sh", *SERVE)
    with running_service(tmp_path, command=few) as running:
        limits = (LIMITS.parent.parent / str(running.pid) / "limits").read_text()
        soft, hard = re.search(r"^Max open files +(\d+) +(\d+|unlimited)", limits, re.MULTILINE).groups()
        assert int(soft) == (65_536 if hard == "unlimited" else min(int(hard), 65_536))


def test_an_option_is_named_as_it_was_given(tmp_path):
    said = subprocess.run([*SERVE, "--workers", "-1"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("error: workers: ")


def test_a_scan_that_waits_is_there_when_the_service_was_stopped_for_longer_than_a_lease(tmp_path):
    with (
        running_service(tmp_path, workers=1, lease_s=1.0, heartbeat_s=0.2) as running,
        closing(running.client()) as client,
    ):
        slow = DUMMY | {"reco_algo": "dummy:1:0.1"}
        scan_id = client.submit(slow)["scan_id"]
        wait_until(lambda: client.status(scan_id)["skydriver"]["status"] == "running", "it runs", 60.0)
        os.kill(running.pid, signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(2.0)
        os.kill(running.pid, signal.SIGCONT)
        wait_until(lambda: client.status(scan_id)["skydriver"]["status"] in ENDED, "the scan ends", 60.0)
        result = client.result(scan_id)
        assert result["is_final"]
        assert len(result["skyscan_result"]["nside-1"]["data"]) == 12
