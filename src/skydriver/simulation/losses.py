"""How a muon loses energy on its way: a continuous part and single losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

IONISATION_GEV_PER_M: Final = 0.24
"""Energy lost to ionisation."""
LIGHT_M_PER_GEV: Final = 5.28
"""Metres of bare muon that shine like 1 GeV of an electromagnetic shower."""
PAIR_FRACTION: Final = 1e-3
"""Fraction of the energy above which pair production falls steeply."""
_PAIRS_PER_M: Final = 0.18
_OTHERS_PER_M: Final = 3.0e-4
_FRACTIONS: Final = np.geomspace(1e-4, 1.0, 400)


def loss_spectrum(fraction: Floats) -> Floats:
    """Losses per metre and unit of ln(fraction of the energy): pairs, then bremsstrahlung with photonuclear losses.

    Simple power laws whose mean fractional losses, 1.8e-4 and 1.5e-4 per metre, are those of ice.
    """
    return _PAIRS_PER_M / (1.0 + fraction / PAIR_FRACTION) ** 2 + _OTHERS_PER_M * (1.0 - fraction)


def _cumulative() -> Floats:
    """Losses per metre above the smallest fraction and below each of `_FRACTIONS`."""
    density = loss_spectrum(_FRACTIONS)
    steps = 0.5 * (density[1:] + density[:-1]) * np.diff(np.log(_FRACTIONS))
    return np.append(0.0, np.cumsum(steps))


_CUMULATIVE: Final = _cumulative()
_SMALL_LOSSES_PER_M: Final = float(_FRACTIONS[0] * (_PAIRS_PER_M + _OTHERS_PER_M))


def energy_losses(energy_gev: float, n_steps: int, step_m: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Follow a muon for `n_steps` steps.

    Returns
    -------
    tuple
        The muon's energy at the beginning of each step and the energy of the showers in it, both GeV and of shape
        (n_steps,). Losses below 1e-4 of the energy are in the showers' mean; ionisation is not.
    """
    energies, showers = np.zeros(n_steps), np.zeros(n_steps)
    for step in range(n_steps):
        energies[step] = energy_gev
        places = rng.uniform(0.0, _CUMULATIVE[-1], rng.poisson(_CUMULATIVE[-1] * step_m))
        fractions = np.interp(places, _CUMULATIVE, _FRACTIONS)
        showers[step] = energy_gev * min(1.0, fractions.sum() + _SMALL_LOSSES_PER_M * step_m)
        energy_gev = max(0.0, energy_gev - showers[step] - IONISATION_GEV_PER_M * step_m)
    return energies, showers


def bare_muon_light(energy_gev: Floats) -> Floats:
    """Light of a metre of muon with its smallest losses, over a bare one's; 0 for a muon that has stopped."""
    light: Floats = np.where(energy_gev > 0.0, 1.188 + 0.0206 * np.log(np.maximum(energy_gev, 1.0)), 0.0)
    return light
