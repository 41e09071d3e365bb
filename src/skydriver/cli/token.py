"""``skydriver token``: what workers need that are started by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from skydriver.cli.service_options import DEFAULT_URL, UrlOption, client_of


def token(
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the token there, for you alone [default: print it].")
    ] = None,
    ca_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the certificate there by which workers know the service.")
    ] = None,
    hours: Annotated[float, typer.Option(help="For how long workers may start with it, up to 720.")] = 24.0,
    pool: Annotated[str, typer.Option(metavar="NAME", help="Under which name these workers stand.")] = "by-hand",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Get a token with which workers may be started by hand, on any machine that reaches the service."""
    from skydriver.cli.output import complain, put

    with client_of(url) as client:
        made = client.starter_token(pool, hours)
    if ca_out is not None and made["ca"] is not None:
        _write(ca_out, made["ca"], 0o644)
    if out is None:
        put([made["token"]])
    else:
        _write(out, made["token"] + "\n", 0o600)
    if made["url"] is None:
        complain("this service has no address for workers elsewhere (skydriver serve --worker-bind)")
    else:
        fits = "" if made["baseline"] is None else f", and fit with --baseline {made['baseline']}"
        complain(f"workers reach the service at {made['url']}{fits}")
        if ca_out is not None and made["ca"] is None:
            complain(f"{ca_out} is not written: their machines know the service's certificate")


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file that is never readable to more than `mode` says; a `ResultError` where that fails."""
    from skydriver.errors import ResultError

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(descriptor, mode)
            os.ftruncate(descriptor, 0)
            file.write(text)
    except OSError as error:
        raise ResultError(f"{path} cannot be written: {error.strerror or error}") from error
