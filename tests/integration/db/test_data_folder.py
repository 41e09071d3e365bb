"""The folder of everything that is kept."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from skydriver.config import Settings
from skydriver.db import data_folder
from skydriver.db.data_folder import file_system, open_data
from skydriver.errors import SettingError, UnavailableError

HOLDER = """
import signal, sys
from skydriver.config import Settings
from skydriver.db.data_folder import open_data
with open_data(Settings(data=sys.argv[1])):
    print("here", flush=True)
    signal.pause()
"""
LINES = r"""22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/of\040mine rw - tmpfs tmpfs rw
32 31 0:42 / /home/of\040mine rw - xfs /dev/sdb rw
"""


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    """A machine with a home on NFS, and a disk mounted twice in it."""
    file = tmp_path / "mountinfo"
    file.write_text(LINES)
    monkeypatch.setattr(data_folder, "MOUNTS", file)


def test_the_folder_is_made_for_its_owner_alone(tmp_path):
    with open_data(Settings(data=tmp_path / "a" / "b")) as folder:
        assert folder == tmp_path / "a" / "b"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "lock").stat().st_mode & 0o777 == 0o600


def test_one_service_works_with_a_folder_and_the_other_is_told_which(tmp_path):
    with (
        open_data(Settings(data=tmp_path)),
        pytest.raises(UnavailableError, match=f"works with {tmp_path}: process {os.getpid()}$"),
        open_data(Settings(data=tmp_path)),
    ):
        pass


def test_a_full_disk_keeps_nobody_from_starting(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with (
        open_data(Settings(data=tmp_path)),
        pytest.raises(UnavailableError, match=r"process unknown$"),
        open_data(Settings(data=tmp_path)),
    ):
        pass


def test_a_folder_is_free_after_its_service(tmp_path):
    for _ in range(2):
        with open_data(Settings(data=tmp_path)):
            pass


def test_a_folder_is_free_after_its_service_was_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "here\n"
        with pytest.raises(UnavailableError, match=f"process {holder.pid}$"), open_data(Settings(data=tmp_path)):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=60)
    with open_data(Settings(data=tmp_path)):
        pass


def test_a_folder_that_cannot_be_made_is_a_setting_at_fault(tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        with (
            pytest.raises(SettingError, match="SKYDRIVER_DATA: the folder"),
            open_data(Settings(data=tmp_path / place)),
        ):
            pass


def test_sqlite_on_a_network_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(data_folder, "file_system", lambda _: "nfs4")
    with pytest.raises(SettingError, match="lies on nfs4, where SQLite loses data"), open_data(Settings(data=tmp_path)):
        pass
    with open_data(Settings(data=tmp_path, database_url="postgresql://elsewhere/x")):
        pass


@pytest.mark.usefixtures("mounts")
@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/srv/x", "ext4"), ("/home", "nfs4"), ("/home/you", "nfs4"), ("/homes", "ext4"), ("/home/of mine/x", "xfs")],
)
def test_the_innermost_and_latest_mount_counts(folder, kind):
    assert file_system(Path(folder)) == kind


def test_this_machine_knows_its_file_systems(tmp_path):
    assert not data_folder.MOUNTS.exists() or file_system(tmp_path)
