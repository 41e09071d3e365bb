"""What a scan shows while it runs, on a terminal and elsewhere."""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import subprocess
import termios

SCAN = ("scan", "example", "--reco", "dummy", "--nsides", "2:0,8:12", "--workers", "1", "--json")
TOTAL = 48 + 12 * 16


def on_a_terminal(skydriver, columns):
    """Everything that a terminal of so many columns got to show, and the answer on standard output."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    with (skydriver.folder / "answer.json").open("w") as answer:
        scan = skydriver.start(*SCAN, stdout=answer, stderr=theirs, env=env | {"TERM": "xterm-256color"})
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:
        pass  # how Linux says that the other end is closed
    os.close(ours)
    skydriver.end(scan)
    assert scan.returncode == 0
    return shown.decode(), json.loads((skydriver.folder / "answer.json").read_text())


def drawings(shown):
    """What was drawn, without colours, one after the other."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    return [line.strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


def test_plain_lines_without_a_terminal(skydriver):
    done = skydriver(*SCAN)
    assert done.returncode == 0
    assert set(json.loads(done.stdout)) >= {"best_fit", "products"}
    lines = done.stderr.splitlines()
    assert re.fullmatch(
        rf"{TOTAL}/{TOTAL} pixels  best RA \d+\.\d\d Dec [-+]\d+\.\d\d, llh \d+\.\d  0 s left", lines[-1]
    )
    assert "\x1b" not in done.stderr


def test_a_bar_on_a_terminal(skydriver):
    shown, answer = on_a_terminal(skydriver, 100)
    drawn = drawings(shown)
    assert drawn[0].startswith("starting workers")
    best = answer["best_fit"]
    assert re.fullmatch(rf"{TOTAL}/{TOTAL} pixels ━+ best RA \S+ Dec \S+, llh {best['llh']:.1f}  0 s left", drawn[-1])
    assert f"RA {best['ra_deg']:.2f} Dec {best['dec_deg']:+.2f}" in drawn[-1]
    assert shown.rstrip().endswith("\x1b[?25h")  # the cursor is shown again


def test_a_narrow_terminal_keeps_pixels_and_time(skydriver):
    drawn = drawings(on_a_terminal(skydriver, 40)[0])
    assert drawn[-1].startswith(f"{TOTAL}/{TOTAL} pixels  0 s left  best RA ")
    assert max(map(len, drawn)) <= 40


def test_a_full_standard_error_does_not_stop_a_scan(skydriver):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = skydriver(*SCAN, stderr=full, stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert json.loads(done.stdout)["n_pixels"] == TOTAL
