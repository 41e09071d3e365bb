"""The products that there are, declared once: how each is asked for, what it holds and needs; not what makes it.

The service, which has no business with drawing, knows of products what is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from skydriver.plots.page import Format

Need = Literal["nothing", "provenance", "summary", "quote", "both", "event"]
"""Beside the map: its provenance, its summary, a region that may be quoted, this and provenance, or the event."""

FORMATS: Final[tuple[Format, ...]] = ("png", "pdf")
MEDIA_TYPES: Final = {
    "json": "application/json",
    "npz": "application/zip",
    "gz": "application/gzip",
    "fits": "application/fits",
    "txt": "text/plain; charset=utf-8",
    "reg": "text/plain; charset=utf-8",
    "png": "image/png",
    "pdf": "application/pdf",
}
"""By the last part of a name."""


class Kind(NamedTuple):
    """One product."""

    ending: str
    """Of its file's name; also the name by which it is asked for."""
    holds: str
    needs: Need
    takes: tuple[str, ...] = ()
    """The options that matter to it, beside those of pictures."""

    @property
    def media_type(self) -> str:
        """As HTTP has it."""
        return MEDIA_TYPES[self.ending.rpartition(".")[2]]


class ViewKind(NamedTuple):
    """One kind of picture."""

    name: str
    """As it is asked for."""
    ending: str
    """What a file's ending begins with."""
    holds: str


VIEW_KINDS: Final = (
    ViewKind("overview", "", "The whole sky and a zoom, with what is quoted and whether it may be used"),
    ViewKind("all-sky", "all-sky.", "The whole sky"),
    ViewKind("zoom", "zoom.", "The sky around the best fit, as wide as the region needs"),
    ViewKind("event", "event.", "The hits on their strings, and the track"),
)


def _picture(view: ViewKind, kind: Format) -> Kind:
    """The product that is a view in a format."""
    needs: Need = "event" if view.name == "event" else "nothing"
    return Kind(f"{view.ending}{kind}", f"{view.holds}, as {kind.upper()}.", needs)


KINDS: Final = (
    Kind("json", "The map as icecube-skyreader reads it.", "provenance"),
    Kind("provenance.json", "How it was made.", "provenance"),
    Kind("npz", "Map and provenance in one file.", "provenance"),
    Kind("summary.json", "What was found out about the event, as it lies beside the map.", "summary"),
    Kind(
        "fits.gz",
        "The whole sky in pixels of one size: probability and 2 delta-llh.",
        "nothing",
        ("nested", "nside"),
    ),
    Kind("multiorder.fits", "Probability density, each part of the sky as fine as it is known.", "nothing"),
    Kind("moc50.fits", "The 50 % region as a coverage map (MOC).", "quote"),
    Kind("moc90.fits", "The 90 % region as a coverage map (MOC).", "quote"),
    Kind("contours.txt", "Every polygon of every region.", "quote"),
    Kind("reg", "The same as regions for DS9.", "quote"),
    Kind("notice.json", "A notice in the form of GCN's schema.", "both", ("tense", "event_name")),
    Kind("circular.txt", "The text of a circular.", "both", ("event_name",)),
    *(_picture(view, kind) for view in VIEW_KINDS for kind in FORMATS),
)
"""In the order in which they are listed."""
