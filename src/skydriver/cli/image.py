"""``skydriver image``: a container for the machines of a pool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydriver.cli.output import put


def image(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="What the command bundle made.")],
    root: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A root file system with the bundle's Python; its name is the image's."),
    ],
) -> None:
    """Put the worker of a bundle into a root file system, so that Apptainer can run it as a container."""
    from skydriver.services.worker_image import make_image

    engine = make_image(bundle, root)
    put([f"{root} runs {engine}"])
