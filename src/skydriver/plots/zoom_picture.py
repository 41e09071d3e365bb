"""The picture of the sky around the best fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.plots.legend import colour_bar, legend
from skydriver.plots.overlay import colour_entries, entries
from skydriver.plots.page import MARGIN_IN, Format, Page, footing, gap, heading, settings
from skydriver.plots.raster import layers
from skydriver.plots.style import colour_norm
from skydriver.plots.zoom import in_view, view_of, zoom_block

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from skydriver.plots.overlay import Overlay
    from skydriver.plots.page import Texts
    from skydriver.plots.raster import Stages


def draw_zoom_picture(  # noqa: PLR0913 - the plain parts of one picture
    file: Path | BinaryIO,
    stages: Stages,
    overlay: Overlay,
    texts: Texts,
    *,
    format: Format = "png",  # noqa: A002 - as matplotlib names it
    width_in: float = 10.0,
) -> None:
    """Write the sky around the best fit, as wide as the quoted region needs.

    Its projection is zenithal equidistant: distances and bearings from the best fit are true. The arguments are those
    of `skydriver.plots.skymap.draw_skymap`.
    """
    with settings():
        zoom_page(stages, overlay, texts, Page(width_in, format)).save(file, format)


def zoom_page(stages: Stages, overlay: Overlay, texts: Texts, page: Page) -> Page:
    """The page of `draw_zoom_picture`, drawn."""
    sky = layers(stages)
    norm, view = colour_norm(sky), view_of(sky, overlay)
    seen = overlay._replace(sources=in_view(overlay.sources, view))
    told = [*entries(seen, farthest_deg=view.half_deg), *colour_entries()]
    wide = min(page.inner_in, 7.5)
    left = (page.width_in - wide) / 2.0
    page.lay_out(
        [
            heading(page, texts),
            zoom_block(page, sky, norm, overlay, (left, wide)),
            gap(0.08),
            colour_bar(page, norm, overlay.regions, left, wide),
            gap(0.1),
            legend(page, told, MARGIN_IN, page.inner_in),
            gap(0.1),
            footing(page, texts),
        ]
    )
    return page
