"""The jobs that a worker's tasks belong to: each an event, an algorithm and a time limit, bound once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skydriver.events.event import Pulses
from skydriver.recos.registry import ALGORITHMS, find_reco
from skydriver.worker.compute import ComputeProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from skydriver.recos.base import EventFitter, Fit
    from skydriver.worker.compute import Closable
    from skydriver.worker.messages import Lease

KEPT = 3
"""So many jobs are kept ready, each with a process of its own: scans that alternate do not bind again each time."""


class _Key(NamedTuple):
    """What makes a job."""

    event: str
    reco: str
    max_reco_time_s: float


class LateFitter:
    """An algorithm that is bound to an event in the process that fits: its trouble is that of its fits alone.

    Parameters
    ----------
    reco
        As `skydriver.recos.registry.find_reco` takes it.
    pulses
        The event, cleaned.
    """

    def __init__(self, reco: str, pulses: Pulses) -> None:
        self._reco = reco
        self._pulses = pulses
        self._bound: EventFitter | None = None
        self._refusal: Exception | None = None

    def bind(self) -> None:
        """Bind, or keep why not: then every fit raises it."""
        try:
            self._bound = find_reco(self._reco).bind(self._pulses)
        except Exception as error:  # noqa: BLE001 - an algorithm may raise anything
            self._refusal = error

    def fit(self, direction: NDArray[np.float64], seeds: NDArray[np.float64] | None) -> Fit:
        """As `skydriver.recos.base.EventFitter.fit`."""
        if self._bound is None:
            raise self._refusal or RuntimeError("bind comes before fit")
        return self._bound.fit(direction, seeds)


class Jobs:
    """The last few jobs.

    Parameters
    ----------
    fetch
        From the hash of an event to its cleaned pulses.
    private
        As `ComputeProcess` takes it.
    """

    def __init__(self, fetch: Callable[[str], Pulses], private: Sequence[Closable]) -> None:
        self._fetch = fetch
        self._private = private
        self._known: dict[_Key, ComputeProcess] = {}
        self._pulses: dict[str, Pulses] = {}

    def of(self, lease: Lease) -> ComputeProcess:
        """What fits the pixels of this task; it comes with the errors of `fetch`."""
        key = _Key(lease.event, lease.reco, lease.max_reco_time_s)
        compute = self._known.pop(key, None) or self._start(key)
        self._known[key] = compute  # the last one used stands last
        while len(self._known) > KEPT:
            self._known.pop(next(iter(self._known))).close()
        return compute

    def close(self) -> None:
        """End all processes."""
        for compute in self._known.values():
            compute.close()
        self._known = {}

    def _start(self, key: _Key) -> ComputeProcess:
        pulses = self._pulses.pop(key.event, None) or self._fetch(key.event)
        self._pulses[key.event] = pulses
        while len(self._pulses) > KEPT:
            del self._pulses[next(iter(self._pulses))]
        fitter = LateFitter(key.reco, pulses)
        return ComputeProcess([fitter], key.max_reco_time_s, self._private, fitter.bind)


def warm_up() -> None:
    """Load every algorithm, so that no task waits for it."""
    pulses = toy_pulses()
    for name in ALGORITHMS:
        find_reco(name).bind(pulses)


def toy_pulses() -> Pulses:
    """A few pulses along one string."""
    om = np.arange(30, 42, dtype=np.int16)
    time_ns = np.linspace(10_000.0, 10_660.0, len(om))
    one_each = np.linspace(1.0, 1.0, len(om))
    return Pulses(np.full_like(om, 36), om, time_ns, one_each, one_each, one_each > 0.0)
