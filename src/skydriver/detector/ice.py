"""The ice: scattering and absorption in horizontal layers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from skydriver.detector._tables import load_table, table_hash

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_TABLE: Final = "spice_mie_6b1951e4cbf2.npy"


@dataclass(frozen=True, slots=True, eq=False)
class IceModel:
    """Ice in flat horizontal layers, in order from below; columns are read-only float64 of shape (n,)."""

    name: str
    z_low_m: NDArray[np.float64]
    """Lower edges, m, detector coordinates."""
    z_high_m: NDArray[np.float64]
    """Upper edges, m; each is the next layer's lower edge."""
    absorption_per_m: NDArray[np.float64]
    """Absorption coefficient at 400 nm, 1/m."""
    effective_scattering_per_m: NDArray[np.float64]
    """Effective scattering coefficient at 400 nm, 1/m."""
    source: str
    """Where the numbers were published."""

    def __post_init__(self) -> None:
        """Make the columns read-only."""
        for column in fields(self)[1:-1]:
            getattr(self, column.name).setflags(write=False)

    def layer(self, z_m: ArrayLike) -> NDArray[np.intp]:
        """The layer that each z (m) lies in; beyond the model, its first or last one."""
        found = np.searchsorted(self.z_low_m, z_m, side="right") - 1
        return np.clip(found, 0, len(self.z_low_m) - 1)


@cache
def spice_mie() -> IceModel:
    """The SPICE-Mie model, 171 layers of 10 m (Aartsen et al. 2013, arXiv:1301.5361)."""
    z_low, z_high, absorption, scattering = np.ascontiguousarray(load_table(_TABLE).T)
    return IceModel("SPICE-Mie", z_low, z_high, absorption, scattering, "arXiv:1301.5361")


def ice_hash() -> str:
    """sha256 (hex) of the shipped table behind `spice_mie`."""
    return table_hash(_TABLE)
