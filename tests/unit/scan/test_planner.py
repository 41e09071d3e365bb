"""The laws of the planner, on simulated scans and against a slow, obvious planner."""

import math
import random
from dataclasses import replace
from functools import cache

import healpy
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.scan import pixels
from skydriver.scan.fits import Finished, FitKey, Wanted
from skydriver.scan.planner import Ledger, PlanSettings, final_fits, plan
from skydriver.scan.progression import parse_nsides

IMPROVEMENT = 1e-3


def toy_fit(wanted, salt, nan_rate=0.0):
    """A fit whose llh depends on pixel and seeds as if by chance: many ties, tiny improvements, NaN and infinities."""
    dice = random.Random(f"{salt} {wanted!r}")  # noqa: S311 - a toy, no secret
    if dice.random() < nan_rate:
        return Finished(wanted, dice.choice([math.nan, math.nan, -math.inf, math.inf]), *[math.nan] * 6, 0.1, "lost")
    llh = 500 + 0.5 * dice.randrange(12) - dice.choice([0, 0, IMPROVEMENT / 2, 2 * IMPROVEMENT])
    return Finished(wanted, llh, math.nan, 1e4, *[dice.uniform(-500, 500) for _ in range(4)], dice.random())


def speckles(salt, share):
    """A region of pixels drawn by chance, each for itself: so parents without a child inside too."""

    def inside(nside, pixels):
        dice = (random.Random(f"{salt} {nside} {pixel}") for pixel in pixels)  # noqa: S311 - a toy, no secret
        return np.array([die.random() < share for die in dice], dtype=bool)

    return inside


def only_inside(plan_settings, nside, pixels):
    """Those of some pixels that belong to the scan."""
    inside = plan_settings.inside
    return list(pixels) if inside is None else [pixel for pixel in pixels if inside(nside, [pixel])[0]]


class SlowPlan:
    """The laws of the planner, written down one by one with dictionaries and no thought of speed."""

    def __init__(self, settings, finished) -> None:
        self.settings = settings
        self.results = {}
        for fit in finished:
            self.results.setdefault(fit.wanted, fit)
        self.certain, self.speculative, self.finished, self.maps, self.ever_wanted = [], [], False, {}, []
        self._run()

    def _run(self):
        stages = self.settings.progression.stages
        first = stages[0].nside
        wanted = [Wanted(first, 0, pixel, ()) for pixel in only_inside(self.settings, first, range(12 * first**2))]
        for i, stage in enumerate(stages):
            if not self._stage(stage.nside, wanted):
                if i + 1 < len(stages):
                    self._speculate(stage.nside, len(wanted), stages[i + 1])
                return
            if i + 1 < len(stages):
                wanted = self._children(stage.nside, self._parents(stage.nside, stages[i + 1]), stages[i + 1].nside)
        self.finished = True

    def _stage(self, nside, wanted):
        pixels = sorted(w.pixel for w in wanted)
        fits = self.maps[nside] = {pixel: [] for pixel in pixels}
        for number in range(self.settings.rounds):
            self.ever_wanted += wanted
            before = {pixel: value(best(fits[pixel])) for pixel in pixels}
            for w in wanted:
                if w in self.results:
                    fits[w.pixel].append(self.results[w])
            self.certain = [w for w in wanted if w not in self.results]
            if self.certain:
                return False
            new = [p for p in pixels if value(best(fits[p])) < before[p] - IMPROVEMENT]
            wanted = []
            for pixel in pixels:
                seeds = sorted(set(neighbours(nside)[pixel]) & set(new))
                if seeds:
                    keys = tuple(FitKey(nside, best(fits[s]).wanted.round, s) for s in seeds)
                    wanted.append(Wanted(nside, number + 1, pixel, keys))
        return True

    def _ranked(self, nside):
        return sorted(self.maps[nside], key=lambda pixel: (value(best(self.maps[nside][pixel])), pixel))

    def _parents(self, nside, stage):
        have_a_child = {p for p, _ in self._families(nside, stage.nside)}
        return [p for p in self._ranked(nside) if p in have_a_child][: stage.extension]

    def _families(self, nside, child_nside):
        children = only_inside(self.settings, child_nside, range(12 * child_nside**2))
        return [(int(p), child) for p, child in zip(parents_of(nside, child_nside)[children], children, strict=True)]

    def _children(self, nside, parents, child_nside):
        wanted = []
        for parent in parents:
            fit = best(self.maps[nside][parent])
            seeds = (fit.wanted.key,) if value(fit) < math.inf else ()
            wanted += [
                Wanted(child_nside, 0, child, seeds) for p, child in self._families(nside, child_nside) if p == parent
            ]
        return wanted

    def _speculate(self, nside, n_pixels, stage):
        threshold = self.settings.predictive_scanning_threshold
        first = sum(any(fit.wanted.round == 0 for fit in fits) for fits in self.maps[nside].values())
        if threshold < 1 and first >= threshold * n_pixels:
            parents = [p for p in self._parents(nside, stage) if value(best(self.maps[nside][p])) < math.inf]
            wanted = self._children(nside, parents, stage.nside)
            self.speculative = [w for w in wanted if w not in self.results]

    def final(self):
        return {n: [best(fits[p]) for p in sorted(fits) if fits[p]] for n, fits in self.maps.items()}


