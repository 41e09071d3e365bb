"""A worker on another machine: started with a file, held by signals alone, known by a token of its own."""

import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from certificates import make_certificate

STARTER = "st4rter"
REFUSED = (401, b'{"code": 401, "error": "Authorization: this token is not known here"}')
TOO_OLD = (426, b'{"code": 426, "error": "engine: this service needs skydriver-9"}')
ALL = ["/workers/token", "/workers/register", "/workers/lease"]


class Job:
    """A worker started as a job of a pool is: nothing on standard input, files beside it."""

    def __init__(self, folder, url, **more) -> None:
        folder.mkdir()
        (folder / "token").write_text(STARTER)
        (folder / "token").chmod(0o600)
        said = {"url": url, "pool": "pool7", "token_file": "token", "ca_file": None} | more
        (folder / "start.json").write_text(json.dumps(said))
        self.log = folder / "log"
        self.folder = folder

    def run(self):
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "skydriver.worker.remote", str(self.folder / "start.json")]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True)
        return self

    def ended(self):
        """Exit code and last line."""
        code = self.process.wait(30)
        text = self.log.read_text()
        assert "Traceback" not in text
        assert STARTER not in text
        return code, (text.splitlines() or [""])[-1]


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


@pytest.fixture
def job(tmp_path):
    made = []

    def make(url, **more):
        made.append(Job(tmp_path / f"job{len(made)}", url, **more))
        return made[-1]

    yield make
    for one in made:
        if hasattr(one, "process"):
            one.process.kill()
            one.process.wait()


@pytest.fixture
def secure(service, event, tmp_path):
    """A service with TLS, and its certificate."""
    certificate, key = make_certificate(tmp_path / "tls")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    fake = type(service)(dict([event]), tls)
    yield fake, certificate
    fake.stop()


def test_it_trades_its_starter_and_works_until_it_is_over(service, job, task):
    service.give(task(n=3))
    worker = job(service.url).run()
    service.until(lambda: service.reports)
    service.over = True
    service.give()
    assert worker.ended()[0] == 0
    assert [path for path, _, _ in service.seen][:3] == ALL
    tokens = {path: token for path, _, token in service.seen}
    assert tokens["/workers/token"] == STARTER
    assert {tokens[path] for path in ("/workers/register", "/workers/lease")} == {"t0ken1"}
    assert service.asked("/workers/register")[0]["pool"] == "pool7"


def test_tls_end_to_end_and_sigterm_in_the_middle_of_a_long_poll(secure, job, task):
    service, certificate = secure
    service.give(task(n=3))
    worker = job(service.url, ca_file=str(certificate)).run()
    service.until(lambda: service.reports)
    worker.process.terminate()
    assert worker.process.wait(3) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_gives_the_task_back(service, job, task, number):
    service.give(task("crash_dummy:1:hang", limit_s=3600.0))
    worker = job(service.url).run()
    service.until(lambda: service.asked("/workers/heartbeat"))
    os.kill(worker.process.pid, number)
    assert worker.ended()[0] == 0
    assert len(service.returned) == 1


def test_a_signal_before_it_has_begun_is_no_failure(service, job, wait_until):
    worker = job(service.url)
    os.mkfifo(worker.folder / "fifo")
    (worker.folder / "start.json").unlink()
    (worker.folder / "start.json").symlink_to("fifo")
    worker.run()
    wait_until(lambda: catches(worker.process.pid, signal.SIGTERM))
    worker.process.terminate()
    assert worker.ended()[0] == 0


def test_certificates_are_verified_and_must_be_for_the_host(secure, job, tmp_path):
    service, certificate = secure
    other, _ = make_certificate(tmp_path / "other")
    for url, ca_file in (
        (service.url, str(other)),
        (service.url, None),
        (service.url.replace("127.0.0.1", "localhost"), str(certificate)),
    ):
        code, sentence = job(url, ca_file=ca_file).run().ended()
        assert code == 1
        assert "certificate that is no good" in sentence
    assert service.seen == []


def test_what_never_could_work_ends_with_1_and_a_sentence(service, job):
    service.script["/workers/token"] += [REFUSED]
    code, sentence = job(service.url).run().ended()
    assert code == 1
    assert "denies" in sentence
    service.script["/workers/register"] += [TOO_OLD]
    code, sentence = job(service.url).run().ended()
    assert code == 1
    assert "skydriver-9" in sentence
    service.stop()
    code, sentence = job(service.url, silence_s=0.5).run().ended()
    assert code == 1
    assert "gave no answer" in sentence


def test_a_token_refused_later_is_traded_anew_and_then_its_pool_is_over(service, job):
    service.script["/workers/lease"] += [REFUSED]
    service.script["/workers/token"] += [None, None, REFUSED]
    worker = job(service.url).run()
    service.until(lambda: len(service.asked("/workers/lease")) == 2)
    assert [path for path, _, _ in service.seen] == ALL * 2
    service.script["/workers/lease"] += [REFUSED]
    service.over = True
    service.give()
    assert worker.ended()[0] == 0


def test_it_ends_with_0_when_the_service_that_it_worked_for_is_silent(service, job, task):
    service.give(task(n=1))
    worker = job(service.url, silence_s=0.5).run()
    service.until(lambda: service.reports)
    service.stop()
    service.script["/workers/lease"] += [lambda _handler: None] * 2
    service.give(task(n=1))
    assert worker.ended()[0] == 0


def test_a_token_that_others_can_read_is_none(service, job):
    worker = job(service.url)
    (worker.folder / "token").chmod(0o640)
    code, sentence = worker.run().ended()
    assert code == 1
    assert "can be read by others" in sentence
    assert service.seen == []
