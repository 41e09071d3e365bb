"""``docs/operations.md``: its examples run as they stand, at a real pool, and it names every key of clusters."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bundles import bundle_of
from condor_pools import condor_pool
from needs import require
from pool_scans import free_port, is_left_alone
from skydriver.clusters.configured import ClusterSettings, How, Unlisted, _File, read_clusters

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
BY_HAND = """
skydriver submit example --workers 1 --nsides 1:0 --key by-hand --wait
kill %2
wait %2
kill %1
wait %1
"""
"""The worker that was started by hand is the only one of this machine."""


def tables():
    """The keys and defaults of each table of the clusters' file, in the document's order."""
    for part in TEXT.split("\n| Key | Default | Meaning |\n|---|---|---|\n")[1:]:
        rows = [line.strip("|").split(" | ") for line in part.split("\n\n")[0].splitlines()]
        yield {row[0].strip().strip("`"): row[1].strip().strip("`") for row in rows}


@pytest.mark.parametrize(
    ("number", "kind", "but"), [(0, _File, ()), (1, ClusterSettings, ()), (2, Unlisted, How.model_fields)]
)
def test_every_key_of_the_clusters_file_is_there_with_its_default(number, kind, but):
    documented = list(tables())[number]
    fields = {name: field for name, field in kind.model_fields.items() if name not in but}
    assert set(documented) == set(fields)
    for name, field in fields.items():
        assert (documented[name] == "required") == field.is_required(), name
        if not field.is_required() and field.default not in (None, {}):
            assert documented[name] == str(field.default).lower().replace("{}", "none"), name


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_of(tmp_path_factory, "pool").path


def test_every_example_runs(tmp_path, bundle):
    require(present=shutil.which("curl") is not None, what="curl")
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    (own,) = [block for block in blocks if block.startswith("skydriver bundle ")]
    script = "\n".join([block for block in blocks if block != own] + [BY_HAND])
    assert script.count("skydriver ") >= 8
    (tmp_path / "bundle.tar.gz").symlink_to(bundle)
    port, worker_port = free_port(), free_port()
    with condor_pool("page", slots=2) as pool:
        tokens = tmp_path / "tokens"
        shutil.copyfile(next(pool.token_directory.iterdir()), tmp_path / "skydriver.token")
        ours = {
            "COLLECTOR": pool.collector,
            "SCHEDD": pool.schedd,
            "TOKENS": str(tokens),
            "SKYDRIVER_DATA": str(tmp_path / "data"),
            "SKYDRIVER_PORT": str(port),
            "SKYDRIVER_URL": f"http://127.0.0.1:{port}",
            "SKYDRIVER_LOCAL_WORKERS": "0",
            "SKYDRIVER_WORKER_BIND": f"127.0.0.1:{worker_port}",
            "SKYDRIVER_WORKER_URL": f"https://127.0.0.1:{worker_port}",
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }
        with (
            (tmp_path / "said").open("w") as out,
            subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=os.environ | ours,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            ) as process,
        ):  # fmt: skip
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=150)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        said = (tmp_path / "said").read_text()
        assert process.returncode == 0, said
        assert is_left_alone(pool)
    assert "mypool: submitting" in said
    assert re.search(r"^Jobs       \d+ of ", said, re.MULTILINE)
    assert list((tmp_path / "products").glob("*.png"))


def test_its_clusters_file_is_one(tmp_path):
    text = TEXT.split("cat > clusters.toml <<END\n")[1].split("END\n")[0].replace("$PWD", str(tmp_path))
    (tmp_path / "clusters.toml").write_text(text)
    (named,) = read_clusters(tmp_path / "clusters.toml").named
    assert (named.name, named.settings.max_jobs) == ("mypool", 50)


def test_what_it_calls_a_link_is_there():
    headings = {
        path.name: [
            re.sub(r"[^\w -]", "", line.strip("# ")).lower().replace(" ", "-")
            for line in path.read_text().splitlines()
            if line.startswith("#")
        ]
        for path in DOCUMENT.parent.glob("*.md")
    }
    for name, place in re.findall(r"\]\((\w+\.md)#?([\w-]*)\)", TEXT):
        assert name in headings
        assert not place or place in headings[name]
