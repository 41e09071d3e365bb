"""A real HTCondor pool that does not know us, does not answer, or begins anew."""

from __future__ import annotations

import os
import signal
import time

import pytest

from condor_pools import condor_pool, eventually
from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError, JobState


@pytest.fixture(scope="module")
def pool():
    with condor_pool("trouble", slots=2) as pool:
        yield pool


@pytest.fixture(scope="module")
def other_pool():
    with condor_pool("other", slots=1) as pool:
        yield pool


def tokens_of(folder, *texts):
    folder.mkdir(mode=0o700)
    for number, text in enumerate(texts):
        path = folder / f"token-{number}"
        path.touch(0o600)
        path.write_text(text)
    return folder


def is_refused(submitter, words):
    """Nothing can be submitted, everything can be seen, and why is told in words."""
    with pytest.raises(ClusterRefusalError, match=words):
        submitter.submit("true")
    assert submitter.jobs() == []
    with pytest.raises(ClusterRefusalError, match=words):
        submitter.cluster.remove(["1.0"], "a test")
    reach = submitter.cluster.reach()
    assert not reach.may_submit
    assert reach.n_slots > 0
    return reach.problem


def test_without_a_token_nothing_is_submitted(pool, submitter_to, tmp_path):
    submitter = submitter_to(pool, token_directory=tokens_of(tmp_path / "tokens"))
    assert "condor_token_create" in is_refused(submitter, "there is no token in .*/tokens")


def test_a_folder_that_is_not_there_is_said_so(pool, submitter_to, tmp_path):
    is_refused(submitter_to(pool, token_directory=tmp_path / "none"), r"cannot be read .No such file")


def test_an_expired_token_is_said_so(pool, submitter_to, tmp_path):
    text = pool.token(lifetime_s=1)
    time.sleep(2.1)  # it counts whole seconds, and nothing tells when they are over
    submitter = submitter_to(pool, token_directory=tokens_of(tmp_path / "tokens", text))
    is_refused(submitter, r"the token token-0 in .* expired at 20\d\d-")


def test_a_new_token_is_taken_without_a_new_start(pool, submitter_to, tmp_path):
    folder = tokens_of(tmp_path / "tokens")
    submitter = submitter_to(pool, token_directory=folder)
    is_refused(submitter, "there is no token")
    path = folder / "new"
    path.touch(0o600)
    path.write_text(pool.token())
    submitter.submit("true")
    submitter.becomes(JobState.COMPLETED)


def test_a_token_of_another_pool_is_said_so(pool, other_pool, submitter_to, tmp_path):
    submitter = submitter_to(pool, token_directory=tokens_of(tmp_path / "tokens", other_pool.token()))
    problem = is_refused(submitter, "accepts no token in")
    assert f"{other_pool.name}.test" in problem


@pytest.mark.parametrize("name", ["nonesuch.test", 'x" || true || Name == "'])
def test_an_unknown_schedd_is_never_another_one(pool, submitter_to, name):
    submitter = submitter_to(pool, schedd=name)
    for call in (lambda: submitter.submit("true"), submitter.jobs, submitter.cluster.reach):
        with pytest.raises(ClusterRefusalError, match="knows no schedd") as caught:
            call()
        assert pool.collector in str(caught.value)
    assert not [ad for ad in pool.queue() if ad.get("SkyDriverService") == submitter.service]


def test_a_collector_that_is_not_there_is_away(pool, submitter_to):
    submitter = submitter_to(pool, collector="127.0.0.1:1")
    with pytest.raises(ClusterAwayError, match=r"the collector 127\.0\.0\.1:1 does not answer"):
        submitter.jobs()


def test_a_frozen_schedd_costs_a_call_its_deadline_and_no_more(pool, submitter_to):
    submitter = submitter_to(pool, deadline_s=1.0)
    assert submitter.jobs() == []
    child = submitter.cluster._process.pid
    pool.signal("schedd", signal.SIGSTOP)
    try:
        for call in (submitter.jobs, lambda: submitter.submit("true")):
            with pytest.raises(ClusterAwayError, match="did not answer within"):
                call()
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    finally:
        pool.proceed()
    eventually(lambda: _answers(submitter))
    assert len(submitter.jobs()) <= 1  # whether it was submitted nobody knows: it is found by its number
    assert submitter.cluster._process.pid != child


def test_a_schedd_that_was_killed_is_found_again_and_its_jobs_with_it(pool, submitter_to):
    submitter = submitter_to(pool)
    submitter.submit("sleep 60")
    (job,) = submitter.becomes(JobState.RUNNING)
    payloads = pool.payloads()
    pool.signal("schedd", signal.SIGKILL)
    eventually(lambda: pool.pids("schedd"))
    eventually(lambda: _answers(submitter))
    (job,) = submitter.becomes(JobState.RUNNING)
    assert job.hold is None
    assert set(payloads) <= set(pool.payloads())
    submitter.cluster.remove([job.id], "enough")
    eventually(lambda: not submitter.jobs() and not pool.payloads())


def _answers(submitter):
    try:
        submitter.jobs()
    except ClusterAwayError:
        return False
    return True
