"""`pandel_mpe`: the first-photon likelihood of an infinite track in homogeneous ice.

Two choices were made on muons simulated independently (another propagator, another ice model), see
``benchmarks/README.md``: the effective scattering length, and that no DOM counts for more than MAX_PHOTONS photons,
since the likelihood of the first of very many photons is only as good as the model's earliest nanoseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.recos import pandel_table
from skydriver.recos.base import RecoInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.events.event import Pulses
    from skydriver.recos.track_fit import TrackFitter

MAX_PHOTONS = 5.0
STRETCH = 8.0
RING_M = 150.0
N_RING = 3
N_GIVEN = 2


class PandelMpe:
    """The algorithm; `skydriver.recos.base.Reconstruction` says what its parts are."""

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
    )

    def bind(self, pulses: Pulses) -> TrackFitter:
        """As `skydriver.recos.base.Reconstruction.bind`."""
        # Here, not above: numba is loaded only where fits are made.
        from skydriver.recos.track_fit import TrackFitter, TrackSettings  # noqa: PLC0415

        settings = TrackSettings(MAX_PHOTONS, STRETCH, RING_M, N_RING, N_GIVEN)
        fitter = TrackFitter(pulses, pandel_table.load_table(), pandel_table.SCATTERING_LENGTH_M, settings)
        fitter.warm_up()
        return fitter

    def provenance(self) -> Mapping[str, str]:
        """As `skydriver.recos.base.Reconstruction.provenance`."""
        return {
            "table": pandel_table.TABLE_NAME,
            "table_sha256": pandel_table.table_sha256(),
            "scattering_length_m": repr(pandel_table.SCATTERING_LENGTH_M),
            "absorption_length_m": repr(pandel_table.ABSORPTION_LENGTH_M),
            "tau_ns": repr(pandel_table.TAU_NS),
            "jitter_ns": repr(pandel_table.JITTER_NS),
            "noise_per_ns": repr(pandel_table.NOISE_PER_NS),
            "max_photons": repr(MAX_PHOTONS),
            "seeds": f"centre (stretch {STRETCH}) and {N_RING} on a ring of {RING_M} m",
        }
