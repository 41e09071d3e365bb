"""``skydriver bundle``: a worker's environment for the machines of a pool, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json

if TYPE_CHECKING:
    from skydriver.services.bundling import Built


def bundle(
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The tar.gz that is made.")],
    python: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="What runs the pool's Python here, perhaps with arguments [default: ours]."
        ),
    ] = None,
    baseline: Annotated[
        str, typer.Option(help="Instruction set of its kernels, as the clusters' file says.")
    ] = "x86-64-v3",
    platform: Annotated[
        str, typer.Option(help="Newest wheels that the pool's machines take.")
    ] = "manylinux_2_28_x86_64",
    as_json: JsonOption = False,
) -> None:
    """Make what workers of a pool run: libraries, SkyDriver's own part and compiled kernels."""
    import shlex
    import sys

    from skydriver.services.bundling import Wanted, build_bundle

    command = [sys.executable] if python is None else shlex.split(python)
    built = build_bundle(out, Wanted(command, baseline, platform))
    if as_json:
        put_json(built._asdict() | {"path": str(built.path)})
    else:
        put(_lines(built))


def _lines(built: Built) -> list[str]:
    return [
        f"{built.path}",
        f"  size      {built.n_bytes} bytes ({built.n_bytes / 1e6:.0f} MB; {built.n_unpacked / 1e6:.0f} MB unpacked)",
        f"  sha256    {built.sha256}",
        f"  Python    {built.python}",
        f"  baseline  {built.baseline}",
        f"  numerics  {built.numerics}",
    ]