@cache
def parents_of(nside, child_nside):
    return healpy.ang2pix(nside, *healpy.pix2ang(child_nside, range(12 * child_nside**2)))


@cache
def neighbours(nside):
    return healpy.get_all_neighbours(nside, range(12 * nside**2)).T.tolist()


def best(fits):
    """The fit of lowest finite llh, the earlier round's at a tie; the first one if there is none."""
    return min(fits, key=lambda fit: (value(fit), fit.wanted.round), default=None)


def value(fit):
    return fit.llh if fit is not None and math.isfinite(fit.llh) else math.inf


@st.composite
def scans(draw):
    """Settings of a small scan, often of a part of the sky, a toy likelihood, and how often it fails."""
    nsides = draw(
        st.sampled_from(["1:0", "2:0", "1:0,2:5", "2:0,8:3", "1:0,2:12,4:7", "1:0,4:2,8:5", "1:0,2:3,4:4,8:2"])
    )
    threshold = draw(st.sampled_from([1.0, 1.0, 0.1, 0.5, 0.9]) | st.floats(0.1, 1.0))
    inside = draw(st.none() | st.builds(speckles, st.integers(0, 10**6), st.sampled_from([0.1, 0.3, 0.9])))
    plan_settings = PlanSettings(parse_nsides(nsides), draw(st.integers(1, 4)), threshold, inside)
    return plan_settings, draw(st.integers(0, 10**6)), draw(st.sampled_from([0.0, 0.2, 0.9, 1.0]))


def in_order(plan_settings, salt, nan_rate):
    """The fits of a scan by one worker that takes what is certain, first things first."""
    finished, ledger = [], Ledger(plan_settings)
    while not ledger.plan().finished:
        batch = [toy_fit(wanted, salt, nan_rate) for wanted in ledger.plan().certain]
        ledger.extend(batch)
        finished += batch
    return finished


def at_random(plan_settings, salt, nan_rate, dice):
    """The fits of a scan by workers that take anything, are killed, repeat themselves and report out of order."""
    finished, ledger = [], Ledger(plan_settings)
    while not (now := ledger.plan()).finished:
        on_offer = [*now.certain, *now.speculative]
        batch = [toy_fit(w, salt, nan_rate) for w in dice.sample(on_offer, dice.randint(1, len(on_offer)))]
        batch += dice.sample(finished, min(len(finished), dice.randint(0, 3)))
        ledger.extend(batch)
        finished += batch
        if dice.random() < 0.2:  # killed: a new life begins from what is in the database, in no order
            dice.shuffle(finished)
            ledger = Ledger(plan_settings)
            ledger.extend(finished)
    return finished


def as_text(maps):
    """A map as text: NaN equals NaN there."""
    return repr([(r.nside, r.complete, r.fits) for r in maps.values()])


