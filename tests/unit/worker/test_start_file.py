"""The file that a worker elsewhere is started with: complete, and its secret its owner's alone."""

import json
import os

import pytest

from skydriver.errors import TaskEnvironmentError
from skydriver.worker.start_file import read_start, tls_context

GOOD = {"url": "http://x:1", "pool": "p", "token_file": "token", "ca_file": None}


@pytest.fixture
def written(tmp_path):
    """A function that writes a start file and its token."""

    def write(said, mode=0o600, token="t0ken\n"):  # noqa: S107 - of nothing
        (tmp_path / "token").write_text(token)
        (tmp_path / "token").chmod(mode)
        (tmp_path / "start.json").write_text(said if isinstance(said, str) else json.dumps(said))
        return tmp_path / "start.json"

    return write


def test_what_it_says(written):
    start = read_start(written(GOOD | {"silence_s": 3, "more": "of the pool"}))
    assert start == ("http://x:1", "p", "t0ken", None, 3.0)
    assert read_start(written(GOOD)).silence_s == 60.0


@pytest.mark.parametrize("name", ["url", "pool", "token_file"])
@pytest.mark.parametrize("value", [None, "", "a b", "a\nb", 3])
def test_what_is_missing_is_named(written, name, value):
    with pytest.raises(TaskEnvironmentError, match=f"start.json has no {name}"):
        read_start(written(GOOD | {name: value}))


@pytest.mark.parametrize(("said", "words"), [
    ("[]", "no JSON object"), ("{", "no JSON object"), (GOOD | {"silence_s": 0}, "no time"),
    (GOOD | {"silence_s": True}, "no time"), (GOOD | {"token_file": "none"}, "cannot be read"),
    (GOOD | {"token_file": "."}, "no file|cannot be read"),
])  # fmt: skip
def test_what_is_wrong_is_told(written, said, words):
    with pytest.raises(TaskEnvironmentError, match=words):
        read_start(written(said))


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o622])
def test_a_secret_that_others_can_read_or_write_is_refused(written, mode):
    with pytest.raises(TaskEnvironmentError, match="can be read by others") as refusal:
        read_start(written(GOOD, mode))
    assert "t0ken" not in str(refusal.value)


def test_a_secret_of_another_user_is_refused(written, monkeypatch):
    path, other = written(GOOD), os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(TaskEnvironmentError, match="belongs to another user"):
        read_start(path)


def test_https_always_verifies_and_checks_the_host(tmp_path):
    context = tls_context("https://x", None)
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert tls_context("http://x", None) is None
    (tmp_path / "ca.pem").write_text("none")
    with pytest.raises(TaskEnvironmentError, match="holds no certificates"):
        tls_context("https://x", tmp_path / "ca.pem")
