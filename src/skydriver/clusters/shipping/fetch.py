"""Fetches a worker's environment from the service, keeps it on this machine for the next job, and runs it.

A program of its own: ``python3 -I fetch.py START.json``, sent with each job. It uses the standard library alone, and
runs under any Python from 3.9 on. What it fetched is used only if it is the file that START.json names, by its hash.

The folder ``CACHE/skydriver-UID`` is its user's alone. An entry there is named by the hash; whoever runs from it holds
its lock, shared, to the end, so that nobody removes it meanwhile; whoever fetches it holds the lock alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import ssl
import stat
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

LIMIT_S = 1800.0
"""For everything that has to be waited for."""
START_SPREAD_S = 2.0
"""Jobs that start together ask for the file within so long."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
"""Between tries; each is twice the one before, times 0.5 to 1.5 by chance."""
SILENCE_S = 30.0
"""Of the service, while it answers."""
DAMAGED_S = 5.0
"""An entry that lacks files is waited for so long, until nobody runs from it."""
CHUNK = 1 << 20
MAX_MEMBERS, MAX_UNPACKED = 50_000, 4_000_000_000
KEPT, KEPT_S = 3, 14 * 86_400.0
"""Entries that are not needed now are kept, so many of the newest, for so long after they were last used."""
MARKER = ".complete.json"
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


class FetchError(Exception):
    """What went wrong, as one sentence: the job cannot run here."""


class TryAgainError(Exception):
    """A try that came to nothing.

    Parameters
    ----------
    problem
        Why.
    after_s
        The service says not to come again before.
    """

    def __init__(self, problem: str, after_s: float = 0.0) -> None:
        super().__init__(problem)
        self.after_s = after_s


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the service and nowhere else."""

    def redirect_request(self, *_of_request: Any) -> None:
        """None."""


def main() -> int:
    """Run the worker in place of this process; 1 where that cannot be."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        start = Path(sys.argv[1]).resolve()
        said = json.loads(start.read_bytes())
        folder = environment(said, start.parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.execv("/bin/sh", ["/bin/sh", str(folder / "start.sh"), str(start)])  # noqa: S606 - what was verified
    except FetchError as error:
        sys.stderr.write(f"{error}\n")
    except (OSError, ValueError, KeyError, tarfile.TarError) as error:
        sys.stderr.write(f"the worker's environment cannot be made ready: {type(error).__name__}: {error}\n")
    return 1


def environment(said: dict[str, Any], job: Path) -> Path:
    """The folder that holds the worker: kept on this machine where that can be, else with the job."""
    if not re.fullmatch("[0-9a-f]{64}", str(said["sha256"])):
        raise FetchError("start.json names no bundle")
    deadline = time.monotonic() + LIMIT_S
    try:
        return kept(own_folder(said["cache"]), said, job, deadline)
    except OSError as problem:
        sys.stderr.write(f"nothing is kept on this machine: {problem}\n")
    folder = job / "worker"
    shutil.rmtree(folder, ignore_errors=True)
    fetch(said, job, folder, deadline)
    return folder


def own_folder(cache: str | None) -> Path:
    """The folder below `cache` that is ours and nobody else's; an OSError where there can be none."""
    if cache is None:
        raise OSError("none is configured")
    folder = Path(cache) / f"skydriver-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise OSError(f"{folder} is not this user's own folder (mode 0700)")
    return folder


def kept(folder: Path, said: dict[str, Any], job: Path, deadline: float) -> Path:
    """The entry for a bundle, made if it is not there; its lock is held from now on, through what is executed too."""
    name: str = said["sha256"]
    entry = folder / name
    while True:
        lock = locked(folder, name, fcntl.LOCK_SH, deadline)
        if is_whole(entry):
            os.utime(entry / MARKER)
            os.set_inheritable(lock, True)  # noqa: FBT003 - it takes no name
            return entry
        os.close(lock)
        # Workers that run from a damaged entry hold its lock for long.
        until = min(deadline, time.monotonic() + DAMAGED_S) if entry.exists() else deadline
        lock = locked(folder, name, fcntl.LOCK_EX, until)
        try:
            if not is_whole(entry):
                tidy(folder, name)
                shutil.rmtree(entry, ignore_errors=True)
                fetch(said, job, entry, deadline)
        finally:
            os.close(lock)


def locked(folder: Path, name: str, how: int, deadline: float) -> int:
    """The lock of an entry, as a file descriptor that holds it; an OSError where others hold it too long."""
    path = folder / f"{name}.lock"
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), path.lstat()):
                return lock
        except FileNotFoundError:  # it was removed with its entry
            pass
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise
            time.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - no secret
        except OSError:
            os.close(lock)
            raise
        os.close(lock)


def is_whole(entry: Path) -> bool:
    """Whether an entry is there with all its files; cleaners of temporary folders take some and leave others."""
    try:
        said = json.loads((entry / MARKER).read_bytes())
        return [said["n_files"], said["n_bytes"]] == measured(entry)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def measured(folder: Path) -> list[int]:
    """Number of files and their size below ``lib``: what is compiled beside it may be added to."""
    sizes = [
        os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - thousands of files
        for where, _, names in os.walk(folder / "lib")
        for name in names
    ]
    return [len(sizes), sum(sizes)]


