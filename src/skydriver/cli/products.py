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
    WidthOption,
)
from skydriver.cli.service_options import DEFAULT_URL, UrlOption

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WIDTH = 10.0
"""Of pictures, inches, where nothing else is asked for."""


def products(  # noqa: PLR0913 - one parameter for each option
    result: Annotated[
        Path,
        typer.Argument(
            metavar="RESULT",
            help="A sky map, as JSON or npz, with its summary beside it; or the id of a service's scan.",
        ),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the products [default: that of the result; out of a scan].")
    ] = None,
    url: UrlOption = DEFAULT_URL,
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
    width: WidthOption = WIDTH,
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
    """Make FITS files, contours, pictures, a notice and a circular's text of a result, or of a service's scan."""
    from skydriver.cli.products_of_scan import check_options, fetch_products, is_scan

    endings = None if only is None else tuple(ending.strip() for ending in only.split(","))
    options = {"nested": nested, "nside": nside, "tense": tense, "event_name": event_name}
    foreign = {"algorithm": algorithm, "levels": levels, "part_of_sky": part_of_sky}
    foreign["flipped_declination"] = flipped_declination
    if is_scan(result):
        unusual = {"event": event, "catalogue": catalogue, "no_first_looks": not first_looks, "width": width != WIDTH}
        check_options(unusual | foreign | {"algorithm": algorithm != "unknown"})
        answer = fetch_products(url, str(result), out, endings, options)
    else:
        drawn = {"first_looks": first_looks, "width_in": width}
        answer = _published(result, out, endings, options | drawn, foreign, (event, catalogue))
    if as_json:
        put_json(answer)
    else:
        put(_lines(answer))


def _published(  # noqa: PLR0913, PLR0917 - what was asked for, by kind
    result: Path,
    out: Path | None,
    endings: tuple[str, ...] | None,
    options: Mapping[str, Any],
    foreign: Mapping[str, Any],
    inputs: tuple[str | None, Path | None],
) -> dict[str, Any]:
    """The products of a map in a file."""
    import datetime as dt

    from skydriver.services.product_table import ProductOptions
    from skydriver.services.publish import Request, publish
    from skydriver.services.publishing import Foreign

    made = ProductOptions(dt.datetime.now(dt.UTC), **options)
    return publish(Request(result, out, endings, made, Foreign(**foreign), *inputs))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    """The answer for people."""
    if answer["run_id"] is not None:
        yield f"Run {answer['run_id']}, event {answer['event_id']}"
    for path in answer["products"]:
        yield f"Product    {path}"
    for item in answer["not_made"]:
        yield f"Not made   {item['product']}: {item['reason']}"
    if "statement" in answer:
        yield answer["statement"]
