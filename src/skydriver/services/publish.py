"""The use cases behind ``skydriver products`` and ``skydriver plot``: from a result to what is published of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skydriver.errors import ResultError, SettingError
from skydriver.services.catalogue import read_catalogue
from skydriver.services.event_summary import load
from skydriver.services.product_table import PRODUCTS
from skydriver.services.products import folder_to_fill, product_stem
from skydriver.services.publishing import read_publication
from skydriver.services.summary import summary_path
from skydriver.skymap.files import is_there, product_name, read_whole, write_atomically
from skydriver.skymap.json_format import provenance_path

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from skydriver.events.event import Event
    from skydriver.services.product_table import Product, ProductOptions
    from skydriver.services.publishing import Foreign
    from skydriver.skymap.publication import Publication


FOREIGN: Final = "skydriver_of_"
"""What an algorithm's name begins with in names of products of maps from elsewhere: none passes for theirs."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be published of which result."""

    result: Path
    """A map, as JSON or npz."""
    out: Path | None
    """Folder for the products; None: that of the result."""
    only: tuple[str, ...] | None
    """Endings of the products asked for; None: all that can be made."""
    options: ProductOptions
    foreign: Foreign
    event: str | None = None
    """File of the event, or ``example``."""
    catalogue: Path | None = None
    """File with sources."""


def publish(request: Request) -> dict[str, Any]:
    """Make and write the products of a result.

    Returns
    -------
    dict
        The keys of ``skydriver products --json``, see ``docs/cli.md``.

    Raises
    ------
    InputError
        Where an argument is at fault; nothing is written then.
    ResultError
        If the result cannot be read or published, a product asked for cannot be made, or a file cannot be written.
    """
    wanted = _wanted(request.only)
    shown = read_publication(request.result, request.foreign)
    options = _with_inputs(request, shown)
    folder = request.result.parent if request.out is None else request.out
    paths = {product.ending: folder / file_name(shown, product.ending) for product in wanted}
    missing = {product.ending: reason for product in wanted if (reason := why_not(product, shown, options))}
    _refuse_missing(request, missing)
    with folder_to_fill(folder):
        made = {product.ending: product.make(shown, options) for product in wanted if product.ending not in missing}
        read = _files_read(request)
        missing |= _taken(made, paths, read)
        _refuse_missing(request, missing)
        products = {paths[ending]: content for ending, content in made.items() if ending not in missing}
        for path, content in products.items():
            if path.resolve() not in read:  # else it is one already, and stays as it is
                write_atomically(path, content)
    return {
        "run_id": shown.skymap.event.run_id,
        "event_id": shown.skymap.event.event_id,
        "statement": shown.statement,
        "products": list(map(str, products)),
        "not_made": [{"product": ending, "reason": reason} for ending, reason in missing.items()],
    }


def draw(request: Request, ending: str, file: Path | None) -> Path:
    """Make the picture that has a product's ending; the file written, which is `file` or one beside the result."""
    (product,) = _wanted((ending,))
    shown = read_publication(request.result, request.foreign)
    options = _with_inputs(request, shown)
    if reason := why_not(product, shown, options):
        raise ResultError(reason)
    path = request.result.with_name(file_name(shown, ending)) if file is None else file
    if path.resolve() in _files_read(request):
        raise SettingError("out", f"{path} is a file that the picture is made of")
    write_atomically(path, product.make(shown, options))
    return path


def _wanted(only: Sequence[str] | None) -> tuple[Product, ...]:
    """The products of these endings, in the order of the table."""
    if only is None:
        return PRODUCTS
    endings = [product.ending for product in PRODUCTS]
    for ending in only:
        if ending not in endings:
            raise SettingError("only", f"there is no product {ending!r}, only {', '.join(endings)}")
    return tuple(product for product in PRODUCTS if product.ending in only)


def _with_inputs(request: Request, shown: Publication) -> ProductOptions:
    """The options, with the files that they name."""
    event = None if request.event is None else _event(request.event, shown)
    catalogue = None if request.catalogue is None else read_catalogue(request.catalogue)
    beside = summary_path(request.result)
    summary = read_whole(beside) if shown.skymap.provenance is not None and is_there(beside) else None
    return replace(request.options, event=event, catalogue=catalogue, summary=summary)


def _event(name: str, shown: Publication) -> Event:
    """The event in a file, which must be the map's own."""
    event = load(name)
    check_event(event, shown)
    return event


def check_event(event: Event, shown: Publication) -> None:
    """A `SettingError` naming ``event`` where it is not the one of the map."""
    made, known = shown.skymap.provenance, (event.header.run_id, event.header.event_id)
    if known != (shown.skymap.event.run_id, shown.skymap.event.event_id):
        raise SettingError("event", f"run {known[0]}, event {known[1]} is not that of the map")
    if made is not None and made.event_hash != event.content_hash:
        raise SettingError("event", "its content is not that of the event which was scanned")


def why_not(product: Product, shown: Publication, options: ProductOptions) -> str:
    """Why a product cannot be made; empty where it can."""
    made, needs = shown.skymap.provenance, product.needs
    if needs in {"quote", "both"} and shown.quote is None:
        return shown.why_not
    if needs in {"provenance", "both"} and made is None:
        return "the map was made elsewhere, and came without provenance"
    if needs == "summary" and options.summary is None:
        return "there is no summary beside the map"
    if needs == "event" and options.event is None:
        return "the event itself is needed: give its file with --event"
    return ""


def _refuse_missing(request: Request, missing: Mapping[str, str]) -> None:
    """Refuse to go on without a product that was asked for by name."""
    if request.only is not None and missing:
        raise ResultError("; ".join(f"{ending}: {reason}" for ending, reason in missing.items()))


def _taken(made: Mapping[str, bytes], paths: Mapping[str, Path], read: Collection[Path]) -> dict[str, str]:
    """Which products would take the place of a file that was read and holds something else, and what to do."""
    reason = "a file that was read has this name, and stays as it is: give another folder with --out"
    places = {ending: paths[ending] for ending in made if paths[ending].resolve() in read}
    return {ending: reason for ending, path in places.items() if read_whole(path) != made[ending]}


def _files_read(request: Request) -> set[Path]:
    """The files that a request is made of, by their real paths."""
    beside = (provenance_path(request.result), summary_path(request.result))
    named = [Path(name) for name in (request.event, request.catalogue) if name is not None]
    return {path.resolve() for path in (request.result, *beside, *named) if is_there(path)}


def file_name(shown: Publication, ending: str) -> str:
    """A product's file name."""
    skymap = shown.skymap
    if skymap.provenance is None:
        return product_name(skymap.event, f"{FOREIGN}{shown.algorithm}", skymap.stages, ending)
    return f"{product_stem(skymap)}.{ending}"
