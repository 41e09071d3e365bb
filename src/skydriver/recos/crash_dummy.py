"""`crash_dummy`: a `dummy` whose fits fail on a chosen fraction of the pixels, to try out what happens then."""

from __future__ import annotations

import hashlib
import os
import signal
from typing import TYPE_CHECKING, Literal, cast, get_args

from skydriver.errors import SettingError
from skydriver.recos.base import Fit, RecoInfo
from skydriver.recos.dummy import Dummy

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from skydriver.events.event import Pulses

Kind = Literal["error", "nan", "kill", "hang"]


class CrashDummyError(RuntimeError):
    """What a fit of `crash_dummy` raises: nothing that SkyDriver knows, as a broken algorithm would."""


class CrashDummy:
    """Fails on the same pixels in every attempt.

    Parameters
    ----------
    fraction
        Of the pixels, 0 to 1.
    kind
        ``error`` raises, ``nan`` finds nothing, ``kill`` kills its process, ``hang`` never ends.
    """

    info = RecoInfo(
        name="crash_dummy",
        version="1",
        fit_for="nothing: it exists to fail",
        llh_meaning="a made-up bowl around a seeded direction",
        memory_bytes=400_000_000,
        max_reco_time_s=1.0,
        rounds=1,
        min_doms=1,
        fits_tracks=False,
        calibration=None,
    )

    def __init__(self, fraction: float = 0.1, kind: Kind = "error") -> None:
        self.fraction = fraction
        self.kind = kind
        self._dummy = Dummy()

    @classmethod
    def from_text(cls, fraction: str = "0.1", kind: str = "error") -> CrashDummy:
        """From the options of ``crash_dummy:FRACTION:KIND``."""
        try:
            number = float(fraction)
        except ValueError:
            number = -1.0
        if not 0.0 <= number <= 1.0:
            raise SettingError("reco", f"the fraction of crash_dummy is a number from 0 to 1, not {fraction!r}")
        if kind not in get_args(Kind):
            raise SettingError("reco", f"crash_dummy fails by {', '.join(get_args(Kind))}, not by {kind!r}")
        return cls(number, cast("Kind", kind))

    def bind(self, pulses: Pulses) -> CrashDummy:  # noqa: ARG002 - the event has no influence
        """As `skydriver.recos.base.Reconstruction.bind`."""
        return self

    def fails_on(self, direction: NDArray[np.float64]) -> bool:
        """Whether a fit of this direction fails."""
        digest = hashlib.sha256(direction.tobytes()).digest()
        return int.from_bytes(digest[:8]) < self.fraction * 2.0**64

    def fit(self, direction: NDArray[np.float64], seeds: NDArray[np.float64] | None) -> Fit:
        """As `skydriver.recos.base.EventFitter.fit`, where it does not fail."""
        if self.fails_on(direction):
            return self._fail()
        return self._dummy.fit(direction, seeds)

    def _fail(self) -> Fit:
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        while self.kind == "hang":
            pass
        if self.kind == "nan":
            return Fit(*[float("nan")] * 7)
        raise CrashDummyError("crash_dummy was asked to fail here")

    def provenance(self) -> Mapping[str, str]:
        """As `skydriver.recos.base.Reconstruction.provenance`."""
        return {"fraction": repr(self.fraction), "kind": self.kind}
