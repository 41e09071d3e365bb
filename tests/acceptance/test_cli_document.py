"""``docs/cli.md`` names every command, option, default, exit code and JSON key, and no others."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import typer

from skydriver.cli.exits import EXIT_CODES
from skydriver.cli.main import app
from skydriver.services.headline import Kind
from skydriver.services.topology import LABELS
from skydriver.services.verdict import ANSWERS
from skydriver.simulation.truth import KINDS
from skydriver.skymap.columns import DTYPE

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
COMMANDS = typer.main.get_command(app).commands
TYPES = {"integer": int, "number": (int, float), "text": str, "boolean": bool, "object": dict}
EVENTS = {"event": ("138632_31747601", "hese_event_02"), "scan": ("hese_event_02", "138632_31747601")}
"""Those that have something of everything between them."""
SCANS = (
    ("--nsides", "1:0"),
    ("--reco", "pandel_mpe", "--nsides", "4:0,32:1", "--exclude-strings", "odd", "--systematics"),
)
"""Options for each event: what is null in one answer is there in the other."""


@pytest.fixture
def skydriver(here):
    return here


def sections():
    """The text below each heading of a command, and that of the exit codes."""
    parts = re.split(r"^## (.*)$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def command_sections():
    return {match[1]: text for title, text in sections().items() if (match := re.match(r"`skydriver (\w+)", title))}


def table(text, heading):
    """The rows of the table whose first column has this heading, without backquotes."""
    lines = text.split(f"| {heading} |", 1)[1].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split(" |")])
    return rows


def test_every_command_is_there():
    assert set(command_sections()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_there_with_its_default(name):
    documented = {option: default for option, default, _ in table(command_sections()[name], "Option")}
    options = {param.opts[0]: param for param in COMMANDS[name].params if param.param_type_name == "option"}
    assert set(documented) == {*options, "--help"}
    for option, param in options.items():
        if param.default is not None and not isinstance(param.default, bool) and not param.required:
            assert documented[option] == str(param.default)
        assert (documented[option] == "required") == param.required


def test_options_before_a_command_are_there():
    introduction = DOCUMENT.read_text(encoding="utf-8").split("\n## ")[0]
    options = [param.opts[0] for param in typer.main.get_command(app).params]
    assert all(f"skydriver {option}`" in introduction for option in [*options, "--help"])


def test_every_exit_code_is_there():
    assert {int(code): meaning for code, meaning in table(sections()["Exit codes"], "Code")} == EXIT_CODES


def flat(value, key=""):
    """Every key of a JSON value with its values; names that are an event's own are all alike."""
    if key and not key.endswith("[]"):
        yield key, value
    if isinstance(value, dict):
        for name, item in value.items():
            part = "*" if key in {"series", "event_stated"} else name
            yield from flat(item, f"{key}.{part}" if key else part)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield from flat(item, f"{key}[]")


@pytest.fixture
def new_npz(skydriver):
    """A function from an llh to the file of a map that has it everywhere."""

    def write(llh):
        path = skydriver.folder / f"{llh}.npz"
        np.savez(path, **{"nside-1": np.array([(pixel, llh, *[0.0] * 6) for pixel in range(12)], DTYPE)})
        return path

    return write


def is_of(kind, value):
    if kind.startswith("list of "):
        inner = kind.removeprefix("list of ").removesuffix("s")
        return isinstance(value, list) and all(is_of(inner, item) for item in value)
    if kind.endswith(" or null") and value is None:
        return True
    kind = kind.removesuffix(" or null")
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


@pytest.mark.parametrize("name", ["event", "scan"])
def test_every_json_key_is_there_with_its_type(skydriver, real_event, name):
    events = map(real_event, EVENTS[name])
    answers = [
        skydriver.json("event", event) if name == "event" else skydriver.scan(*options, event=event)
        for event, options in zip(events, SCANS, strict=True)
    ]
    documented = {key: kind for key, kind, _, _ in table(command_sections()[name], f"Key of `{name} --json`")}
    printed = [(key, value) for answer in answers for key, value in flat(answer) if key != "series.*"]
    assert {key for key, _ in printed} == set(documented)
    wrong = [(key, value) for key, value in printed if not is_of(documented[key], value)]
    assert wrong == []


def test_every_key_of_a_calibration_is_there_with_its_type(skydriver):
    small = ("--reco", "dummy", "--nsides", "8:0", "--blind", "--workers", "1", "--charge-bins", "")
    skydriver("simulate", "--seed", "1")
    (skydriver.folder / "out" / "bad.json").write_text("{")
    (skydriver.folder / "out" / "bad.truth.json").write_text('{"zenith_rad": 1, "azimuth_rad": 1}')
    answer = skydriver.json("calibrate", "out", *small)
    documented = {key: kind for key, kind, _, _ in table(command_sections()["calibrate"], "Key of `calibrate --json`")}
    printed = list(flat(answer))
    assert {key for key, _ in printed} == set(documented)
    assert [(key, value) for key, value in printed if not is_of(documented[key], value)] == []


def test_every_key_of_a_comparison_is_there_with_its_type(skydriver, new_npz):
    answers = [
        skydriver.json("compare", new_npz(1.0), new_npz(llh), code=code) for llh, code in ((1.0, 0), (math.nan, 5))
    ]
    documented = {key: kind for key, kind, _, _ in table(command_sections()["compare"], "Key of `compare --json`")}
    printed = [pair for answer in answers for pair in flat(answer)]
    assert {key for key, _ in printed} == set(documented)
    assert [(key, value) for key, value in printed if not is_of(documented[key], value)] == []
    null = {key for key, value in printed if value is None}
    assert null == {key for key, kind in documented.items() if kind.endswith(" or null")}


def test_what_may_be_null_is_null_in_one_answer_or_another(skydriver, real_event):
    """Of those keys that are there without a region and without variants."""
    documented = {key: kind for key, kind, _, _ in table(command_sections()["scan"], "Key of `scan --json`")}
    nothing = skydriver.scan("--nsides", "1:0", event=real_event("138632_31747601"))
    null = {key for key, value in flat(nothing) if value is None}
    optional = {key for key, kind in documented.items() if kind.endswith(" or null")}
    assert {key for key in optional if not key.startswith(("systematics.", "best_fit"))} == null


def test_every_label_headline_and_answer_is_there():
    text = command_sections()["scan"]
    quoted = {cell for row in table(text, "Topology") for cell in re.findall(r"[a-z_-]+", f"{row[0]} {row[1]}")}
    assert quoted == {*LABELS, *get_args(Kind)}
    assert {row[0] for row in table(text, "Answer")} == set(ANSWERS)


def test_every_key_of_a_truth_is_there_with_its_type(skydriver):
    documented = {key: kind for key, kind, _, _ in table(command_sections()["simulate"], "Key of the truth")}
    printed = []
    for kind in KINDS:
        assert skydriver("simulate", "--seed", "1", "--kind", kind).returncode == 0
        printed += flat(json.loads((skydriver.folder / "out" / "simulated_1.truth.json").read_bytes()))
    assert {key for key, _ in printed} == set(documented)
    assert [(key, value) for key, value in printed if not is_of(documented[key], value)] == []


def test_every_kind_of_event_is_there():
    rows = table(command_sections()["simulate"], "Kind")
    assert tuple(kind.strip("` ") for kind, *_ in rows) == KINDS
