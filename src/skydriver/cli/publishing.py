"""The options of commands that publish a result, alike for both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ResultArgument = Annotated[Path, typer.Argument(help="A sky map, as JSON or npz; its summary is looked for beside it.")]
EventOption = Annotated[
    str | None, typer.Option(metavar="FILE", help="The event, or 'example': for the view of its hits.")
]
CatalogueOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="FITS or CSV with RA, Dec and name of sources.")
]
FirstLooksOption = Annotated[
    bool, typer.Option("--first-looks/--no-first-looks", help="Draw the directions that came with the event.")
]
WidthOption = Annotated[float, typer.Option(help="Width of pictures, inches, 4 to 40.")]
AlgorithmOption = Annotated[str, typer.Option(help="Of a map from elsewhere: who made it.")]
LevelsOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Of a map from elsewhere: its calibrated levels; ic160427a, for millipede_original."
    ),
]
PartOfSkyOption = Annotated[
    bool, typer.Option("--part-of-sky", help="Of a map from elsewhere: it covers a part of the sky on purpose.")
]
FlippedDeclinationOption = Annotated[
    bool,
    typer.Option(
        "--flipped-declination", help="Of a map from elsewhere: its declinations have the wrong sign (before 2023)."
    ),
]
