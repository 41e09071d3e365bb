"""Workers on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from skydriver.clusters.local_process import has_ended


def test_only_of_this_machine_is_it_known_whether_a_worker_ended():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert has_ended(socket.gethostname(), process.pid)
    assert not has_ended(socket.gethostname(), os.getpid())
    assert not has_ended(f"not-{socket.gethostname()}", process.pid)
