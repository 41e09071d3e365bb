"""What a bundle is asked for with, and what is said where it cannot be made."""

import sys

import pytest

from skydriver.errors import SettingError, UnavailableError
from skydriver.services import bundling
from skydriver.services.bundling import Wanted, build_bundle, platforms
from skydriver.services.worker_image import make_image

PLATFORM = "manylinux_2_28_x86_64"


def test_older_wheels_are_taken_too():
    names = platforms(PLATFORM)
    assert (names[0], names[-2:]) == (PLATFORM, ["manylinux_2_17_x86_64", "manylinux2014_x86_64"])
    with pytest.raises(SettingError, match="platform: it is 'linux'"):
        platforms("linux")


@pytest.mark.parametrize(("wanted", "words"), [
    (Wanted(["/nowhere/python3"], "x86-64-v3", PLATFORM), "python: /nowhere/python3 does not run here"),
    (Wanted(["echo", "cpython 3.9"], "x86-64-v3", PLATFORM), "CPython 3.11 or newer"),
    (Wanted([sys.executable], "x86-64-v9", PLATFORM), "baseline: it is 'x86-64-v9'"),
    (Wanted([sys.executable], "x86-64-v3", "linux"), "platform: "),
])  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_left(tmp_path, wanted, words):
    with pytest.raises(SettingError, match=words):
        build_bundle(tmp_path / "x.tar.gz", wanted)
    assert list(tmp_path.iterdir()) == []


def test_without_network_it_says_so_and_repeats_no_address(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(bundling, "LIBRARIES", ("certifi",))
    with pytest.raises(UnavailableError, match="see whether pip has its network") as error:
        build_bundle(tmp_path / "x.tar.gz", Wanted([sys.executable], "x86-64-v3", PLATFORM))
    assert "127.0.0.1" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_an_image_needs_a_root_file_system(tmp_path):
    with pytest.raises(SettingError, match="is no root file system"):
        make_image(tmp_path / "x.tar.gz", tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").write_text("")
    with pytest.raises(SettingError, match=r"BUNDLE: .*No such file"):
        make_image(tmp_path / "x.tar.gz", tmp_path)
