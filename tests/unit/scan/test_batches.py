"""Tasks: nothing lost, nothing twice, never longer than promised."""

from hypothesis import given
from hypothesis import strategies as st

from skydriver.scan.batches import MAX_BATCH_SECONDS, UNMEASURED_BATCH, batch_size, cut
from skydriver.scan.fits import Wanted

SECONDS = st.floats(0, 100)


def fits(nside, number, count):
    return [Wanted(nside, number, pixel, ()) for pixel in range(count)]


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 50), st.dictionaries(st.just((8, 0)), SECONDS))
def test_tasks_are_the_wanted_fits_in_order_and_never_mix_rounds(first, second, workers, seconds):
    wanted = fits(8, 0, first) + fits(8, 1, second)
    tasks = tuple(cut(wanted, seconds, workers))
    assert [fit for task in tasks for fit in task] == wanted
    assert all(len({(fit.nside, fit.round) for fit in task}) == 1 for task in tasks)


@given(st.integers(1, 10_000), SECONDS, st.integers(1, 1000))
def test_a_task_is_at_most_half_a_second_and_a_fair_share(left, seconds, workers):
    size = batch_size(left, seconds, workers)
    assert 1 <= size <= left
    if size > 1:
        assert size * seconds <= MAX_BATCH_SECONDS * (1 + 1e-12)
        assert size * 4 * workers <= left
    # One more fit would break a promise.
    assert (size + 1) * seconds > MAX_BATCH_SECONDS * (1 - 1e-12) or (size + 1) * 4 * workers > left


def test_first_tasks_are_small():
    assert [len(task) for task in cut(fits(8, 0, 768), {}, 2)][:3] == [UNMEASURED_BATCH] * 3
    assert [len(task) for task in cut(fits(1, 0, 12), {}, 2)] == [1] * 12, "every worker gets some of a small sky"


def test_a_round_not_measured_is_taken_to_be_like_the_last_one():
    assert len(next(cut(fits(64, 0, 768), {(8, 0): 1.0, (8, 1): 0.1}, 1))) == 5


def test_tasks_shrink_towards_the_end():
    sizes = [len(task) for task in cut(fits(8, 0, 768), {(8, 0): 1e-3}, 2)]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (96, 1)
