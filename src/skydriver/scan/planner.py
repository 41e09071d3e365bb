"""The planner: from settings and finished fits to what is wanted next, and to the final map.

`plan` and `final_fits` are pure functions of their arguments. A `Ledger` is the same thing bit by bit: adding fits
one at a time, in any order, leads to the same plan. The laws:

- Stage 0 fits every pixel of the sky from the algorithm's own seeds. A later stage refines the N pixels of lowest llh
  (ties by index, NaN last), each child seeded from its parent's best fit.
- A scan of a part of the sky fits only what is inside: those pixels of stage 0, then the children inside of the N
  pixels of lowest llh that have one; fewer where fewer have one, and a stage may be empty.
- Within a stage, round 0 is followed by at most ``rounds - 1`` sweeps. A sweep begins when the round before is complete
  and re-seeds a pixel from those neighbours whose best fit improved in that round; it leaves all others alone.
- A pixel's value is its lowest llh over the rounds, ties to the earlier round. What is not finite never wins.
- Speculation starts the next stage's round 0 from present values. Its fits count only if the final plan wants the
  same pixel from the same seeds, so the threshold changes when work starts and never the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from skydriver.errors import SettingError
from skydriver.scan.descent import Descent, Inside, sky
from skydriver.scan.fits import Finished, FitKey, Wanted
from skydriver.scan.stage import StageFits, begin, refine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skydriver.scan.progression import Progression

__all__ = [
    "Finished",
    "FitKey",
    "Inside",
    "Ledger",
    "Plan",
    "PlanSettings",
    "StageResult",
    "Tally",
    "Wanted",
    "final_fits",
    "plan",
]

MAX_ROUNDS = 4
"""Round 0 and at most three sweeps: more were measured not to move the best pixel."""
THRESHOLD_RANGE = (0.1, 1.0)
"""Allowed values of the predictive scanning threshold."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a scan is to do.

    Raises
    ------
    SettingError
        Naming ``rounds`` or ``predictive_scanning_threshold`` where they are out of range.
    """

    progression: Progression
    rounds: int
    """Rounds per stage, 1 to 4: round 0 and the sweeps."""
    predictive_scanning_threshold: float = 1.0
    """Fraction of a stage's pixels with a round-0 result from which the next stage is begun; 1: never early."""
    inside: Inside | None = None
    """Which pixels of an nside belong to the scan, a pure function; None: the whole sky."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.rounds <= MAX_ROUNDS:
            raise SettingError("rounds", f"{self.rounds} is not between 1 and {MAX_ROUNDS}")
        low, high = THRESHOLD_RANGE
        if not (
            math.isfinite(self.predictive_scanning_threshold) and low <= self.predictive_scanning_threshold <= high
        ):
            problem = f"{self.predictive_scanning_threshold} is not between {low} and {high}"
            raise SettingError("predictive_scanning_threshold", problem)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do next."""

    certain: tuple[Wanted, ...]
    """Fits that the final result needs and that are not finished, in a fixed order: the rest of one round."""
    speculative: tuple[Wanted, ...]
    """Fits of the next stage that may turn out to be needed; only for workers that `certain` leaves idle."""
    finished: bool
    """Whether the scan is complete; then both are empty."""


class Tally(NamedTuple):
    """How far a round is. Rounds that have not begun have no tally; those that want nothing have an empty one."""

    nside: int
    round: int
    wanted: int
    """Fits that the round consists of."""
    done: int
    cpu_seconds: float
    """CPU time of those that are done."""


class StageResult(NamedTuple):
    """A stage's part of the map."""

    nside: int
    complete: bool
    """Whether every round of the stage is finished."""
    fits: tuple[Finished, ...]
    """Each finished pixel's best fit, sorted by pixel."""


