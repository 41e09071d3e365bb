"""Jobs on a real HTCondor pool: how they start, end, are held, released, removed, and what is said of them."""

from __future__ import annotations

import json

import pytest

from condor_pools import condor_pool, eventually
from skydriver.clusters.base import ClusterRefusalError, JobState, Submitted
from skydriver.clusters.htcondor import cluster as module


@pytest.fixture(scope="module")
def pool():
    with condor_pool("jobs", slots=4, memory_mb=1024) as pool:
        yield pool


@pytest.fixture
def submitter(pool, submitter_to):
    return submitter_to(pool)


def test_jobs_run_and_end_with_their_code_and_last_word(submitter, pool):
    submitted = submitter.submit("echo begin >&2; echo out of luck >&2; echo; exit 3", n_jobs=2)
    assert submitted == Submitted(submitted.cluster_id, 2)
    assert not any(submitter.folder.rglob("*"))  # the token above all
    jobs = submitter.becomes(JobState.COMPLETED)
    assert [job.id for job in jobs] == [f"{submitted.cluster_id}.0", f"{submitted.cluster_id}.1"]
    assert {(job.exit_code, job.exit_signal, job.host, job.n_starts) for job in jobs} == {
        (3, None, f"{pool.name}.test", 1)
    }
    assert [submitter.cluster.story(job) for job in jobs] == ["out of luck"] * 2
    submitter.cluster.remove([job.id for job in jobs], "they have been seen")
    eventually(lambda: not submitter.jobs())
    assert not any(submitter.folder.rglob("*"))


def test_a_job_that_was_killed_says_by_which_signal(submitter):
    submitter.submit("kill -9 $$")
    (job,) = submitter.becomes(JobState.COMPLETED)
    assert (job.exit_code, job.exit_signal) == (None, 9)
    assert job.failure == "its worker was killed by signal 9"
    assert submitter.cluster.story(job) == "killed by signal 9"


def test_the_token_is_there_for_the_job_alone_and_in_nobodys_sight(submitter, pool):
    submitter.submit('test "$(stat -c %a token)" = 600 && test "$(wc -c < token)" = 24 && sleep 60')
    eventually(lambda: pool.payloads("sleep"))
    shown = json.dumps(pool.queue())
    assert "starter-" not in shown
    assert submitter.service in shown
    submitter.cluster.remove([job.id for job in submitter.jobs()], "enough")


def test_a_job_that_needs_more_memory_is_held_for_that(submitter):
    submitter.submit("""exec python3 -c 'x = b"1" * 400_000_000; import time; time.sleep(60)'""")
    (job,) = submitter.becomes(JobState.HELD, JobState.COMPLETED)
    assert job.hold.is_for_memory
    assert "memory" in job.hold.reason
    assert job.n_holds == 1
    assert submitter.cluster.story(job) == job.hold.reason
    submitter.cluster.remove([job.id], "it gets more memory")
    eventually(lambda: not submitter.jobs())


def test_a_held_job_runs_after_its_release(submitter, pool):
    submitter.submit("test -e /tmp/no-such-file || sleep 60")
    (job,) = submitter.becomes(JobState.RUNNING)
    pool.run("condor_hold", "-reason", "for a look", job.id)
    (job,) = submitter.becomes(JobState.HELD)
    assert job.hold.is_wanted
    assert "for a look" in job.hold.reason
    submitter.cluster.release([job.id], "it has been looked at")
    (job,) = submitter.becomes(JobState.RUNNING)
    assert job.hold is None
    submitter.cluster.remove([job.id], "enough")
    eventually(lambda: not submitter.jobs() and not pool.payloads())


def test_jobs_wait_for_a_machine_that_they_do_not_avoid(submitter, pool):
    submitter.submit("true", avoid=(f"{pool.name}.test",))
    (job,) = submitter.becomes(JobState.IDLE)
    (ad,) = [ad for ad in pool.queue() if ad.get("SkyDriverService") == submitter.service]
    assert ad["SkyDriverAvoid"]
    eventually(lambda: "LastRejMatchReason" in pool.run("condor_q", "-all", "-long", job.id).stdout)
    submitter.cluster.avoid([job.id], ["other.test", "no machine"])
    submitter.becomes(JobState.COMPLETED)


def test_only_jobs_of_the_service_itself_are_touched(submitter, submitter_to, pool):
    other = submitter_to(pool)
    other.submit("sleep 60")
    submitter.submit("sleep 60")
    (theirs,), (ours,) = other.becomes(JobState.RUNNING), submitter.becomes(JobState.RUNNING)
    submitter.cluster.remove([theirs.id, ours.id, "99999.0"], "a test")
    eventually(lambda: not submitter.jobs())
    assert [job.state for job in other.jobs()] == [JobState.RUNNING]
    other.cluster.remove([theirs.id], "enough")


@pytest.mark.parametrize("wrong", ["1", "1.0 || true", "x", "", "1.0\n"])
def test_what_is_no_number_of_a_job_is_refused(submitter, wrong):
    submitter.jobs()
    with pytest.raises(ClusterRefusalError, match="is no job's number"):
        submitter.cluster.remove([wrong], "a test")


def test_jobs_whose_files_cannot_be_sent_do_not_stay(submitter, pool, monkeypatch):
    whole = module.describe

    def without_it(*arguments):  # what is run is looked for only when it is sent
        return whole(*arguments).replace("/run.sh\n", "/missing\n")

    monkeypatch.setattr(module, "describe", without_it)
    with pytest.raises(ClusterRefusalError, match=r"does not take the jobs.*missing"):
        submitter.submit("true", n_jobs=3)
    assert all(job.state is JobState.REMOVED for job in submitter.jobs())  # at once, whatever the schedd does itself
    eventually(lambda: not submitter.jobs())
    assert not any(submitter.folder.rglob("*"))
    assert not [ad for ad in pool.queue() if ad.get("SkyDriverService") == submitter.service]


def test_why_jobs_find_no_slot(submitter_to, pool):
    submitter = submitter_to(pool)
    matches = submitter.cluster.matches
    order = submitter.order
    assert matches(order()) == (4, 4, "4 of 4 slots match")
    assert matches(order(memory_mb=64_000)) == (4, 0, "0 of 4 slots match: 4 have less than 64000 MB of memory")
    assert matches(order(memory_mb=2048)) == (4, 2, "2 of 4 slots match: 2 have less than 2048 MB of memory")
    assert matches(order(image="/a/b")) == (4, 0, "0 of 4 slots match: 4 run no such containers")
    here = f"{pool.name}.test"
    assert matches(order(avoid=(here,))).says == "0 of 4 slots match: 4 are avoided, for jobs failed there"
    picky = submitter_to(pool, requirements='TARGET.Site == "elsewhere"').cluster
    assert picky.matches(order()).says == "0 of 4 slots match: 4 do not fulfil the cluster's requirements"


def test_a_busy_slot_matches_too(submitter_to, pool):
    submitter = submitter_to(pool)
    submitter.submit("sleep 60", n_jobs=4)
    jobs = submitter.becomes(JobState.RUNNING)
    assert submitter.cluster.matches(submitter.order()).n_matching == 4
    submitter.cluster.remove([job.id for job in jobs], "enough")
    eventually(lambda: not submitter.jobs() and not pool.payloads())


def test_a_pool_says_who_we_are(submitter, pool):
    reach = submitter.cluster.reach()
    assert reach.identity == f"skydriver@{pool.name}.test"
    assert reach.may_submit
    assert reach.problem is None
    assert reach.n_slots == 4
    assert reach.version[0].isdigit()
