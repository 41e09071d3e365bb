"""The commands that speak with a service, against one that really serves."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

QUICK = ("--reco", "dummy:3", "--nsides", "1:0,4:12")
HANGING = ("--reco", "crash_dummy:1:hang", "--nsides", "1:0", "--max-reco-time", "100000")
LONG = ("--reco", "pandel_mpe", "--nsides", "8:0,64:12,512:24")
"""What is asked for where nothing is."""
UNKNOWN = "0123456789ax0123456789abcdef"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("service"), workers=1) as running:
        yield running


@pytest.fixture
def ours(skydriver, service, monkeypatch):
    """The command, which speaks with the service."""
    monkeypatch.setenv("SKYDRIVER_URL", service.url)
    return skydriver


@pytest.fixture
def here(here, service, monkeypatch):
    """The same in this process."""
    monkeypatch.setenv("SKYDRIVER_URL", service.url)
    return here


@pytest.fixture
def hanging(ours):
    """The id of a scan that does not end of itself, but with the test."""
    scan_id = ours("submit", "example", *HANGING).stdout.strip()
    yield scan_id
    ours("abort", scan_id)


def submitted(command, *options: str):
    done = command("submit", "example", *options)
    assert done.returncode == 0, done.stderr
    (scan_id,) = done.stdout.splitlines()
    return scan_id


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("options", [QUICK, ("--reco", "pandel_mpe", "--nsides", "8:0,64:12")])
def test_what_is_fetched_is_what_a_scan_without_a_service_leaves(ours, options, scan_once):
    reference, left = scan_once("example", *options)
    scan_id = submitted(ours, *options)
    watched = ours.json("watch", scan_id, "--out", "watched")
    got = ours.json("get", scan_id, "--out", "got")
    assert files(left) == files(ours.folder / "watched") == files(ours.folder / "got")
    assert watched | {"products": []} == got | {"products": []}
    cost = {"n_fits", "fit_cpu_seconds", "cpu_seconds", "wall_seconds", "products"}
    assert {key: got[key] for key in reference.keys() - cost} == {
        key: reference[key] for key in reference.keys() - cost
    }
    assert got["n_fits"] == reference["n_fits"]
    assert got.keys() == (reference.keys() - {"cpu_seconds"}) | {"scan_id", "status", "engine"}


def test_waiting_prints_the_same_text_as_a_scan(ours):
    one = ours("scan", "example", *QUICK, "--workers", "1").stdout.splitlines()
    other = ours("submit", "example", *QUICK, "--wait", "--out", "out").stdout.splitlines()
    kept = [[line for line in lines if not line.startswith(("Cost", " "))] for lines in (one, other)]
    assert kept[0] == kept[1]


def test_the_same_key_is_the_same_scan(ours):
    again = [ours("submit", "example", *QUICK, "--key", "mine").stdout for _ in range(2)]
    assert again[0] == again[1]
    assert submitted(ours, *QUICK) != submitted(ours, *QUICK)


def test_a_scan_is_found_until_it_is_aborted(ours, hanging):
    event = ("--run", "1", "--event", "21", "--simulated")
    assert f"{hanging} " in ours("find", *event).stdout
    assert hanging in [manifest["scan_id"] for manifest in ours.json("find", *event)["manifests"]]
    aborted = ours.json("abort", hanging)
    assert (aborted["scan_id"], aborted["status"]) == (hanging, "aborted")
    assert hanging not in ours("find", *event, "--ids").stdout.splitlines()
    assert hanging in ours("find", *event, "--deleted", "--ids").stdout.splitlines()
    assert ours("find", *event[:4], "--real", "--deleted", "--ids").stdout == ""
    done = ours("watch", hanging)
    assert (done.returncode, done.stdout) == (7, "")
    assert "aborted" in done.stderr
    assert "aborted" in ours("status", hanging).stdout


def test_a_scan_that_fails_is_told_with_its_reason(ours):
    done = ours("submit", "example", "--reco", "crash_dummy:1:error", "--nsides", "8:0", "--wait", "--out", "out")
    assert (done.returncode, done.stdout) == (6, "")
    assert "(fits_fail)" in done.stderr
    assert not (ours.folder / "out").exists()


def test_how_far_it_is(ours, hanging):
    told = ours.json("status", hanging)
    assert told["skydriver"]["status"] in {"queued", "preparing", "starting", "running"}
    assert hanging in ours("status", hanging).stdout
    done = ours("get", hanging)
    assert done.returncode == 2  # no pixel is finished


def test_interrupting_the_watching_leaves_the_scan(ours, hanging):
    watching = ours.start("watch", hanging, bufsize=1)
    time.sleep(1.0)  # it is interrupted in its loop; earlier is right, too
    watching.send_signal(signal.SIGINT)
    stdout, stderr = ours.end(watching)
    assert (watching.returncode, stdout) == (130, "")
    assert f"skydriver watch {hanging}" in stderr
    assert ours.json("status", hanging)["skydriver"]["status"] not in {"aborted", "failed"}


@pytest.mark.parametrize("name", ["watch", "status", "get", "abort"])
def test_a_scan_that_there_is_not(here, name):
    for scan_id in (UNKNOWN, "../scans", ""):
        done = here(name, scan_id)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [("--reco", "nothing"), ("--nsides", "3:0"), ("--tag", "v9.9"), ("--workers", "0"), ("--max-reco-time", "0")],
)
def test_what_is_refused_is_said_in_one_sentence(here, options):
    done = here("submit", "example", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_an_event_that_is_none(here):
    (here.folder / "bad.json").write_text("{")
    for name in ("bad.json", "missing.json"):
        assert here("submit", name).returncode == 2


def test_nobody_there(skydriver):
    for command in (["status", UNKNOWN], ["find", "--run", "1", "--event", "1"], ["submit", "example"]):
        done = skydriver(*command, "--url", "http://127.0.0.1:9")
        assert (done.returncode, done.stdout) == (8, "")
        assert "skydriver serve" in done.stderr


def test_watching_survives_a_restart_of_the_service(tmp_path, skydriver, database_url, scan_once):
    url = database_url if database_url.startswith("postgresql") else None  # SQLite is what it has of itself
    with running_service(tmp_path / "service", database_url=url, workers=1) as running, running.client() as client:
        env = os.environ | {"SKYDRIVER_URL": running.url}
        scan_id = skydriver("submit", "example", *LONG, env=env).stdout.strip()
        watching = skydriver.start("watch", scan_id, "--out", "out", "--json", env=env)
        wait_until(lambda: client.status(scan_id)["skydriver"]["fits_done"] > 100, "a hundred fits are done")
        running.kill()
        while "trying again" not in watching.stderr.readline():
            assert watching.poll() is None
        running.restart()
        stdout, stderr = skydriver.end(watching)
    assert watching.returncode == 0, stderr
    assert "answers again" in stderr
    assert "trying again" not in stderr
    assert json.loads(stdout)["partial"] is False
    assert files(skydriver.folder / "out") == files(scan_once("example")[1])


def test_any_replica_answers_for_every_scan_and_ends_those_of_one_that_is_gone(
    tmp_path, skydriver, postgresql_url, scan_once
):
    with (
        running_service(tmp_path / "one", database_url=postgresql_url, workers=1, lease_s=2, heartbeat_s=0.5) as one,
        running_service(tmp_path / "two", database_url=postgresql_url, workers=1, lease_s=2, heartbeat_s=0.5) as two,
        two.client() as client,
    ):
        scan_id = submitted(skydriver, *LONG, "--workers", "2", "--url", one.url)
        wait_until(lambda: client.status(scan_id)["skydriver"]["fits_done"] > 100, "a hundred fits are done")
        one.kill()
        done = skydriver("watch", scan_id, "--url", two.url, "--out", "out")
        assert done.returncode == 0, done.stderr
    assert files(skydriver.folder / "out") == files(scan_once("example")[1])


def flat(document):
    return {key for check in document["checks"] for key in check}


def test_the_doctor_finds_nothing_wrong_while_a_service_runs(ours, service):
    options = ("--data", service.folder / "data")
    env = os.environ | {"SKYDRIVER_PORT": service.url.rpartition(":")[2]}
    done = ours("doctor", *options, env=env)
    assert done.returncode == 0, done.stdout
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"ok"}
    document = json.loads(ours("doctor", *options, "--json", env=env).stdout)
    assert document["ok"] is True
    assert flat(document) == {"name", "ok", "says", "cure"}


def test_the_doctor_says_what_is_wrong_and_what_to_do(skydriver):
    (skydriver.folder / "file").touch()
    env = os.environ | {"SKYDRIVER_IMAGE_ROOTS": '["/nowhere"]', "SKYDRIVER_PORT": "0"}
    done = skydriver("doctor", "--data", "file/data", env=env)
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if line.startswith("WRONG")]
    assert [line.split()[1] for line in wrong] == ["data", "images"]
    assert done.stdout.count("What to do: ") == 2
    document = json.loads(skydriver("doctor", "--data", "file/data", "--json", env=env).stdout)
    assert [check["name"] for check in document["checks"] if not check["ok"]] == ["data folder", "images"]


def test_the_schema_is_upgraded_by_command_and_its_status_told(skydriver):
    assert skydriver("db", "status", "--data", "data").returncode == 8
    upgraded = skydriver.json("db", "upgrade", "--data", "data")
    assert (upgraded["database"], upgraded["problem"]) == ("sqlite", None)
    assert upgraded["applied"][-1] == upgraded["revision"]
    assert skydriver.json("db", "upgrade", "--data", "data")["applied"] == []
    assert "of this release" in skydriver("db", "status", "--data", "data").stdout