@settings(max_examples=40, deadline=None)
@given(scans(), st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_order_kills_repeats_or_threshold(scan, dice):
    plan_settings, salt, nan_rate = scan
    without = replace(plan_settings, predictive_scanning_threshold=1.0)
    expected = final_fits(without, in_order(without, salt, nan_rate))
    assert as_text(final_fits(plan_settings, at_random(plan_settings, salt, nan_rate, dice))) == as_text(expected)
    if plan_settings.inside is None:
        assert [len(result.fits) for result in expected.values()] == list(plan_settings.progression.stage_pixels)
    assert all(result.complete for result in expected.values())


@settings(max_examples=40, deadline=None)
@given(scans(), st.randoms(use_true_random=False), st.floats(0, 1))
def test_the_plan_is_the_slow_obvious_one_at_any_moment(scan, dice, fraction):
    plan_settings, salt, nan_rate = scan
    fits = at_random(plan_settings, salt, nan_rate, dice)
    some = fits[: int(fraction * len(fits))] if dice.random() < 0.7 else dice.sample(fits, int(fraction * len(fits)))
    slow, ours = SlowPlan(plan_settings, some), plan(plan_settings, some)
    assert sorted(ours.certain) == sorted(slow.certain)
    assert sorted(ours.speculative) == sorted(slow.speculative)
    assert ours.finished == slow.finished
    maps = final_fits(plan_settings, some)
    assert repr({n: list(r.fits) for n, r in maps.items()}) == repr(slow.final())
    assert list(ours.certain) == [w for w in slow.ever_wanted if w in set(ours.certain)], "the order is the plan's"


@settings(max_examples=25, deadline=None)
@given(scans(), st.randoms(use_true_random=False))
def test_adding_bit_by_bit_is_planning_from_scratch(scan, dice):
    plan_settings, salt, nan_rate = scan
    ledger, finished = Ledger(plan_settings), []
    for fit in at_random(plan_settings, salt, nan_rate, dice):
        ledger.add(fit)
        finished.append(fit)
        if dice.random() < 0.05:
            dice.shuffle(finished)
            assert ledger.plan() == plan(plan_settings, finished)
            assert as_text(ledger.final_fits()) == as_text(final_fits(plan_settings, finished))


def seeded_fits(ledger, wanted, salt):
    """Fits whose llh and vertex depend on where they begin: on the very fits that their seeds name."""
    for one in wanted:
        dice = random.Random(f"{salt} {one!r} {[ledger.fit(key).x for key in one.seeds]}")  # noqa: S311 - a toy
        yield Finished(one, dice.uniform(500, 510), math.nan, 1e4, dice.random(), 0.0, 0.0, 0.0, 0.1)


def run_seeded(ledger, salt):
    """To its end."""
    while wanted := ledger.plan().certain:
        ledger.extend(list(seeded_fits(ledger, wanted, salt)))
    return ledger


@settings(max_examples=40, deadline=None)
@given(scans(), st.integers(0, 10**6))
@example((PlanSettings(parse_nsides("1:0,4:2"), 4), 0, 0.0), 1)
def test_a_wider_scan_that_goes_on_from_a_narrow_one_is_one_that_was_wide_from_the_start(scan, salt):
    """And repeats none of its fits but sweeps of the last stage."""
    narrow = run_seeded(Ledger(scan[0]), salt)
    progression = scan[0].progression.widened()
    if progression is None:
        return
    wider, whole = (Ledger(replace(scan[0], progression=progression)) for _ in range(2))
    wider.extend(narrow.results_for_wider())
    todo = wider.plan().certain
    assert {one.nside for one in todo} <= {progression.nsides[-1]}
    assert not {fit.wanted for fit in narrow.results() if fit.wanted.round == 0} & set(todo)
    assert as_text(run_seeded(wider, salt).final_fits()) == as_text(run_seeded(whole, salt).final_fits())


@settings(max_examples=25, deadline=None)
@given(scans())
def test_no_fit_is_wanted_twice_and_every_seed_is_a_finished_fit_with_a_value(scan):
    plan_settings, salt, nan_rate = scan
    ledger, asked = Ledger(plan_settings), set()
    while not (now := ledger.plan()).finished:
        assert now.certain
        assert not asked & {(w.nside, w.pixel, w.seeds) for w in now.certain if w.seeds}
        asked |= {(w.nside, w.pixel, w.seeds) for w in now.certain}
        for wanted in now.certain:
            assert all(math.isfinite(ledger.fit(seed).llh) for seed in wanted.seeds)
            assert all(ledger.fit(seed).wanted.key == seed for seed in wanted.seeds)
        ledger.extend([toy_fit(w, salt, nan_rate) for w in now.certain])
    assert now.certain == now.speculative == ()


@settings(max_examples=25, deadline=None)
@given(scans())
def test_a_later_stage_is_exactly_the_children_inside_of_the_lowest_pixels_that_have_one(scan):
    plan_settings, salt, nan_rate = scan
    maps = list(final_fits(plan_settings, in_order(plan_settings, salt, nan_rate)).values())
    for coarse, fine, stage in zip(maps, maps[1:], plan_settings.progression.stages[1:], strict=False):
        ranked = sorted(coarse.fits, key=lambda fit: (value(fit), fit.wanted.pixel))
        rows = pixels.children(coarse.nside, [fit.wanted.pixel for fit in ranked], fine.nside).tolist()
        kept = [row for row in (only_inside(plan_settings, fine.nside, row) for row in rows) if row][: stage.extension]
        assert [fit.wanted.pixel for fit in fine.fits] == sorted(pixel for row in kept for pixel in row)


def test_the_lowest_pixels_without_a_child_inside_leave_their_place_to_others():
    """Pixels 0 to 2 have none."""
    inside = [child for row in pixels.children(1, range(3, 12), 2).tolist() for child in row]

    def region(nside, some):
        return np.isin(some, inside if nside == 2 else range(12))

    _, rounds = run_rounds(PlanSettings(parse_nsides("1:0,2:2"), 1, 1.0, region), lambda _, pixel: 100.0 + pixel)
    assert set(pixels.parents(2, [w.pixel for w in rounds[1]], 1).tolist()) == {3, 4}


@settings(max_examples=25, deadline=None)
@given(scans(), st.randoms(use_true_random=False))
def test_nothing_outside_is_ever_asked_for(scan, dice):
    plan_settings, salt, nan_rate = scan
    for fit in at_random(plan_settings, salt, nan_rate, dice):
        assert only_inside(plan_settings, fit.wanted.nside, [fit.wanted.pixel])


def around(pixel, nside):
    """A region of one pixel, all that is within it and all that it is within."""
    place = healpy.pix2ang(nside, pixel)

    def inside(other, others):
        coarse = healpy.ang2pix(min(nside, other), *healpy.pix2ang(other, np.asarray(others, int)))
        return np.asarray(coarse == healpy.ang2pix(min(nside, other), *place))

    return inside


@given(st.integers(0, 767), st.integers(0, 10**6))
def test_a_region_of_one_pixel_is_followed_to_the_end(pixel, salt):
    one = PlanSettings(parse_nsides("1:0,2:3,8:2"), 2, inside=around(pixel, 8))
    maps = final_fits(one, in_order(one, salt, 0.2))
    assert [len(result.fits) for result in maps.values()] == [1, 1, 1]
    assert maps[8].fits[0].wanted.pixel == pixel


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 4]))
def test_regions_that_cover_the_sky_cover_the_first_stage(salt, nside):
    sky = PlanSettings(parse_nsides(f"{nside}:0"), 1)
    one = speckles(salt, 0.5)
    halves = (one, lambda nside, pixels: ~one(nside, pixels))
    wanted = [w for inside in halves for w in plan(replace(sky, inside=inside), []).certain]
    assert sorted(wanted) == sorted(plan(sky, []).certain)