def tidy(folder: Path, wanted: str) -> None:
    """Remove entries that nobody needs, and what was left half done, unless somebody holds its lock."""
    ages = {}
    for marker in folder.glob(f"*/{MARKER}"):
        with contextlib.suppress(OSError):
            ages[marker.parent.name] = time.time() - marker.stat().st_mtime
    newest = sorted(ages, key=lambda name: ages[name])
    keep = {name for name in newest[: KEPT - 1] if ages[name] < KEPT_S} | {wanted}
    for name in {path.name[:64] for path in folder.iterdir() if re.match("[0-9a-f]{64}", path.name)} - keep:
        with contextlib.suppress(OSError):
            lock = locked(folder, name, fcntl.LOCK_EX, deadline=0.0)
            for path in folder.glob(f"{name}*"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            os.close(lock)


def fetch(said: dict[str, Any], job: Path, folder: Path, deadline: float) -> None:
    """Make `folder`, which is not there, of the bundle: whole or not at all."""
    part, new = (folder.with_name(f"{folder.name}.{os.getpid()}.{end}") for end in ("part", "new"))
    try:
        with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:  # noqa: PTH123 - O_EXCL
            download(said, job, file, deadline)
            file.seek(0)
            unpack(file, new)
        n_files, n_bytes = measured(new)
        (new / MARKER).write_text(json.dumps({"n_files": n_files, "n_bytes": n_bytes}))
        new.rename(folder)
    finally:
        part.unlink(missing_ok=True)
        shutil.rmtree(new, ignore_errors=True)


def download(said: dict[str, Any], job: Path, file: BinaryIO, deadline: float) -> None:
    """The bundle, verified; tried again and again until `deadline`, by the clock of `time.monotonic`."""
    opener, request = asked(said, job)
    pause_s = FIRST_PAUSE_S
    time.sleep(random.uniform(0.0, START_SPREAD_S))  # noqa: S311 - so that not all jobs ask at once
    while True:
        try:
            download_once(opener, request, said, file, deadline)
        except TryAgainError as problem:
            wait_s = max(pause_s, problem.after_s) * random.uniform(0.5 if problem.after_s < pause_s else 1.0, 1.5)  # noqa: S311
            if time.monotonic() + wait_s > deadline:
                raise FetchError(f"the bundle could not be fetched within {LIMIT_S:g} s: {problem}") from problem
            time.sleep(wait_s)
            pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
        else:
            return


def asked(said: dict[str, Any], job: Path) -> tuple[urllib.request.OpenerDirector, urllib.request.Request]:
    """How to ask: without proxies, and of a service that shows the right certificate."""
    context = ssl.create_default_context(cafile=None if said["ca_file"] is None else str(job / said["ca_file"]))
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), NoRedirect()]
    token = (job / said["token_file"]).read_text().strip()
    url = f"{said['url']}/workers/bundle/{said['sha256']}"
    if not url.startswith(("http://", "https://")):
        raise FetchError("start.json names no address of a service")
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    return urllib.request.build_opener(*handlers), urllib.request.Request(url, headers=headers)  # noqa: S310 - checked


def download_once(
    opener: urllib.request.OpenerDirector,
    request: urllib.request.Request,
    said: dict[str, Any],
    file: BinaryIO,
    deadline: float,
) -> None:
    """One try."""
    file.seek(0)
    file.truncate()
    found, n_bytes = hashlib.sha256(), 0
    try:
        for chunk in chunks(opener, request):
            n_bytes += len(chunk)
            if n_bytes > said["n_bytes"]:
                break
            if time.monotonic() > deadline:
                raise FetchError(f"the bundle could not be fetched within {LIMIT_S:g} s: the service is too slow")
            found.update(chunk)
            file.write(chunk)
    except urllib.error.HTTPError as answer:
        raise refusal(answer.code, answer.headers) from answer
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise FetchError(f"{said['url']} has a certificate that is no good: {error.reason}") from error
        raise TryAgainError(str(error.reason)) from error
    except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        raise TryAgainError(f"{type(error).__name__} {error}") from error
    if (n_bytes, found.hexdigest()) != (said["n_bytes"], said["sha256"]):
        raise TryAgainError("what came is not the bundle that was named")


def chunks(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Iterator[bytes]:
    """What the service sends."""
    with opener.open(request, timeout=SILENCE_S) as answer:
        while chunk := answer.read(CHUNK):
            yield chunk


def refusal(status: int, headers: Message) -> Exception:
    """What an answer other than 200 means."""
    if status not in LATER:
        return FetchError(f"the service refuses the bundle (it answers {status})")
    after = headers.get("Retry-After", "")
    return TryAgainError(f"it answers {status}", min(float(after), LONGEST_PAUSE_S) if after.isdigit() else 0.0)


def unpack(file: BinaryIO, folder: Path) -> None:
    """Files and folders of an archive, all below `folder`; links and everything special are refused."""
    left = MAX_UNPACKED
    folder.mkdir(mode=0o700)
    with tarfile.open(fileobj=file, mode="r|gz") as archive:
        for n, member in enumerate(archive):
            left -= member.size
            if n >= MAX_MEMBERS or left < 0:
                raise FetchError("the bundle is too large when it is unpacked")
            place(archive, member, folder)


def place(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One of them."""
    parts = member.name.split("/")
    if not (member.isfile() or member.isdir()) or {"", ".", ".."} & set(parts) or "\0" in member.name:
        raise FetchError(f"the bundle holds {member.name[:80]!a}, which is no plain file below it")
    path = folder.joinpath(*parts)
    if member.isdir():
        path.mkdir(mode=0o755, exist_ok=True)
        return
    source = archive.extractfile(member)
    if source is None:
        raise FetchError(f"the bundle's {member.name[:80]!a} cannot be read")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:  # noqa: PTH123 - O_EXCL
        shutil.copyfileobj(source, target, CHUNK)
        os.fchmod(target.fileno(), 0o755 if member.mode & 0o100 else 0o644)
        os.utime(target.fileno(), (member.mtime, member.mtime))


if __name__ == "__main__":
    sys.exit(main())
