"""What makes each product of a map; which there are is in `product_kinds`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from skydriver.errors import ResultError
from skydriver.services.pictures import Style, draw_picture
from skydriver.services.product_kinds import FORMATS, KINDS, VIEW_KINDS, Kind
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
    from skydriver.services.product_kinds import Need
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


Make: TypeAlias = "Callable[[Publication, ProductOptions], bytes]"


class Product(NamedTuple):
    """One file, and what makes it."""

    kind: Kind
    make: Make

    @property
    def ending(self) -> str:
        """Of its name; also the name by which it is asked for."""
        return self.kind.ending

    @property
    def holds(self) -> str:
        """What is in it."""
        return self.kind.holds

    @property
    def needs(self) -> Need:
        """What there must be beside the map."""
        return self.kind.needs


def _moc(level: float) -> Make:
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


def _picture(view: str, kind: Format) -> Make:
    """What draws a view in a format."""

    def make(shown: Publication, options: ProductOptions) -> bytes:
        sources = () if options.catalogue is None else options.catalogue.sources
        style = Style(kind, options.width_in, options.first_looks, sources, options.event)
        return draw_picture(view, shown, style)

    return make


_MAKERS: Final[dict[str, Make]] = {
    "json": lambda shown, _: to_json(shown.skymap),
    "provenance.json": _provenance,
    "npz": lambda shown, _: to_npz(shown.skymap),
    "summary.json": _summary,
    "fits.gz": lambda shown, options: to_flat_fits(shown, nested=options.nested, nside=options.nside),
    "multiorder.fits": lambda shown, _: to_multiorder_fits(shown),
    "moc50.fits": _moc(0.5),
    "moc90.fits": _moc(0.9),
    "contours.txt": lambda shown, _: to_contour_text(shown),
    "reg": lambda shown, _: to_ds9(shown),
    "notice.json": _notice,
    "circular.txt": _circular,
    **{f"{view.ending}{kind}": _picture(view.name, kind) for view in VIEW_KINDS for kind in FORMATS},
}
PRODUCTS: Final = tuple(Product(kind, _MAKERS[kind.ending]) for kind in KINDS)
"""All of them, in the order in which they are listed."""
