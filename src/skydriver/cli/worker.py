"""``skydriver worker``: a worker that is started by hand, on any machine that reaches the service."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from skydriver.cli.service_options import DEFAULT_URL, client_of

HOURS = 24.0
"""For how long a token that it gets itself is good."""


def worker(
    *,
    url: Annotated[
        str, typer.Option(metavar="URL", envvar="SKYDRIVER_WORKER_URL", help="Where workers reach the service.")
    ] = DEFAULT_URL,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What the command token wrote [default: the service there is asked for one]."
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Certificate of the service [default: those this machine knows]."),
    ] = None,
    pool: Annotated[str, typer.Option(metavar="NAME", help="For which the token was made.")] = "by-hand",
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Instruction set of its fits, as the service's other workers have [default: as the service that made "
            "the token says, or this machine's]."
        ),
    ] = None,
) -> None:
    """Fit pixels for a service until Ctrl-C, or until it is needed no more."""
    from skydriver.recos.baseline import environment

    said = {"url": url.rstrip("/"), "pool": pool, "ca_file": None if ca is None else str(ca.absolute())}
    if token_file is None:
        with client_of(url) as client:
            made = client.starter_token(pool, HOURS)
        baseline = baseline or made["baseline"]
        said["token_file"] = _handed_on(made["token"])
    else:
        said["token_file"] = str(token_file.absolute())
    _become(_handed_on(json.dumps(said)), {} if baseline is None else environment(baseline))


def _handed_on(text: str) -> str:
    """A file without a name that the worker, and no other user, can read; its path there."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        return f"/dev/fd/{_inherited(os.dup(file.fileno()))}"


def _inherited(descriptor: int) -> int:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no name
    return descriptor


def _become(start: str, variables: dict[str, str]) -> NoReturn:
    """Run the worker in place of this process: what it computes with is settled when Python starts."""
    import signal

    from skydriver.clusters.local_process import MODULE, ONE_THREAD, SECRETS

    ours = {name: text for name, text in os.environ.items() if name not in SECRETS}
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # until the worker can take them
    os.execve(sys.executable, [sys.executable, "-m", MODULE, start], ours | ONE_THREAD | variables)  # noqa: S606 - ours
