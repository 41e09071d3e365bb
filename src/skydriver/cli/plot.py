"""``skydriver plot``: one picture of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydriver.cli.output import put
from skydriver.cli.publishing import (
    AlgorithmOption,
    CatalogueOption,
    EventOption,
    FirstLooksOption,
    FlippedDeclinationOption,
    LevelsOption,
    PartOfSkyOption,
    ResultArgument,
    WidthOption,
)


def plot(  # noqa: PLR0913 - one parameter for each option
    result: ResultArgument,
    *,
    view: Annotated[str, typer.Option(help="overview, all-sky, zoom or event.")] = "overview",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="NAME.png or NAME.pdf [default: PNG, beside the result].")
    ] = None,
    event: EventOption = None,
    catalogue: CatalogueOption = None,
    first_looks: FirstLooksOption = True,
    width: WidthOption = 10.0,
    algorithm: AlgorithmOption = "unknown",
    levels: LevelsOption = None,
    part_of_sky: PartOfSkyOption = False,
    flipped_declination: FlippedDeclinationOption = False,
) -> None:
    """Draw a result: the overview of a scan, the whole sky, a zoom, or the event's hits."""
    import datetime as dt

    from skydriver.services.pictures import ending_of
    from skydriver.services.product_table import ProductOptions
    from skydriver.services.publish import Request, draw
    from skydriver.services.publishing import Foreign

    foreign = Foreign(algorithm, levels, part_of_sky=part_of_sky, flipped_declination=flipped_declination)
    options = ProductOptions(dt.datetime.now(dt.UTC), first_looks=first_looks, width_in=width)
    request = Request(result, None, None, options, foreign, event, catalogue)
    put([str(draw(request, ending_of(view, out), out))])
