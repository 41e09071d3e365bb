"""The picture of the whole sky alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.plots.allsky import all_sky_block
from skydriver.plots.legend import colour_bar, legend
from skydriver.plots.overlay import colour_entries, entries, galactic_entries
from skydriver.plots.page import MARGIN_IN, Format, Page, footing, gap, heading, settings
from skydriver.plots.raster import layers
from skydriver.plots.style import colour_norm

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from skydriver.plots.overlay import Overlay
    from skydriver.plots.page import Texts
    from skydriver.plots.raster import Stages


def draw_all_sky_picture(  # noqa: PLR0913 - the plain parts of one picture
    file: Path | BinaryIO,
    stages: Stages,
    overlay: Overlay,
    texts: Texts,
    *,
    format: Format = "png",  # noqa: A002 - as matplotlib names it
    width_in: float = 10.0,
) -> None:
    """Write the whole sky in Mollweide's projection, with the arguments of `skydriver.plots.skymap.draw_skymap`."""
    with settings():
        all_sky_page(stages, overlay, texts, Page(width_in, format)).save(file, format)


def all_sky_page(stages: Stages, overlay: Overlay, texts: Texts, page: Page) -> Page:
    """The page of `draw_all_sky_picture`, drawn."""
    sky = layers(stages)
    norm = colour_norm(sky)
    told = [*entries(overlay), *galactic_entries(), *colour_entries()]
    bar_in = min(page.inner_in, 6.0)
    page.lay_out(
        [
            heading(page, texts),
            all_sky_block(page, sky, norm, overlay),
            gap(0.08),
            colour_bar(page, norm, overlay.regions, (page.width_in - bar_in) / 2.0, bar_in),
            gap(0.1),
            legend(page, told, MARGIN_IN, page.inner_in),
            gap(0.1),
            footing(page, texts),
        ]
    )
    return page
