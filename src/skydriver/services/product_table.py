"""The products of a map, declared once: the ending of each file, what it holds, what it needs, and what makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from skydriver.errors import ResultError
from skydriver.services.pictures import FORMATS, VIEWS, Style, draw_picture
from skydriver.skymap.circular import circular
from skydriver.skymap.contour_files import to_contour_text, to_ds9
from skydriver.skymap.fits_flat import to_flat_fits
from skydriver.skymap.fits_moc import to_moc_fits
from skydriver.skymap.fits_multiorder import to_multiorder_fits
from skydriver.skymap.json_format import to_json
from skydriver.skymap.notice import to_notice
from skydriver.skymap.npz_format import to_npz

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from skydriver.events.event import Event
    from skydriver.plots.page import Format
    from skydriver.services.catalogue import Catalogue
    from skydriver.services.pictures import View
    from skydriver.skymap.publication import Publication


@dataclass(frozen=True, slots=True)
class ProductOptions:
    """How products are to be made."""

    now: dt.datetime
    """Time of the notice, UTC."""
    nested: bool = False
    """Whether the flat map is in NESTED order."""
    nside: int | None = None
    """Of the flat map; None: as fine as the map, up to 512."""
    tense: str = "test"
    """Of the notice."""
    event_name: str | None = None
    """Of the notice and the circular, for example ``IceCube-231202A``."""
    first_looks: bool = True
    """Whether pictures show the directions that came with the event."""
    catalogue: Catalogue | None = None
    """Sources for the pictures and the circular."""
    event: Event | None = None
    """For the view of the event."""
    summary: bytes | None = None
    """What the file beside the map holds."""
    width_in: float = 10.0
    """Width of pictures, inches."""


Need = Literal["nothing", "provenance", "summary", "quote", "both", "event"]
"""Beside the map: its provenance, its summary, a region that may be quoted, this and provenance, or the event."""


class Product(NamedTuple):
    """One file."""

    ending: str
    """Of its name; also the name by which it is asked for."""
    holds: str
    needs: Need
    make: Callable[[Publication, ProductOptions], bytes]


def _moc(level: float) -> Callable[[Publication, ProductOptions], bytes]:
    return lambda shown, _: to_moc_fits(shown.quoted().outline(level), shown)


def _provenance(shown: Publication, _: ProductOptions) -> bytes:
    if shown.skymap.provenance is None:
        raise ResultError("the map came without provenance")
    return shown.skymap.provenance.to_json()


def _summary(_: Publication, options: ProductOptions) -> bytes:
    if options.summary is None:
        raise ResultError("there is no summary beside the map")
    return options.summary


def _notice(shown: Publication, options: ProductOptions) -> bytes:
    return to_notice(shown, tense=options.tense, now=options.now, event_name=options.event_name)


def _circular(shown: Publication, options: ProductOptions) -> bytes:
    found = options.catalogue
    sources, name = (None, "") if found is None else (found.sources, found.name)
    return circular(shown, sources, name, options.event_name).encode()


def _picture(view: View, kind: Format) -> Product:
    """The product that is a view in a format."""

    def make(shown: Publication, options: ProductOptions) -> bytes:
        sources = () if options.catalogue is None else options.catalogue.sources
        style = Style(kind, options.width_in, options.first_looks, sources, options.event)
        return draw_picture(view.name, shown, style)

    needs: Need = "event" if view.name == "event" else "nothing"
    return Product(f"{view.ending}{kind}", f"{view.holds}, as {kind.upper()}.", needs, make)


PRODUCTS: Final = (
    Product("json", "The map as icecube-skyreader reads it.", "provenance", lambda shown, _: to_json(shown.skymap)),
    Product("provenance.json", "How it was made.", "provenance", _provenance),
    Product("npz", "Map and provenance in one file.", "provenance", lambda shown, _: to_npz(shown.skymap)),
    Product("summary.json", "What was found out about the event, as it lies beside the map.", "summary", _summary),
    Product(
        "fits.gz",
        "The whole sky in pixels of one size: probability and 2 delta-llh.",
        "nothing",
        lambda shown, options: to_flat_fits(shown, nested=options.nested, nside=options.nside),
    ),
    Product(
        "multiorder.fits",
        "Probability density, each part of the sky as fine as it is known.",
        "nothing",
        lambda shown, _: to_multiorder_fits(shown),
    ),
    Product("moc50.fits", "The 50 % region as a coverage map (MOC).", "quote", _moc(0.5)),
    Product("moc90.fits", "The 90 % region as a coverage map (MOC).", "quote", _moc(0.9)),
    Product("contours.txt", "Every polygon of every region.", "quote", lambda shown, _: to_contour_text(shown)),
    Product("reg", "The same as regions for DS9.", "quote", lambda shown, _: to_ds9(shown)),
    Product("notice.json", "A notice in the form of GCN's schema.", "both", _notice),
    Product("circular.txt", "The text of a circular.", "both", _circular),
    *(_picture(view, kind) for view in VIEWS for kind in FORMATS),
)
