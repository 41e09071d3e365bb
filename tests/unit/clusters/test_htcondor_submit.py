"""The submit description: what stands in it, what cannot, and that HTCondor reads it as it is meant."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.clusters.base import Bundle, Order
from skydriver.clusters.configured import ClusterSettings
from skydriver.clusters.htcondor.submit import avoided, conditions, describe
from skydriver.errors import SettingError

FOLDER = Path("/data/jobs/s1")
ORDER = Order(
    service="f00d",
    scan="0x1",
    submission="s-1",
    pool="p-1",
    n_jobs=3,
    memory_mb=1500,
    disk_mb=200,
    priority=7,
    token="a secret that is told to nobody",  # noqa: S106 - none
    worker_url="https://service.test:8424",
    ca=b"-----BEGIN CERTIFICATE-----",
    baseline="x86-64-v3",
    image=None,
    bundle=Bundle("ab" * 32, 1000),
    avoid=("bad.test",),
)
NAMES = ("run.sh", "token", "start.json")


def settings(**given):
    return ClusterSettings(
        collector="pool.test", schedd="ap.test", ship="bundle", token_directory=Path("/tokens"), **given
    )


def read(order=ORDER, cluster=None, names=NAMES):
    """The description as a dictionary; a name that stands twice counts with its last value, as HTCondor has it."""
    lines = describe(order, cluster or settings(), names, FOLDER).splitlines()
    return dict(line.split(" = ", 1) for line in lines)


@pytest.fixture(scope="module")
def submit_class():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONDOR_CONFIG", "ONLY_ENV")
        import htcondor2
    return htcondor2.Submit


def test_what_stands_in_it():
    assert read() == {
        "universe": "vanilla",
        "executable": "/data/jobs/s1/run.sh",
        "initialdir": "/data/jobs/s1",
        "should_transfer_files": "YES",
        "when_to_transfer_output": "ON_EXIT",
        "transfer_input_files": "token,start.json",
        "transfer_output_files": '""',
        "output": "out.$(Process)",
        "error": "err.$(Process)",
        "log": "log.$(Process)",
        "request_cpus": "1",
        "request_memory": "1500",
        "request_disk": "204800",
        "requirements": '(TARGET.OpSys == "LINUX" && TARGET.Arch == "X86_64")'
        ' && (member(TARGET.Microarch, {"x86_64-v3", "x86_64-v4"}))'
        " && (member(TARGET.Machine, MY.SkyDriverAvoid) =!= true)",
        "job_lease_duration": "120",
        "job_max_vacate_time": "10",
        "max_retries": "0",
        "leave_in_queue": "JobStatus == 4 && time() - CompletionDate < 3600",
        "periodic_remove": "(JobStatus == 5 && HoldReasonCode =!= 16 && time() - EnteredCurrentStatus > 3600)"
        " || (JobStatus == 5 && time() - EnteredCurrentStatus > 86400)"
        " || (JobStatus == 1 && time() - EnteredCurrentStatus > 604800)",
        "batch_name": "skydriver-0x1",
        "MY.SkyDriverService": '"f00d"',
        "MY.SkyDriverScanId": '"0x1"',
        "MY.SkyDriverSubmission": '"s-1"',
        "MY.SkyDriverAvoid": '{"bad.test"}',
        "priority": "7",
    }


def test_nothing_secret_stands_in_it():
    text = describe(ORDER, settings(), NAMES, FOLDER)
    assert ORDER.token not in text
    assert "environment" not in text
    assert "arguments" not in text


def test_what_an_operator_says_is_passed_on():
    cluster = settings(
        requirements='Site == "x" || HasCVMFS',
        accounting_group="physics.sky",
        accounting_group_user="someone",
        concurrency_limits="sky:2",
        submit={"MY.WantFlocking": "true", "nice_user": "true"},
    )
    found = read(cluster=cluster)
    assert '(Site == "x" || HasCVMFS)' in found["requirements"]
    assert {name: found[name] for name in ("accounting_group", "accounting_group_user", "concurrency_limits")} == {
        "accounting_group": "physics.sky",
        "accounting_group_user": "someone",
        "concurrency_limits": "sky:2",
    }
    assert (found["MY.WantFlocking"], found["nice_user"]) == ("true", "true")


@pytest.mark.parametrize(
    "name",
    [
        *("queue", "Queue", "executable", "Environment", "MY.environment", "getenv", "request_memory", "log", "hold"),
        *("requirements", "RequestMemory", "MY.RequestMemory", "include", "MY.Requirements", "SkyDriverAvoid"),
        "MY.SkyDriverService",
    ],
)
def test_an_operator_cannot_change_what_is_ours(name):
    with pytest.raises(SettingError, match=re.escape(name)):
        read(cluster=settings(submit={name: "x"}))


@pytest.mark.parametrize(
    ("baseline", "accepted"),
    [("x86-64-v2", None), ("x86-64-v3", '{"x86_64-v3", "x86_64-v4"}'), ("x86-64-v4", '{"x86_64-v4"}')],
)
def test_better_machines_than_the_baseline_will_do_too(baseline, accepted):
    found = [
        c.expression for c in conditions(replace(ORDER, baseline=baseline), settings()) if "Microarch" in c.expression
    ]
    assert found == ([] if accepted is None else [f"member(TARGET.Microarch, {accepted})"])


@pytest.mark.parametrize(
    ("image", "feature"),
    [("/cvmfs/i/skymap_scanner:1.0", "HasSandboxImage"), ("/i/a.sif", "HasSIF"), ("docker://a/b:1", "HasDockerURL")],
)
@pytest.mark.parametrize("sent", [True, False])
def test_an_image_runs_where_its_kind_does(image, feature, sent):
    found = read(replace(ORDER, image=image, bundle=None), settings(transfer_image=sent))
    assert found["container_image"] == image
    assert found["transfer_container"] == str(sent).lower()
    assert f"(TARGET.HasContainer && TARGET.{feature})" in found["requirements"]


nasty = st.text(max_size=40) | st.sampled_from(
    ["a\nqueue 9", 'a"', "$(x)", "..", ".", "a b", "a,b", "", "é", "a\n", "../x"]
)


@given(st.sampled_from(["scan", "submission", "service"]), nasty)
def test_an_identifier_of_other_characters_is_refused(argument, text):
    order = replace(ORDER, **{argument: text})
    if re.fullmatch(r"(?!\.)[A-Za-z0-9_.-]{1,80}", text):
        assert text in describe(order, settings(), NAMES, FOLDER)
    else:
        with pytest.raises(SettingError, match=argument):
            describe(order, settings(), NAMES, FOLDER)


@given(nasty)
def test_an_image_or_file_of_other_characters_is_refused(text):
    for order, names in ((replace(ORDER, image=text), NAMES), (ORDER, (*NAMES, text))):
        try:
            description = describe(order, settings(), names, FOLDER)
        except SettingError:
            continue
        assert re.fullmatch(r"[\w./:+@=-]+", text, re.ASCII)
        assert text in description


@given(st.lists(nasty))
def test_what_is_no_machine_is_not_avoided(hosts):
    assert re.fullmatch(r'\{("[\w.:-]+"(, "[\w.:-]+")*)?\}', avoided(hosts), re.ASCII)


def test_the_last_of_too_many_machines_are_avoided():
    found = avoided(f"m{number}.test" for number in range(2000))
    assert found.count('"') == 2 * 500
    assert '"m1999.test"' in found


@given(
    st.sampled_from([None, 'TARGET.Site == "x"', "regexp('a b', Name)"]),
    st.sampled_from([None, "a.b"]),
    st.sampled_from([None, "/cvmfs/x:1", "/x.sif"]),
    st.lists(st.from_regex(r"[a-z0-9.-]{1,30}", fullmatch=True), max_size=3),
    st.integers(-(10**6), 10**6),
)
def test_htcondor_reads_it_as_it_is_meant(submit_class, requirements, group, image, avoid, priority):
    cluster = settings(requirements=requirements, accounting_group=group, submit={"MY.Extra": '"x"'})
    order = replace(ORDER, image=image, avoid=tuple(avoid), priority=priority)
    meant = read(order, cluster)
    found = submit_class(describe(order, cluster, NAMES, FOLDER))
    assert {name.lower(): value for name, value in found.items()} == {n.lower(): v for n, v in meant.items()}
    assert found.getQArgs() == ""
