"""``skydriver products``: all that is published of a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json
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

if TYPE_CHECKING:
    from collections.abc import Iterator


def products(  # noqa: PLR0913 - one parameter for each option
    result: ResultArgument,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the products [default: that of the result].")] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="ENDING,…",
            help="Make these alone, such as multiorder.fits,zoom.pdf [default: all that can be made].",
        ),
    ] = None,
    event: EventOption = None,
    catalogue: CatalogueOption = None,
    first_looks: FirstLooksOption = True,
    width: WidthOption = 10.0,
    nested: Annotated[bool, typer.Option("--nested", help="Order the flat map NESTED instead of RING.")] = False,
    nside: Annotated[int | None, typer.Option(help="Of the flat map [default: as fine as the map, up to 512].")] = None,
    tense: Annotated[
        str, typer.Option(help="The notice's alert_tense: test, current, archival, planned, injection, commanded.")
    ] = "test",
    event_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The event's name for notice and circular, if it has one.")
    ] = None,
    algorithm: AlgorithmOption = "unknown",
    levels: LevelsOption = None,
    part_of_sky: PartOfSkyOption = False,
    flipped_declination: FlippedDeclinationOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make FITS files, contours, pictures, a notice and a circular's text of a result."""
    import datetime as dt

    from skydriver.services.product_table import ProductOptions
    from skydriver.services.publish import Request, publish
    from skydriver.services.publishing import Foreign

    foreign = Foreign(algorithm, levels, part_of_sky=part_of_sky, flipped_declination=flipped_declination)
    options = ProductOptions(
        dt.datetime.now(dt.UTC),
        nested=nested,
        nside=nside,
        tense=tense,
        event_name=event_name,
        first_looks=first_looks,
        width_in=width,
    )
    endings = None if only is None else tuple(ending.strip() for ending in only.split(","))
    answer = publish(Request(result, out, endings, options, foreign, event, catalogue))
    if as_json:
        put_json(answer)
    else:
        put(_lines(answer))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    """The answer for people."""
    yield f"Run {answer['run_id']}, event {answer['event_id']}"
    for path in answer["products"]:
        yield f"Product    {path}"
    for item in answer["not_made"]:
        yield f"Not made   {item['product']}: {item['reason']}"
    yield answer["statement"]