@settings(max_examples=25, deadline=None)
@given(scans())
def test_a_region_of_the_whole_sky_is_the_whole_sky(scan):
    plan_settings, salt, nan_rate = scan
    without = replace(plan_settings, inside=None)
    whole = replace(plan_settings, inside=lambda _, pixels: np.ones(len(pixels), bool))
    assert repr(in_order(whole, salt, nan_rate)) == repr(in_order(without, salt, nan_rate))


def test_a_scan_of_nothing_is_finished_and_empty():
    nothing = Ledger(PlanSettings(parse_nsides("1:0,2:3"), 2, 0.5, lambda _, pixels: np.zeros(len(pixels), bool)))
    assert nothing.plan().finished
    assert nothing.best() is None
    assert [(r.nside, r.complete, r.fits) for r in nothing.final_fits().values()] == [(1, True, ()), (2, True, ())]


def test_a_stage_may_be_empty_and_the_best_is_the_one_befores():
    coarse_only = PlanSettings(
        parse_nsides("1:0,2:3,4:2"), 2, inside=lambda nside, pixels: np.full(len(pixels), nside < 2)
    )
    ledger, _ = run_rounds(coarse_only, lambda _, pixel: 100.0 + pixel)
    assert ledger.best().wanted.key == FitKey(1, 0, 0)
    assert [len(result.fits) for result in ledger.final_fits().values()] == [12, 0, 0]


