"""How far a scan is and how long it will still take."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.scan.planner import PlanSettings, Tally


class Forecast(NamedTuple):
    """An estimate, for people to read."""

    pixels_done: int
    """Pixels over all stages that have a first result."""
    pixels_total: int
    """Pixels over all stages; in a scan of a part of the sky at most so many while stages have not begun."""
    fits_done: int
    fits_expected: int
    """Finished fits and those expected still, sweeps included."""
    cpu_seconds_left: float | None
    """Expected CPU time of the rest; None before any fit was measured."""
    seconds_left: float | None
    """The same divided by the workers; None also while there are none."""
    fraction: float
    """Expected share of the scan's CPU time that is done, 0 to 1; of its fits before any was measured."""


class _Round(NamedTuple):
    """What is expected of one round: fits done and still to do, and seconds for each of the latter."""

    done: int
    left: float
    seconds: float | None


def forecast(settings: PlanSettings, tallies: Sequence[Tally], workers: int) -> Forecast:
    """Progress and remaining time.

    How many fits the sweeps will want is not known ahead. Assumed: a round that has not begun wants the share of its
    stage's pixels that the same round of the latest stage that came so far wanted (a stage that ended early: none), and
    every pixel where no stage came so far, which is an upper bound. A fit is assumed to take the mean CPU time of its
    own round, else that of the last round measured. A stage that has not begun is taken to have all children of the
    pixels that it refines: exact for the whole sky, an upper bound for a part of it.

    Parameters
    ----------
    settings
        The scan's.
    tallies
        How far each round is that has begun, in order (`Ledger.tallies`).
    workers
        Number of workers that fit now.
    """
    rounds = list(_rounds(settings, tallies))
    first = {tally.nside: tally.done for tally in tallies if tally.round == 0}
    done, left = sum(r.done for r in rounds), sum(r.left for r in rounds)
    spent, cpu_left = sum(tally.cpu_seconds for tally in tallies), _cpu_left(rounds)
    return Forecast(
        pixels_done=sum(first.values()),
        pixels_total=sum(_sizes(settings, tallies).values()),
        fits_done=done,
        fits_expected=done + round(left),
        cpu_seconds_left=cpu_left,
        seconds_left=cpu_left / workers if cpu_left is not None and workers > 0 else None,
        fraction=_share(spent, cpu_left) if cpu_left is not None and spent > 0 else _share(done, left),
    )


def fit_seconds(tallies: Sequence[Tally]) -> dict[tuple[int, int], float]:
    """Mean CPU seconds of a fit by (nside, round), for the rounds where any is measured."""
    return {(tally.nside, tally.round): tally.cpu_seconds / tally.done for tally in tallies if tally.done}


def _rounds(settings: PlanSettings, tallies: Sequence[Tally]) -> list[_Round]:
    """Every round that the scan has had or is expected to have."""
    measured = fit_seconds(tallies)
    last = next((measured[key] for key in reversed(measured)), None)
    begun = {(tally.nside, tally.round): tally for tally in tallies}
    rounds = []
    sizes = _sizes(settings, tallies)
    for nside, size in sizes.items():
        for number in range(settings.rounds):
            tally = begun.get((nside, number))
            if tally is not None:
                rounds.append(_Round(tally.done, tally.wanted - tally.done, measured.get((nside, number), last)))
            else:
                share = _expected_share(sizes, begun, number)
                rounds.append(_Round(0, share * size, last))
    return rounds


def _sizes(settings: PlanSettings, tallies: Sequence[Tally]) -> dict[int, int]:
    """Pixels of each stage by nside: of those that have begun as they are, of later ones as many as there can be."""
    begun = {tally.nside: tally.wanted for tally in tallies if tally.round == 0}
    (first, _), *later = settings.progression.stages
    sizes = {first: begun.get(first, 12 * first**2)}
    before = first
    for nside, extension in later:
        sizes[nside] = begun.get(nside, min(extension, sizes[before]) * (nside // before) ** 2)
        before = nside
    return sizes


def _expected_share(sizes: dict[int, int], begun: dict[tuple[int, int], Tally], number: int) -> float:
    """The share of its stage's pixels that round `number` of a later stage will want."""
    reached = [nside for nside in sizes if sizes[nside] and (nside, number) in begun]
    return begun[reached[-1], number].wanted / sizes[reached[-1]] if reached else 1.0


def _cpu_left(rounds: Sequence[_Round]) -> float | None:
    """Expected CPU seconds; None where fits are left and none was measured."""
    if any(r.left and r.seconds is None for r in rounds):
        return None
    return sum(r.left * r.seconds for r in rounds if r.seconds is not None)


def _share(done: float, left: float) -> float:
    return done / (done + left) if done + left > 0 else 1.0
