"""`pandel_mpe`: the first-photon likelihood of an infinite track in homogeneous ice.

Two choices were made on muons simulated independently (another propagator, another ice model), see
``benchmarks/README.md``: the effective scattering length, and that no DOM counts for more than MAX_PHOTONS photons,
since the likelihood of the first of very many photons is only as good as the model's earliest nanoseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skydriver.errors import SettingError
from skydriver.recos import pandel_table
from skydriver.recos.base import RecoInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skydriver.events.event import Pulses
    from skydriver.recos.track_fit import TrackFitter

MAX_PHOTONS = 5.0
LENGTH_RANGE_M = (10.0, 200.0)
PHOTONS_RANGE = (1.0, 1000.0)
STRETCH = 8.0
RING_M = 150.0
N_RING = 3
N_GIVEN = 2


class _Option(NamedTuple):
    """What may follow the algorithm's name."""

    parameter: str
    allows: Callable[[float], bool]
    what: str
    """In words, what is allowed."""


_OPTIONS = {
    "length": _Option(
        "length_m",
        lambda length_m: LENGTH_RANGE_M[0] <= length_m <= LENGTH_RANGE_M[1],
        "a number of metres from {:g} to {:g}".format(*LENGTH_RANGE_M),
    ),
    "jitter": _Option(
        "jitter_ns",
        lambda jitter_ns: jitter_ns in pandel_table.TABLES,
        f"one of {', '.join(f'{jitter_ns:g}' for jitter_ns in pandel_table.TABLES)} ns",
    ),
    "photons": _Option(
        "max_photons",
        lambda photons: PHOTONS_RANGE[0] <= photons <= PHOTONS_RANGE[1],
        "a number from {:g} to {:g}".format(*PHOTONS_RANGE),
    ),
}


class PandelMpe:
    """The algorithm; `skydriver.recos.base.Reconstruction` says what its parts are.

    Parameters
    ----------
    length_m
        Effective scattering length: the fit's unit of distance.
    jitter_ns
        Standard deviation of the Gaussian that the Pandel law is convoluted with, one of `pandel_table.TABLES`.
    max_photons
        Number of photons at which a DOM's charge is cut off.
    """

    info = RecoInfo(
        name="pandel_mpe",
        version="1",
        fit_for="through-going muon tracks; on cascades and starting tracks its direction means nothing",
        llh_meaning=(
            "negative log-likelihood of the first pulse's time in every hit DOM, given an infinite track, "
            "with the vertex and its time fitted and the direction held"
        ),
        memory_bytes=400_000_000,
        max_reco_time_s=10.0,
        rounds=4,
        min_doms=6,
        fits_tracks=True,
        calibration="three-alert floor",
    )

    def __init__(
        self,
        length_m: float = pandel_table.SCATTERING_LENGTH_M,
        jitter_ns: float = pandel_table.JITTER_NS,
        max_photons: float = MAX_PHOTONS,
    ) -> None:
        self.length_m = length_m
        self.jitter_ns = jitter_ns
        self.max_photons = max_photons

    @classmethod
    def from_text(cls, *options: str) -> PandelMpe:
        """From the options of ``pandel_mpe:length=M:jitter=NS:photons=N``, in any order, each at most once."""
        values: dict[str, float] = {}
        for option in options:
            name, _, text = option.partition("=")
            if name not in _OPTIONS:
                raise SettingError("reco", f"pandel_mpe takes length=, jitter= and photons=, not {option!r}")
            if _OPTIONS[name].parameter in values:
                raise SettingError("reco", f"the option {name} of pandel_mpe is given twice")
            values[_OPTIONS[name].parameter] = _number(name, text)
        return cls(**values)

    def bind(self, pulses: Pulses) -> TrackFitter:
        """As `skydriver.recos.base.Reconstruction.bind`."""
        # Here, not above: numba is loaded only where fits are made.
        from skydriver.recos.track_fit import TrackFitter, TrackSettings  # noqa: PLC0415

        settings = TrackSettings(self.max_photons, STRETCH, RING_M, N_RING, N_GIVEN)
        fitter = TrackFitter(pulses, pandel_table.load_table(self.jitter_ns), self.length_m, settings)
        fitter.warm_up()
        return fitter

    def provenance(self) -> Mapping[str, str]:
        """As `skydriver.recos.base.Reconstruction.provenance`."""
        return {
            "table": pandel_table.TABLES[self.jitter_ns],
            "table_sha256": pandel_table.table_sha256(self.jitter_ns),
            "scattering_length_m": repr(self.length_m),
            "absorption_length_m": repr(pandel_table.ABSORPTION_LENGTH_M),
            "tau_ns": repr(pandel_table.TAU_NS),
            "jitter_ns": repr(self.jitter_ns),
            "noise_per_ns": repr(pandel_table.NOISE_PER_NS),
            "max_photons": repr(self.max_photons),
            "seeds": f"centre (stretch {STRETCH}) and {N_RING} on a ring of {RING_M} m",
        }


def _number(name: str, text: str) -> float:
    """The value of an option; a `SettingError` if it is not allowed."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not _OPTIONS[name].allows(number):
        raise SettingError("reco", f"the option {name} of pandel_mpe is {_OPTIONS[name].what}, not {text!r}")
    return number
