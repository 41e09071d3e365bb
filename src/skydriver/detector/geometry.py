"""Where the 5,160 in-ice DOMs of IceCube's 86 strings are.

The positions are the surveyed ones that the IceCube Collaboration publishes; `data/README.md` describes the table.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from skydriver.detector._tables import load_table, table_hash

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

N_STRINGS: Final = 86
DOMS_PER_STRING: Final = 60
_TABLE: Final = "icecube86_cm_3b4215036104.npy"


@cache
def dom_positions() -> NDArray[np.float64]:
    """Positions of all DOMs.

    Returns
    -------
    NDArray
        x, y, z in m, shape (5160, 3), read-only; the row of a DOM is `dom_index` of it.
    """
    positions = load_table(_TABLE) / 100.0
    positions.setflags(write=False)
    return positions


def dom_index(string: ArrayLike, om: ArrayLike) -> NDArray[np.intp]:
    """Rows of DOMs in `dom_positions`.

    Parameters
    ----------
    string, om
        String and optical module numbers, any shapes that broadcast.

    Returns
    -------
    NDArray
        ``(string - 1) * 60 + om - 1``, and -1 where there is no such DOM (IceTop, the Upgrade, nonsense).
    """
    string, om = np.asarray(string, dtype=np.int64), np.asarray(om, dtype=np.int64)
    known = (string >= 1) & (string <= N_STRINGS) & (om >= 1) & (om <= DOMS_PER_STRING)
    return np.where(known, (string - 1) * DOMS_PER_STRING + om - 1, -1).astype(np.intp)


def geometry_hash() -> str:
    """sha256 (hex) of the shipped table of positions."""
    return table_hash(_TABLE)