def finish(wanted, llh):
    return Finished(wanted, llh, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1)


def run_rounds(plan_settings, llh_of):
    """A scan whose llh is a function of round and pixel; the rounds it went through."""
    ledger, rounds = Ledger(plan_settings), []
    while not (now := ledger.plan()).finished:
        rounds.append(now.certain)
        ledger.extend([finish(w, llh_of(w.round, w.pixel)) for w in now.certain])
    return ledger, rounds


def test_sweeps_reseed_only_beside_what_improved():
    four_rounds = PlanSettings(parse_nsides("8:0"), 4)
    _, rounds = run_rounds(four_rounds, lambda number, pixel: 90.0 if (number, pixel) == (1, 300) else 100.0)
    beside = sorted(pixels.neighbours(8, [300])[0].tolist())
    assert len(rounds[1]) == 768
    assert rounds[1][300].seeds == tuple(FitKey(8, 0, pixel) for pixel in beside)
    assert rounds[2] == tuple(Wanted(8, 2, pixel, (FitKey(8, 1, 300),)) for pixel in beside)
    assert len(rounds) == 3, "nothing improved in the second sweep, so there is no third"


def test_improvements_below_the_minimum_count_but_are_not_passed_on():
    ledger, rounds = run_rounds(PlanSettings(parse_nsides("1:0"), 4), lambda number, _: 100.0 - 5e-4 * number)
    assert len(rounds) == 2
    assert {fit.llh for fit in ledger.final_fits()[1].fits} == {100.0 - 5e-4}


def test_a_tie_between_rounds_is_the_earlier_ones():
    ledger, _ = run_rounds(PlanSettings(parse_nsides("1:0"), 2), lambda *_: 100.0)
    assert {fit.wanted.round for fit in ledger.final_fits()[1].fits} == {0}


@pytest.mark.parametrize("lost", range(12))
@pytest.mark.parametrize("bad", [math.nan, -math.inf, math.inf])
def test_nan_never_wins_wherever_it_is_met(lost, bad):
    plan_settings = PlanSettings(parse_nsides("1:0,2:11"), 1)
    ledger, rounds = run_rounds(plan_settings, lambda _, pixel: bad if pixel == lost else 100.0 + pixel)
    refined = {pixels.parents(2, [w.pixel], 1)[0] for w in rounds[1]}
    assert refined == set(range(12)) - {lost}
    assert ledger.best() is not None
    assert ledger.best().llh == min(100.0 + pixel for pixel in range(12) if pixel != lost)


def test_the_best_of_nothing_but_failures_is_none():
    ledger, _ = run_rounds(PlanSettings(parse_nsides("1:0,2:3"), 2), lambda *_: math.nan)
    assert ledger.best() is None
    assert ledger.plan().finished


def test_failed_parents_are_refined_only_for_want_of_others_and_from_the_algorithms_own_seeds():
    _, rounds = run_rounds(PlanSettings(parse_nsides("1:0,2:2"), 1), lambda _, pixel: 1.0 if pixel == 7 else math.nan)
    parents = pixels.parents(2, [w.pixel for w in rounds[1]], 1).tolist()
    assert parents == [7] * 4 + [0] * 4
    assert {w.seeds for w in rounds[1][:4]} == {(FitKey(1, 0, 7),)}
    assert {w.seeds for w in rounds[1][4:]} == {()}


