"""What a worker's words come to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from skydriver.db.stores.tasks import Key
from skydriver.services.coordination.outcomes import judge, lost_with_worker
from skydriver.services.coordination.wire import PixelOutcome

KEY = Key(8, 0, 5, "")
OPEN, LEASED, DONE = 0, 1, 2


def fit(state=LEASED, task="mine", failures=0, losses=0):
    return SimpleNamespace(state=state, task=task, failures=failures, losses=losses)


def said(outcome="done", llh=1.5, index=5, **values: object):
    return PixelOutcome(index=index, outcome=outcome, llh=llh, cpu_seconds=0.25, **values)


def judged(row, *outcomes: PixelOutcome):
    return judge({KEY: row}, outcomes, "mine")


def test_a_value_ends_a_fit():
    result = judged(fit(), said(x=1.0, E_in=None))
    ((key, values),) = result.done
    assert key == KEY
    assert (values["llh"], values["x"], values["E_in"], values["error"]) == (1.5, 1.0, None, None)
    assert result.cpu_seconds == 0.25


@pytest.mark.parametrize("row", [fit(task="another"), fit(state=OPEN, task=None)])
def test_a_late_value_counts_and_a_late_failure_does_not(row):
    assert judged(row, said()).done
    late = judged(row, said("failed"))
    assert not late.done
    assert not late.again


@pytest.mark.parametrize("llh", [None, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_a_failure(llh):
    result = judged(fit(), said(llh=llh))
    assert not result.done
    assert result.again == [(KEY, {"failures": 1, "losses": 0})]


@pytest.mark.parametrize(("outcome", "n_stopped"), [("failed", 0), ("stopped", 1)])
def test_third_failure_is_the_last(outcome, n_stopped):
    assert judged(fit(failures=1), said(outcome)).again == [(KEY, {"failures": 2, "losses": 0})]
    result = judged(fit(failures=2), said(outcome, error="why"))
    ((_, values),) = result.done
    assert values["llh"] is None
    assert values["error"] == "why"
    assert result.n_stopped == n_stopped


def test_a_lost_fit_is_no_attempt_and_the_fifth_loss_is_the_last():
    assert judged(fit(failures=2, losses=3), said("lost")).again == [(KEY, {"failures": 2, "losses": 4})]
    result = judged(fit(losses=4), said("lost"))
    assert result.done
    assert result.n_lost == 1


def test_first_word_on_a_pixel_counts():
    result = judged(fit(), said(llh=1.0), said(llh=2.0))
    assert [values["llh"] for _, values in result.done] == [1.0]
    assert result.cpu_seconds == 0.25


def test_pixels_of_others_do_not_count():
    result = judged(fit(), said(index=6), said("failed", index=7))
    assert not result.done
    assert not result.again


def test_a_long_error_is_cut_and_stays_text():
    ((_, values),) = judged(fit(failures=2), said("failed", error="ä" * 1000)).done
    assert len(values["error"].encode()) <= 242


def test_a_fit_whose_workers_die_is_given_up_in_the_end():
    assert lost_with_worker(fit(losses=3)) == {"state": OPEN, "task": None, "losses": 4}
    given_up = lost_with_worker(fit(losses=4))
    assert given_up["state"] == DONE
    assert given_up["llh"] is None
    assert "5 workers died" in given_up["error"]
