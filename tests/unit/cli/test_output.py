"""Lines that are shown, and what becomes of letters that could do harm."""

import pytest

from skydriver.cli.exits import EXIT_CODES, exit_code
from skydriver.cli.output import one_line
from skydriver.errors import (
    EventLayoutError,
    ResultError,
    SettingError,
    SkyDriverError,
    TaskEnvironmentError,
    TaskInputError,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\nb", "a\\nb"), ("\x1b[2J", "\\x1b[2J"), ("é 事 ·", "é 事 ·"), ("\udcff", "\\udcff"), ("\u202e", "\\u202e")],
)
def test_an_error_is_one_line_without_control_characters(text, line):
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingError("nsides", "no"), 2),
        (EventLayoutError("here", "no"), 2),
        (ResultError("no"), 3),
        (TaskInputError("no"), 1),
        (TaskEnvironmentError("no"), 1),
        (SkyDriverError("no"), 1),
    ],
)
def test_every_error_leads_to_a_documented_exit_code(error, code):
    assert exit_code(error) == code
    assert code in EXIT_CODES