def test_speculation_starts_at_the_threshold_and_one_stage_deep():
    plan_settings = PlanSettings(parse_nsides("1:0,2:2,4:1"), 1, 0.5)
    ledger = Ledger(plan_settings)
    for wanted in ledger.plan().certain[:5]:
        ledger.add(finish(wanted, 100.0 - wanted.pixel))
        assert ledger.plan().speculative == ()
    ledger.add(finish(ledger.plan().certain[0], 95.0))
    now = ledger.plan()
    assert len(now.certain) == 6
    assert [w.seeds for w in now.speculative] == [(FitKey(1, 0, 5),)] * 4 + [(FitKey(1, 0, 4),)] * 4
    ledger.extend([finish(w, 90.0) for w in now.speculative])
    assert ledger.plan().speculative == ()
    assert list(ledger.final_fits()) == [1], "speculation is no part of a partial map"


@pytest.mark.parametrize(("threshold", "begun"), [(1.0, False), (0.99, True)])
def test_sweeps_leave_room_for_speculation_unless_the_threshold_is_1(threshold, begun):
    ledger = Ledger(PlanSettings(parse_nsides("1:0,2:2"), 2, threshold))
    ledger.extend([finish(w, 100.0) for w in ledger.plan().certain])
    assert {w.round for w in ledger.plan().certain} == {1}
    assert bool(ledger.plan().speculative) == begun


def test_the_first_answer_counts():
    ledger = Ledger(PlanSettings(parse_nsides("1:0,2:1"), 1, 0.5))
    first = [finish(w, 100.0 + w.pixel) for w in ledger.plan().certain]
    ledger.extend(first[:6])
    early = ledger.plan().speculative
    ledger.extend([finish(w, llh) for llh in (50.0, 40.0) for w in early])
    ledger.extend(first[6:] + [fit._replace(llh=1.0) for fit in first])
    assert ledger.plan().finished
    assert {fit.llh for fit in ledger.final_fits()[2].fits} == {50.0}
    assert min(fit.llh for fit in ledger.final_fits()[1].fits) == 100.0


def test_the_best_is_the_finer_stages_at_a_tie_then_the_lower_pixel():
    ledger, _ = run_rounds(PlanSettings(parse_nsides("1:0,2:2"), 1), lambda *_: 100.0)
    assert ledger.best().wanted.key == FitKey(2, 0, min(pixels.children(1, [0, 1], 2).ravel()))


def test_a_partial_map_says_which_stages_are_complete():
    ledger = Ledger(PlanSettings(parse_nsides("1:0,2:1"), 2))
    ledger.extend([finish(w, 100.0) for w in ledger.plan().certain])
    assert [(r.complete, len(r.fits)) for r in ledger.final_fits().values()] == [(False, 12)]
    ledger.extend([finish(w, 100.0) for w in ledger.plan().certain])
    ledger.add(finish(ledger.plan().certain[0], 100.0))
    assert [(r.complete, len(r.fits)) for r in ledger.final_fits().values()] == [(True, 12), (False, 1)]


def test_tallies_count_the_fits_that_count():
    ledger, _ = run_rounds(PlanSettings(parse_nsides("1:0,2:1"), 3), lambda number, _: 100.0 - (number == 1))
    assert [(t.nside, t.round, t.wanted, t.done) for t in ledger.tallies()] == [
        *[(1, number, 12, 12) for number in range(3)],
        *[(2, number, 4, 4) for number in range(3)],
    ]
    assert sum(t.cpu_seconds for t in ledger.tallies()) == pytest.approx(48 * 0.1)


@pytest.mark.parametrize("rounds", [0, 5, -1])
def test_rounds_out_of_range_are_refused(rounds):
    with pytest.raises(SettingError, match=r"^rounds: "):
        PlanSettings(parse_nsides("1:0"), rounds)


@pytest.mark.parametrize("threshold", [0.0, 0.0999, 1.0001, math.nan, math.inf, -0.5])
def test_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(SettingError, match=r"^predictive_scanning_threshold: "):
        PlanSettings(parse_nsides("1:0"), 1, threshold)
