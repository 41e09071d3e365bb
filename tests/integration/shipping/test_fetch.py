"""How a job gets its worker from the service: verified, once per machine, and never through what is not ours."""

import hashlib
import io
import os
import signal
import tarfile
import time

import pytest

from skydriver.clusters.shipping import fetch

BUSY = (503, {"Retry-After": "0"}, b"")


def test_a_job_fetches_once_and_the_next_one_finds_it(jobs, store, small, mine):
    store.data, name = small, hashlib.sha256(small).hexdigest()
    first, second = jobs.place(small), jobs.place(small)
    for job in (first, second):
        assert jobs.run(job)[:2] == (0, f"here={mine / name} start={job}/start.json home={job}\n")
    assert store.asked == [(f"/workers/bundle/{name}", "Bearer st4rter")]
    assert (mine / name / "lib" / "deep" / "file").read_text() == "content"
    assert mine.stat().st_mode & 0o777 == 0o700


def test_many_jobs_on_one_machine_fetch_once(jobs, store, small):
    store.data = small
    running = [jobs.start(jobs.place(small)) for _ in range(6)]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(store.asked) == 1


def test_a_busy_service_is_asked_again_and_a_cut_or_wrong_answer_too(jobs, store, small):
    store.data = small
    store.script += [BUSY, (200, {}, small[:-9]), (200, {}, small[:-1] + b"x"), (200, {}, small + b"x")]
    store.script += [lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nabc")]
    assert jobs.run(jobs.place(small))[0] == 0
    assert len(store.asked) == 6


@pytest.mark.parametrize("status", [301, 401, 403, 404, 426])
def test_a_refusal_is_told_at_once_and_redirects_are_not_followed(jobs, store, small, status):
    store.script += [(status, {"Location": store.url + "/elsewhere"}, b"")]
    code, _, sentence = jobs.run(jobs.place(small))
    assert code == 1
    assert sentence == f"the service refuses the bundle (it answers {status})"
    assert len(store.asked) == 1


def test_the_service_must_show_the_right_certificate(jobs, store, small, tmp_path):
    from certificates import make_certificate

    store.data = small
    other, _ = make_certificate(tmp_path / "other")
    for changed in (
        {"ca": other.read_bytes()},
        {"ca": None},
        {"worker_url": store.url.replace("127.0.0.1", "localhost")},
    ):
        code, _, sentence = jobs.run(jobs.place(small, **changed))
        assert code == 1
        assert "certificate that is no good" in sentence
    assert store.asked == []


@pytest.mark.parametrize("damage", ["remove", "shorten", "marker"])
def test_a_damaged_entry_is_replaced(jobs, store, small, mine, damage):
    store.data = small
    jobs.run(jobs.place(small))
    entry = mine / hashlib.sha256(small).hexdigest()
    if damage == "remove":
        (entry / "lib" / "deep" / "file").unlink()
    elif damage == "shorten":
        (entry / "lib" / "deep" / "file").write_text("cont")
    else:
        (entry / fetch.MARKER).write_text("[]")
    assert jobs.run(jobs.place(small))[0] == 0
    assert len(store.asked) == 2
    assert (entry / "lib" / "deep" / "file").read_text() == "content"


@pytest.mark.parametrize("kind", ["none", "missing", "open", "link", "file"])
def test_where_nothing_can_be_kept_the_job_keeps_it_itself(jobs, store, small, mine, tmp_path, kind):
    store.data = small
    cache = {"none": None, "missing": "/nowhere/at/all"}.get(kind, str(jobs.cache))
    if kind == "open":
        mine.mkdir(mode=0o777)
        mine.chmod(0o777)
    elif kind == "link":
        (tmp_path / "target").mkdir(mode=0o700)
        mine.symlink_to(tmp_path / "target")
    elif kind == "file":
        mine.write_text("")
    job = jobs.place(small, cache=cache)
    code, said, sentence = jobs.run(job)
    assert code == 0
    assert f"here={job}/worker" in said
    assert "nothing is kept on this machine" in sentence
    assert not (tmp_path / "target").is_dir() or not list((tmp_path / "target").iterdir())


def test_a_folder_of_another_user_is_not_used(jobs, mine, monkeypatch):
    mine.mkdir(mode=0o700)
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    mine.rename(mine.with_name(f"skydriver-{os.getuid()}"))
    with pytest.raises(OSError, match="own folder"):
        fetch.own_folder(str(jobs.cache))


def test_old_entries_go_but_not_those_that_run(jobs, store, small, mine):
    store.data = small
    jobs.run(jobs.place(small))
    entry = mine / hashlib.sha256(small).hexdigest()
    days = {f"{n:064x}": n for n in (1, 2, 3, 20, 30)}
    for name, age in days.items():
        (mine / name).mkdir()
        (mine / name / fetch.MARKER).write_text("{}")
        os.utime(mine / name / fetch.MARKER, (time.time() - age * 86_400,) * 2)
    (mine / f"{'f' * 64}.77.new").mkdir()
    held = fetch.locked(mine, f"{30:064x}", fetch.fcntl.LOCK_SH, 0.0)
    fetch.tidy(mine, entry.name)
    os.close(held)
    left = {path.name for path in mine.iterdir() if path.is_dir()}
    assert left == {entry.name, f"{1:064x}", f"{30:064x}"}


def test_an_entry_stays_locked_while_a_worker_runs_from_it(jobs, store, small, mine):
    store.data = small
    name = hashlib.sha256(small).hexdigest()
    with jobs.start(jobs.place(small), TRY="echo ready; exec sleep 60") as process:
        while process.stdout.readline() != "ready\n":
            assert process.poll() is None
        with pytest.raises(BlockingIOError):
            fetch.locked(mine, name, fetch.fcntl.LOCK_EX, 0.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM  # it arrives where the worker is
    os.close(fetch.locked(mine, name, fetch.fcntl.LOCK_EX, 0.0))


def test_sigterm_while_it_fetches_leaves_nothing_half_done(jobs, store, small, mine):
    store.script += [
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") and time.sleep(1)
    ]
    with jobs.start(jobs.place(small)) as process:
        until = time.monotonic() + 30
        while not store.asked and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert [path.suffix for path in mine.iterdir()] == [".lock"]


def archive_of(*members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, kind, link in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, link
            archive.addfile(entry)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("../out", tarfile.REGTYPE, ""), ("/out", tarfile.REGTYPE, ""), ("a/../../out", tarfile.REGTYPE, ""),
        ("./a", tarfile.REGTYPE, ""), ("link", tarfile.SYMTYPE, "/etc/passwd"), ("link", tarfile.SYMTYPE, "a"),
        ("hard", tarfile.LNKTYPE, "/etc/passwd"), ("fifo", tarfile.FIFOTYPE, ""), ("device", tarfile.CHRTYPE, ""),
    ],
)  # fmt: skip
def test_nothing_but_plain_files_below_it_is_unpacked(tmp_path, name, kind, link):
    with pytest.raises(fetch.FetchError, match="no plain file below it"):
        fetch.unpack(archive_of(("fine", tarfile.REGTYPE, ""), (name, kind, link)), tmp_path / "new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["fine", "new"]


def test_a_container_runs_its_own_worker_or_says_that_it_has_none(jobs, small):
    job = jobs.place(small, bundle=None, image="/images/x.sif")
    assert sorted(path.name for path in job.iterdir()) == ["ca.pem", "run.sh", "start.json", "token"]
    code, _, sentence = jobs.run(job)
    assert (code, sentence) == (1, "the image holds no worker of SkyDriver (/opt/skydriver/start.sh)")
