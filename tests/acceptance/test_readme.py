"""What the README shows works as shown. `make run` and `make test` themselves are what CI runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from skydriver.testing.service import running_service

README = Path(__file__).resolve().parents[2] / "README.md"
SKYDRIVER = Path(sys.executable).with_name("skydriver")
SERVE = "skydriver serve &"
"""Started by the test itself, on a free port."""


def test_every_example_of_the_readme_runs(tmp_path):
    text = README.read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (skydriver .*)$", text, re.MULTILINE)
    assert len(commands) >= 4
    assert commands.count(SERVE) == 1
    with running_service(tmp_path / "service", workers=1) as running:
        env = os.environ | {"SKYDRIVER_URL": running.url, "SKYDRIVER_DATA": str(running.folder / "data")}
        env["SKYDRIVER_PORT"] = running.url.rpartition(":")[2]
        for command in commands:
            arguments = [str(SKYDRIVER), *shlex.split(command)[1:]]
            if command != SERVE:
                run = subprocess.run(arguments, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
                assert run.returncode == 0, f"{command}: {run.stderr}"
    (python,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    run = subprocess.run([sys.executable, "-c", python], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "not endorsed by IceCube" in run.stdout


def test_files_that_the_readme_links_to_exist():
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (README.parent / link).exists(), link
