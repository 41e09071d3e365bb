"""The log: one line for each event, and whoever logs goes on whatever becomes of them."""

from __future__ import annotations

import os

import pytest
import structlog

from skydriver import log
from skydriver.log import AGAIN_S, Lines, Repeats


@pytest.fixture(autouse=True)
def configured():
    before = structlog.get_config()
    log.configure()
    yield
    structlog.configure(**before)


def test_an_event_is_one_line(capfd):
    log.get_logger().info("said", line="two\nlines \x1b[31m \ud800")
    (line,) = capfd.readouterr().err.splitlines()
    assert "level='info' event='said' line='two\\nlines \\x1b[31m \\ud800'" in line


def test_a_line_that_cannot_be_written_is_lost_and_the_next_one_is_not(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        Lines(full).msg("lost")
        Lines(full).msg("lost")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as broken:
        Lines(broken).msg("lost")
    Lines(None).msg("lost")
    with (tmp_path / "log").open("w") as file:
        Lines(file).msg("kept")
    assert (tmp_path / "log").read_text() == "kept\n"


def test_what_goes_on_and_on_is_told_once_a_minute():
    now = [100.0]
    told = Repeats(lambda: now[0])

    def is_told(name, **event):
        try:
            return told(None, name, event) == event
        except structlog.DropEvent:
            return False

    assert is_told("warning", event="away")
    assert not is_told("warning", event="away")
    assert is_told("warning", event="away", error="another")
    assert is_told("info", event="away")
    assert is_told("info", event="away")
    now[0] += AGAIN_S
    assert is_told("warning", event="away")