class Ledger:
    """Finished fits, and the plan that follows from them.

    Adding a fit costs microseconds, reading the plan a pass over what is open. Results need not be added in the order
    in which they were wanted; the first result of a `Wanted` counts and later ones are ignored.
    """

    def __init__(self, settings: PlanSettings) -> None:
        self.settings = settings
        self._results: dict[Wanted, Finished] = {}
        self._counted: dict[FitKey, Finished] = {}
        self._stages: list[StageFits] = []
        self._descent: Descent | None = None
        self._open: dict[Wanted, None] = {}
        self._tallies: list[Tally] = []
        self._finished = False
        nside = settings.progression.stages[0].nside
        self._begin_stage(nside, begin(nside, sky(nside, settings.inside)))
        self._advance()

    def add(self, fit: Finished) -> None:
        """Take in a finished fit, whether or not the plan wants it now."""
        if fit.wanted in self._results:
            return
        self._results[fit.wanted] = fit
        if fit.wanted in self._open:
            del self._open[fit.wanted]
            self._absorb(fit)
            self._advance()

    def extend(self, fits: Iterable[Finished]) -> None:
        """Take in several."""
        for fit in fits:
            self.add(fit)

    def plan(self) -> Plan:
        """What to do next."""
        return Plan(tuple(self._open), self._speculative(), self._finished)

    def fit(self, key: FitKey) -> Finished:
        """The finished fit that a seed of a wanted fit names; its vertex is the seed. KeyError if there is none."""
        return self._counted[key]

    def final_fits(self) -> dict[int, StageResult]:
        """The map so far, by nside: only fits that belong to the plan."""
        return {
            stage.nside: StageResult(
                stage.nside,
                self._finished or stage is not self._stages[-1],
                tuple([stage.best[pixel] for pixel in stage.pixels if pixel in stage.best]),
            )
            for stage in self._stages
        }

    def results(self) -> tuple[Finished, ...]:
        """Every finished fit, also those that the plan does not want."""
        return tuple(self._results.values())

    def results_for_wider(self) -> tuple[Finished, ...]:
        """The finished fits that a scan with more pixels in its last stage has too.

        Those of that stage's sweeps are not among them: a seed is named by its round and pixel, and with more
        neighbours the fit of that name may be another one.
        """
        last = self.settings.progression.nsides[-1]
        return tuple(fit for fit in self._results.values() if fit.wanted.nside != last or fit.wanted.round == 0)

    def tallies(self) -> tuple[Tally, ...]:
        """How far each round is that has begun, in order."""
        return tuple(self._tallies)

    def best(self) -> Finished | None:
        """The fit of lowest llh so far over all stages; ties to the finer stage, then to the lower pixel."""
        best: Finished | None = None
        for stage in self._stages:
            if stage.top is not None and (best is None or stage.top.llh <= best.llh):
                best = stage.top
        return best

    def _begin_stage(self, nside: int, wanted: list[Wanted]) -> None:
        self._stages.append(StageFits(nside, sorted(fit.pixel for fit in wanted)))
        self._descent = self._next_descent()
        self._begin_round(0, wanted)

    def _next_descent(self) -> Descent | None:
        """From the stage that runs to the next; None from the last."""
        following = self.settings.progression.nsides[len(self._stages) :]
        return Descent(self._stages[-1].nside, following[0], self.settings.inside) if following else None

    def _begin_round(self, number: int, wanted: list[Wanted]) -> None:
        """Open a round; fits that are already there, from speculation or an earlier life, count at once."""
        self._tallies.append(Tally(self._stages[-1].nside, number, len(wanted), 0, 0.0))
        self._open = {fit: None for fit in wanted if fit not in self._results}
        for fit in wanted:
            if fit in self._results:
                self._absorb(self._results[fit])

    def _absorb(self, fit: Finished) -> None:
        self._stages[-1].absorb(fit)
        self._counted[fit.wanted.key] = fit
        tally = self._tallies[-1]
        self._tallies[-1] = tally._replace(done=tally.done + 1, cpu_seconds=tally.cpu_seconds + fit.cpu_seconds)

    def _advance(self) -> None:
        """Open rounds and stages until there is something to do or nothing is left."""
        while not self._open and not self._finished:
            number = self._tallies[-1].round + 1
            wanted = self._stages[-1].sweep(number) if number < self.settings.rounds else []
            if wanted:
                self._begin_round(number, wanted)
                continue
            nside = self._stages[-1].nside
            self._tallies += [Tally(nside, later, 0, 0, 0.0) for later in range(number, self.settings.rounds)]
            if self._descent is None:
                self._finished = True
            else:
                children = refine(self._stages[-1], self._parents(self._descent), self._descent)
                self._begin_stage(self._descent.child_nside, children)

    def _parents(self, descent: Descent) -> list[int]:
        """The pixels of the stage that runs which the next would refine as present values have it, best first."""
        coarse, extension = self._stages[-1], self.settings.progression.stages[len(self._stages)].extension
        ranked = coarse.lowest(extension if self.settings.inside is None else len(coarse.pixels))
        return descent.parents(ranked, extension)

    def _speculative(self) -> tuple[Wanted, ...]:
        """Round 0 of the next stage as present values would have it, for parents that have a value."""
        coarse, threshold = self._stages[-1], self.settings.predictive_scanning_threshold
        is_early = threshold >= 1 or coarse.first_done < threshold * len(coarse.pixels)
        if self._descent is None or is_early:
            return ()
        parents = [pixel for pixel in self._parents(self._descent) if coarse.has_value(pixel)]
        return tuple([fit for fit in refine(coarse, parents, self._descent) if fit not in self._results])


def plan(settings: PlanSettings, finished: Iterable[Finished]) -> Plan:
    """What to do next, given all fits finished so far, in any order."""
    return _ledger(settings, finished).plan()


def final_fits(settings: PlanSettings, finished: Iterable[Finished]) -> Mapping[int, StageResult]:
    """The map by nside, of a whole or a partial scan, given all fits finished so far, in any order."""
    return _ledger(settings, finished).final_fits()


def _ledger(settings: PlanSettings, finished: Iterable[Finished]) -> Ledger:
    ledger = Ledger(settings)
    ledger.extend(finished)
    return ledger
