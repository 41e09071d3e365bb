"""The picture of a scan: whether it may be used, the whole sky, a zoom around the best fit, and what is drawn there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.plots.allsky import all_sky_block
from skydriver.plots.legend import colour_bar, legend
from skydriver.plots.overlay import Marker, Overlay, colour_entries, entries, galactic_entries
from skydriver.plots.page import MARGIN_IN, Block, Format, Page, Texts, beside, footing, gap, heading, settings
from skydriver.plots.raster import layers
from skydriver.plots.style import colour_norm
from skydriver.plots.summary import ANSWER_COLOURS, Summary, summary_block
from skydriver.plots.zoom import zoom_block

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from matplotlib.colors import LogNorm

    from skydriver.plots.raster import Layer, Stages

__all__ = ["ANSWER_COLOURS", "Marker", "Overlay", "Summary", "Texts", "draw_skymap"]


def draw_skymap(  # noqa: PLR0913 - the plain parts of one picture
    file: Path | BinaryIO,
    stages: Stages,
    overlay: Overlay,
    texts: Texts,
    *,
    summary: Summary | None = None,
    format: Format = "png",  # noqa: A002 - as matplotlib names it
    width_in: float = 10.0,
) -> None:
    """Write the overview of a scan.

    Parameters
    ----------
    file
        Where to write.
    stages
        By nside: scanned pixels (RING, ICRS) and their negative log-likelihoods, in any order. Every place takes the
        colour of the finest pixel that covers it; NaN is grey.
    overlay
        The best fit, and what else is drawn over the map.
    texts
        What is written above and below; of any length, in any characters.
    summary
        What is quoted and whether the map may be used, drawn above it.
    format
        ``png`` or ``pdf``.
    width_in
        Width, inches, from 4 on; a PNG has 120 pixels per inch.
    """
    with settings():
        overview(stages, overlay, texts, summary, Page(width_in, format)).save(file, format)


def overview(stages: Stages, overlay: Overlay, texts: Texts, summary: Summary | None, page: Page) -> Page:
    """The page of `draw_skymap`, drawn."""
    sky = layers(stages)
    norm = colour_norm(sky)
    page.lay_out(
        [
            heading(page, texts),
            *([] if summary is None else [summary_block(page, summary)]),
            all_sky_block(page, sky, norm, overlay),
            gap(0.1),
            _below(page, sky, norm, overlay),
            gap(0.12),
            footing(page, texts),
        ]
    )
    return page


def _below(page: Page, sky: list[Layer], norm: LogNorm, overlay: Overlay) -> Block:
    """Zoom, legend and colours: beside each other where the page is wide enough."""
    zoom_in = page.inner_in if page.narrow else 0.46 * page.inner_in
    zoom = zoom_block(page, sky, norm, overlay, (MARGIN_IN, zoom_in))
    left = MARGIN_IN if page.narrow else MARGIN_IN + zoom_in + 0.25
    width = page.width_in - MARGIN_IN - left
    told = [*entries(overlay), *galactic_entries(), *colour_entries()]
    meaning = [
        gap(0.05),
        legend(page, told, left, width),
        gap(0.12),
        colour_bar(page, norm, overlay.regions, left, width),
    ]
    return beside([zoom, *meaning]) if page.narrow else beside([zoom], meaning)
