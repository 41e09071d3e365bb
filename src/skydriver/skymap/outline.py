"""The outline of a region of the sky: closed lines on the sphere, what they enclose, and how far they reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skydriver.skymap.regions import Errors

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]


class Contour(NamedTuple):
    """A closed line of great-circle arcs; its last vertex is joined to its first, the region lies to the left."""

    ra_deg: Floats
    """Shape (n,), in [0, 360)."""
    dec_deg: Floats
    area_deg2: float
    """Solid angle inside, negative of a hole."""


class Rectangle(NamedTuple):
    """The smallest range of right ascension and of declination that holds a region."""

    ra_min_deg: float
    """In [0, 360); the range runs from here to the east."""
    ra_max_deg: float
    """In [0, 360), less than `ra_min_deg` where the range crosses right ascension 0; the whole circle is 0 to 360."""
    dec_min_deg: float
    dec_max_deg: float


class Outline(NamedTuple):
    """One region of a map as it is published."""

    name: str
    """For example ``90 % with 0.8 deg (three-alert floor)`` or ``90 % by Wilks, statistical only``."""
    kind: Literal["headline", "statistical"]
    """Whether it is what is quoted."""
    level: float
    """0.5 or 0.9."""
    nside: int
    pixel: Indices
    """Its pixels, RING, ICRS, sorted."""
    area_deg2: float
    contours: tuple[Contour, ...]
    """Islands and holes, the largest first."""
    errors: Errors
    """How far it reaches from the best fit."""
    rectangle: Rectangle
    truncated: bool
    """Whether the finest stage does not enclose it."""
    rise: float | None = None
    """2 delta-llh at its edge; None where that is not what it goes by."""
