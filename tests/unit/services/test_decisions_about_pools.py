"""What is done about a pool next: laws of the pure function, by hand and over random queues."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.clusters.base import Hold, Job, JobState
from skydriver.services.pools.decide import (
    LEAST_FAILURES,
    MOST_AT_ONCE,
    MOST_HOLDS,
    MOST_STARTS,
    End,
    Found,
    GiveUp,
    Gone,
    Release,
    Remove,
    Sub,
    Submit,
    Wanted,
    decide,
)

NOW = 1000.0
MEMORY = Hold(34, 0, "too much memory")
SPOOLING = Hold(16, 0, "spooling")
OTHER = Hold(13, 2, "no such file")
PERSON = Hold(1, 0, "by a person")


def wanted(n_jobs=2, **changes):
    usual = {"is_given_up": False, "memory_mb": 400, "max_memory_mb": 1600, "failures": 0, "not_before": 0.0}
    return Wanted(n_jobs, **(usual | {"has_worked": True} | changes))


def job(proc=0, state=JobState.RUNNING, submission="s", **changes):
    usual = {"cluster_id": 7, "since": NOW - 1.0, "host": "a", "n_starts": 1, "n_holds": 0, "memory_mb": 400}
    none = dict.fromkeys(("hold", "exit_code", "exit_signal"))
    return Job(proc=proc, submission=submission, state=state, **(usual | none | changes))


def held(hold, **changes):
    return job(state=JobState.HELD, hold=hold, **({"n_holds": 1, "since": NOW - 60.0} | changes))


def sub(n_jobs=2, ended=(), name="s", *, intended=False):
    return Sub(name, intended, n_jobs, frozenset(ended))


def steps(jobs, subs=None, now=NOW, **changes):
    queue = {}
    for each in jobs:
        queue.setdefault(each.submission, []).append(each)
    return decide(wanted(**changes), [sub()] if subs is None else subs, queue, now)


def test_a_new_pool_submits_all_with_its_memory():
    assert steps([], []) == [Submit(2, 400)]


def test_many_are_submitted_in_turn():
    assert steps([], [], n_jobs=MOST_AT_ONCE + 10) == [Submit(MOST_AT_ONCE, 400)]


def test_nothing_is_done_while_all_is_well():
    assert steps([job(0), job(1, JobState.IDLE)]) == []


def test_what_is_missing_is_submitted_but_not_before_its_time():
    assert steps([job(0)], [sub(1)]) == [Submit(1, 400)]
    assert steps([job(0)], [sub(1)], not_before=NOW + 1.0) == []


def test_more_jobs_are_submitted_for_more_that_are_wanted():
    assert steps([job(0), job(1)], n_jobs=5) == [Submit(3, 400)]


def test_idle_jobs_go_where_there_are_more_than_are_wanted():
    idle = job(1, JobState.IDLE)
    assert steps([job(0), idle], n_jobs=1) == [
        End("s", 1, idle, None),
        Remove(("7.1",), "there are more than are wanted"),
    ]
    assert steps([job(0), job(1)], n_jobs=1) == []


def test_a_submission_whose_answer_was_lost_is_found_again():
    assert steps([job(0), job(1, JobState.IDLE)], [sub(intended=True)]) == [Found("s", 7)]


def test_one_that_is_not_in_the_queue_is_gone_and_nothing_is_submitted_before_that_is_stored():
    assert steps([], [sub(intended=True)]) == [Gone("s")]


@pytest.mark.parametrize(
    "jobs",
    [
        [held(SPOOLING), held(SPOOLING, proc=1)],
        [job(0)],
        [job(0), job(1), job(0, cluster_id=8), job(1, cluster_id=8)],
    ],
    ids=["files on their way", "half of it", "twice"],
)
def test_one_that_is_not_there_as_a_whole_is_removed(jobs):
    (step,) = steps(jobs, [sub(intended=True)])
    assert isinstance(step, Remove)
    assert set(step.ids) == {each.id for each in jobs}


def test_an_ended_job_is_noted_before_it_is_removed_and_replaced_only_afterwards():
    done = job(0, JobState.COMPLETED, exit_code=0)
    assert steps([done, job(1)]) == [End("s", 0, done, None), Remove(("7.0",), "it has ended")]
    assert steps([done, job(1)], [sub(ended=[0])]) == [Remove(("7.0",), "it has ended"), Submit(1, 400)]
    assert steps([job(1)], [sub(ended=[0])]) == [Submit(1, 400)]


@pytest.mark.parametrize(
    ("how", "words"),
    [({"exit_signal": 9}, "killed by signal 9"), ({"exit_code": 1}, "ended with code 1")],
)
def test_a_failed_job_says_how(how, words):
    end = steps([job(0, JobState.COMPLETED, **how), job(1)])[0]
    assert words in end.failure


def test_a_job_that_somebody_removed_is_noted_and_its_submission_gone_with_the_last():
    assert [step.proc for step in steps([job(0)])] == [1]
    assert Gone("s") in steps([], [sub(ended=[0, 1])])


def test_a_job_held_for_memory_is_never_released_but_replaced_with_more():
    end, remove = steps([held(MEMORY), job(1)])
    assert (end.proc, end.memory_mb, remove.ids) == (0, 800, ("7.0",))
    assert "held for memory with 400 MB" in end.failure


def test_one_that_may_have_no_more_memory_ends_the_pool():
    found = steps([held(MEMORY, memory_mb=1600), job(1)])
    assert isinstance(found[-1], GiveUp)
    assert "1600 MB" in found[-1].problem


def test_a_held_job_is_released_later_each_time_and_given_up_at_last():
    assert steps([held(OTHER, since=NOW - 4.0), job(1)]) == []
    assert steps([held(OTHER, since=NOW - 6.0), job(1)]) == [Release(("7.0",))]
    assert steps([held(OTHER, since=NOW - 6.0, n_holds=2), job(1)]) == []
    assert steps([held(OTHER, since=NOW - 11.0, n_holds=2), job(1)]) == [Release(("7.0",))]
    end, remove = steps([held(OTHER, n_holds=MOST_HOLDS), job(1)])
    assert OTHER.reason in end.failure
    assert remove.ids == ("7.0",)


def test_what_a_person_holds_is_left_alone():
    assert steps([held(PERSON), job(1)]) == []


def test_files_that_do_not_come_end_a_job():
    assert steps([held(SPOOLING), job(1)]) == []
    end, _ = steps([held(SPOOLING, since=NOW - 121.0), job(1)])
    assert "did not reach" in end.failure


def test_a_job_that_never_comes_to_work_is_given_up():
    loops = job(0, JobState.IDLE, n_starts=MOST_STARTS, eviction="no such image")
    assert steps([loops, job(1)]) == []
    end, _ = steps([loops, job(1)], has_worked=False)
    assert "no such image" in end.failure


def test_a_pool_is_given_up_after_many_failures():
    bad = job(0, JobState.COMPLETED, exit_code=1)
    assert not any(isinstance(step, GiveUp) for step in steps([bad, job(1)], failures=LEAST_FAILURES - 2))
    found = steps([bad, job(1)], failures=LEAST_FAILURES - 1)
    assert isinstance(found[-1], GiveUp)
    assert "ended with code 1" in found[-1].problem


def test_of_a_pool_that_is_given_up_only_what_runs_goes_on():
    idle = job(1, JobState.IDLE)
    found = steps([job(0), idle], is_given_up=True)
    assert found == [End("s", 1, idle, None), Remove(("7.1",), "its cluster is given up")]


def test_a_pool_that_is_needed_no_more_is_emptied_whatever_its_jobs_do():
    jobs = [job(0), held(MEMORY, proc=1), job(0, JobState.COMPLETED, submission="t", exit_code=1)]
    found = steps(jobs, [sub(), sub(1, name="t"), sub(1, name="u", intended=True)], n_jobs=0)
    assert [type(step) for step in found] == [Remove, Remove, Gone]
    assert found[0].ids == ("7.0", "7.1")


HOLDS = st.sampled_from([MEMORY, SPOOLING, OTHER, PERSON])


@st.composite
def queues(draw):
    subs, jobs = [], []
    for number in range(draw(st.integers(0, 3))):
        name, n_jobs = f"s{number}", draw(st.integers(1, 4))
        ended = draw(st.sets(st.integers(0, n_jobs - 1)))
        intended = draw(st.booleans()) and not ended
        subs.append(sub(n_jobs, ended, name, intended=intended))
        for proc in draw(st.sets(st.integers(0, n_jobs - 1))):
            state = draw(st.sampled_from(list(JobState)))
            hold = draw(HOLDS) if state is JobState.HELD else None
            code = draw(st.sampled_from([0, 1])) if state is JobState.COMPLETED else None
            about = {"n_holds": draw(st.integers(0, 5)), "since": NOW - draw(st.floats(0, 200)), "exit_code": code}
            jobs.append(job(proc, state, name, cluster_id=number, hold=hold, **about))
    return subs, jobs


@given(queues(), st.integers(0, 6), st.integers(0, 8), st.booleans())
def test_laws(found, n_jobs, failures, is_given_up):
    subs, jobs = found
    did = steps(jobs, subs, n_jobs=n_jobs, failures=failures, is_given_up=is_given_up)
    removed = [name for step in did if isinstance(step, Remove) for name in step.ids]
    ids = {each.id for each in jobs}
    assert len(removed) == len(set(removed))
    assert set(removed) <= ids
    released = {name for step in did if isinstance(step, Release) for name in step.ids}
    assert not released & {each.id for each in jobs if each.hold in {MEMORY, SPOOLING, PERSON} or each.hold is None}
    assert not released & set(removed)
    submits = [step for step in did if isinstance(step, Submit)]
    live = sum(
        each.state is not JobState.REMOVED and each.proc not in one.ended
        for one in subs
        for each in jobs
        if each.submission == one.id
    )
    assert len(submits) <= 1
    for step in submits:
        assert live + step.n_jobs <= n_jobs
        assert not any(one.is_intended for one in subs)
        assert not is_given_up
    gone = [step.submission for step in did if isinstance(step, Gone)]
    assert not {each.submission for each in jobs} & set(gone)
    ends = [(step.submission, step.proc) for step in did if isinstance(step, End)]
    assert len(ends) == len(set(ends))
    assert not any(proc in one.ended for one in subs for name, proc in ends if name == one.id)
    if not n_jobs:
        assert set(removed) == {each.id for each in jobs if each.state is not JobState.REMOVED}
        assert set(gone) == {one.id for one in subs} - {each.submission for each in jobs}
