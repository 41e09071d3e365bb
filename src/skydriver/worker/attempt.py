"""One attempt at a pixel, and its outcome as a row that processes can share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from skydriver.recos.base import Fit
from skydriver.worker.task import PixelReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.recos.base import EventFitter
    from skydriver.worker.task import PixelTask

ROW = np.dtype([("fit", "f8", 7), ("cpu_seconds", "f8"), ("error", "S240")])
"""One outcome; its error is empty where the fit was done."""
NO_FIT = Fit(*[math.nan] * 7)


def attempt(fitters: Sequence[EventFitter], pixel: PixelTask) -> tuple[Fit, str]:
    """The fit of a pixel by the model that it names, and why it failed, if it did."""
    try:
        seeds = np.array(pixel.seeds) if pixel.seeds else None
        fit = fitters[pixel.model].fit(np.array(pixel.direction), seeds)
    except Exception as raised:  # noqa: BLE001 - an algorithm may raise anything
        return NO_FIT, f"{type(raised).__name__}: {raised}"
    return fit, "" if math.isfinite(fit[0]) else "the algorithm found no finite llh"


def row_of(fit: Fit, cpu_seconds: float, error: str) -> tuple[tuple[float, ...], float, bytes]:
    """An outcome as ROW takes it; a long error is cut off there."""
    return tuple(fit), cpu_seconds, error.encode(errors="backslashreplace")


def report_of(row: np.void) -> PixelReport:
    """The report of an outcome."""
    error = bytes(row["error"]).decode(errors="replace")
    fit = Fit(*row["fit"].tolist())
    return PixelReport("failed" if error else "done", *fit, float(row["cpu_seconds"]), error or None)
