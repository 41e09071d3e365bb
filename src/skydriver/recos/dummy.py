"""`dummy`: no physics, seeded, instant or as slow as asked for, to try out everything around a reconstruction."""

from __future__ import annotations

import math
import random
import re
import time
from typing import TYPE_CHECKING

from skydriver.errors import SettingError
from skydriver.recos.base import Fit, RecoInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from skydriver.events.event import Pulses

CURVATURE = 1000.0
"""llh rises by this times 1 - cos(angle from the seeded direction)."""


class Dummy:
    """A smooth bowl around a direction that the seed draws; `skydriver.recos.base` says what its parts are.

    Parameters
    ----------
    seed
        Of the direction.
    seconds
        CPU time that each fit takes at least; it changes nothing else.
    """

    info = RecoInfo(
        name="dummy",
        version="1",
        fit_for="nothing: its map has no relation to the event",
        llh_meaning="a made-up bowl around a seeded direction",
        memory_bytes=400_000_000,
        max_reco_time_s=10.0,
        rounds=1,
        min_doms=1,
        fits_tracks=False,
        calibration=None,
    )

    def __init__(self, seed: int = 0, seconds: float = 0.0) -> None:
        self.seed = seed
        self.seconds = seconds
        height = 2.0 * random.Random(seed).random() - 1.0  # noqa: S311 - not for secrets
        turn = 2.0 * math.pi * random.Random(seed + 1).random()  # noqa: S311 - not for secrets
        radius = math.sqrt(1.0 - height * height)
        self._minimum = (round(radius * math.cos(turn), 9), round(radius * math.sin(turn), 9), height)

    @classmethod
    def from_text(cls, seed: str = "0", seconds: str = "0") -> Dummy:
        """From the options of ``dummy:SEED:SECONDS``."""
        if not re.fullmatch("[0-9]{1,18}", seed):
            raise SettingError("reco", f"the seed of dummy is a whole number of at most 18 digits, not {seed!r}")
        if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", seconds):
            raise SettingError("reco", f"the seconds of a fit of dummy are a number such as 0.05, not {seconds!r}")
        return cls(int(seed), float(seconds))

    def bind(self, pulses: Pulses) -> Dummy:  # noqa: ARG002 - the event has no influence
        """As `skydriver.recos.base.Reconstruction.bind`."""
        return self

    def fit(self, direction: NDArray[np.float64], seeds: NDArray[np.float64] | None) -> Fit:  # noqa: ARG002 - no vertex
        """As `skydriver.recos.base.EventFitter.fit`."""
        until = time.process_time() + self.seconds
        while self.seconds and time.process_time() < until:
            pass
        cosine = math.fsum(a * float(b) for a, b in zip(self._minimum, direction, strict=True))
        return Fit(CURVATURE * (1.0 - cosine), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    def provenance(self) -> Mapping[str, str]:
        """As `skydriver.recos.base.Reconstruction.provenance`."""
        return {"seed": str(self.seed)}
