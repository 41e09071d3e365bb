"""What the doctor says of clusters, by clusters that answer as they are told."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from pool_scans import clusters_file
from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError, Matches
from skydriver.clusters.configured import read_clusters
from skydriver.clusters.htcondor.cluster import Reach
from skydriver.clusters.images import ENGINE, MARKER
from skydriver.clusters.shipping.archive import write_archive
from skydriver.config import Settings
from skydriver.errors import SettingError
from skydriver.services.checkup import bundle, clusters
from skydriver.services.checkup.bundle import about_bundle, look_at_bundle
from skydriver.services.checkup.clusters import look_at_clusters
from skydriver.services.checkup.run import check_up
from skydriver.services.checkup.tokens import look_at_tokens
from skydriver.services.checkup.workers_address import look_at_address

REACH = Reach("<192.0.2.1:9618?sock=schedd>", "23.9.6", "sky@pool.test", may_submit=True, n_slots=8, problem=None)


class Answers:
    """A cluster."""

    reach_says: Reach | Exception = REACH
    matches_says: Matches | Exception = Matches(8, 4, "4 of 8 slots match")

    def __init__(self, name, _settings, _folder, deadline_s):
        self.name, self.closed = name, False
        assert deadline_s <= 10.0
        made.append(self)

    def reach(self):
        return given(self.reach_says)

    def matches(self, order):
        orders.append(order)
        return given(self.matches_says)

    def close(self):
        self.closed = True


made: list[Answers] = []
orders: list = []


def given(what):
    if isinstance(what, Exception):
        raise what
    return what


@pytest.fixture(autouse=True)
def answers(monkeypatch):
    """The kind of all clusters."""
    kind = type("Told", (Answers,), {})
    monkeypatch.setattr(clusters, "HTCondorCluster", kind)
    made.clear()
    orders.clear()
    return kind


def token(expires=None):
    said = {"iss": "pool.test"} | ({} if expires is None else {"exp": expires})
    return f"h.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip('=')}.s\n"


@pytest.fixture
def tokens(tmp_path):
    folder = tmp_path / "tokens"
    folder.mkdir(mode=0o700)
    (folder / "pool").touch(mode=0o600)
    (folder / "pool").write_text(token())
    return folder


@pytest.fixture
def findings(tmp_path, tokens):
    """A function: what is found of clusters, by their names and what they say besides."""

    def find(*, named=None, unlisted=None, **settings):
        where = {"collector": "c", "schedd": "s", "token_directory": str(tokens)}
        usual = where | {"ship": "bundle", "max_jobs": 50}
        tables = {name: usual | values for name, values in (named or {"east": {}}).items()}
        path = clusters_file(tmp_path / "clusters.toml", "b.tar.gz", tables, unlisted=unlisted)
        found = look_at_clusters(Settings(data=tmp_path / "data", **settings), read_clusters(path))
        return {finding.name: finding for finding in found}

    return find


def wrong(found):
    return [name for name, finding in found.items() if not finding.ok]


def test_of_a_cluster_that_is_well_nothing_is_wrong(findings):
    found = findings()
    assert list(found) == ["east: token", "east: schedd", "east: submitting", "east: slots"]
    assert wrong(found) == []
    assert found["east: schedd"].says == "HTCondor 23.9.6 answers at 192.0.2.1:9618"
    assert all(finding.cure is None for finding in found.values())
    assert made[0].closed


def test_a_job_by_default_is_what_is_compared_with_slots(findings):
    findings(named={"east": {}})
    (order,) = orders
    assert (order.baseline, order.image, order.token) == ("x86-64-v3", None, "")
    assert 128 <= order.memory_mb <= 4096


@pytest.mark.parametrize("error", [ClusterAwayError("the schedd does not answer"), ClusterRefusalError("no schedd x")])
def test_of_a_cluster_that_does_not_answer_nothing_more_is_asked(findings, answers, error):
    answers.reach_says = error
    found = findings()
    assert wrong(found) == ["east: schedd"]
    assert found["east: schedd"].says == str(error)
    assert "east: slots" not in found
    assert orders == []


def test_who_may_not_submit_is_told_why_and_what_to_do(findings, answers):
    answers.reach_says = REACH._replace(may_submit=False, problem="there is no token")
    found = findings()
    assert wrong(found) == ["east: submitting"]
    assert found["east: submitting"].says == "there is no token"
    assert "condor_token_create" in found["east: submitting"].cure


def test_slots_none_of_which_match_are_wrong(findings, answers):
    answers.matches_says = Matches(8, 0, "0 of 8 slots match: 8 are no x86-64-v4")
    found = findings()
    assert wrong(found) == ["east: slots"]
    assert "8 are no x86-64-v4" in found["east: slots"].says


def test_clusters_are_looked_at_side_by_side_and_told_in_their_order(findings, answers):
    together = threading.Barrier(3, timeout=5.0)

    def reach(_self):
        together.wait()
        return REACH

    answers.reach = reach
    names = [name.partition(":")[0] for name in findings(named={"b": {}, "a": {}, "c": {}})]
    assert list(dict.fromkeys(names)) == ["b", "a", "c"]


@pytest.mark.parametrize(("max_jobs", "is_wrong"), [(50, False), (51, True)])
def test_above_fifty_jobs_an_image_is_demanded(findings, max_jobs, is_wrong):
    found = findings(named={"east": {"max_jobs": max_jobs}})
    assert wrong(found) == ["east: jobs"] * is_wrong
    assert not is_wrong or "image" in found["east: jobs"].cure


def test_unlisted_clusters_are_looked_at_as_far_as_they_are_known(findings, tokens):
    unlisted = {"collectors": ["*.test"], "token_directory": str(tokens), "ship": "bundle"}
    found = findings(unlisted=unlisted)
    assert wrong(found) == ["other clusters: jobs"]


def test_a_line_that_cannot_be_submitted_is_wrong_before_anybody_is_asked(findings):
    found = findings(named={"east": {"image": "/images/a b.sif", "ship": "container"}})
    assert wrong(found) == ["east: keys"]
    assert made == []


def test_an_image_that_is_here_must_hold_this_release(findings, tmp_path):
    folder = tmp_path / "image"
    named = {"east": {"ship": "container", "image": str(folder), "max_jobs": 1000}}
    assert "not on this machine" in findings(named=named)["east: image"].says
    folder.mkdir()
    assert MARKER in findings(named=named)["east: image"].says
    (folder / MARKER).write_text('{"engine": "skydriver-0.0.0"}')
    assert wrong(findings(named=named)) == ["east: image"]
    (folder / MARKER).write_text(json.dumps({"engine": ENGINE}))
    assert wrong(findings(named=named)) == []
    assert orders[-1].image == str(folder)


def test_an_image_that_is_sent_from_here_must_be_here(findings, tmp_path):
    named = {"east": {"ship": "container", "image": str(tmp_path / "none.sif"), "transfer_image": True}}
    assert wrong(findings(named=named)) == ["east: image"]


def test_without_an_image_there_must_be_one_below_the_roots(findings, tmp_path):
    named = {"east": {"ship": "container"}}
    found = findings(named=named, image_roots=(tmp_path,))
    assert wrong(found) == ["east: image"]
    assert "SKYDRIVER_IMAGE_ROOTS" in found["east: image"].says


@pytest.mark.parametrize("expires", [100.0, 50.0])
def test_tokens_of_which_none_is_good_any_more_are_wrong(tokens, expires):
    (tokens / "pool").write_text(token(expires))
    with pytest.raises(SettingError, match=r"token_directory: every token .* expired.*1970-01-01 00:0"):
        look_at_tokens(tokens, now=100.0)


def test_one_good_token_is_enough_and_its_end_is_told(tokens):
    (tokens / "old").touch(mode=0o600)
    (tokens / "old").write_text(token(50.0))
    (tokens / "pool").write_text(token(4e9))
    assert look_at_tokens(tokens, now=100.0) == "pool of pool.test, to 2096-10-02 07:06 UTC"


@pytest.mark.parametrize("which", [".", "pool"])
def test_what_others_can_read_is_wrong(tokens, which):
    (tokens / which).chmod(0o750)
    with pytest.raises(SettingError, match="has mode 0750"):
        look_at_tokens(tokens)


def test_no_token_and_no_folder_are_wrong(tmp_path, tokens):
    (tokens / "pool").unlink()
    with pytest.raises(SettingError, match="there is no token in"):
        look_at_tokens(tokens)
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        look_at_tokens(tmp_path / "none")


ABOUT = {"engine": ENGINE, "numerics": "0.1.0/x86-64-v3/0", "python": "3.13", "baseline": "x86-64-v3"}


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """A function: clusters with a bundle that says so of itself."""
    monkeypatch.setattr(bundle, "numerics_of", lambda baseline: f"0.1.0/{baseline}/0")

    def pack(**about):
        folder = tmp_path / "packed"
        folder.mkdir(exist_ok=True)
        (folder / "bundle.json").write_text(json.dumps(ABOUT | about))
        path = tmp_path / "bundle.tar.gz"
        write_archive(folder, path)
        where = {"collector": "c", "schedd": "s", "token_directory": "/t", "ship": "bundle"}
        return read_clusters(clusters_file(tmp_path / "c.toml", path, {"east": where}))

    return pack


def test_a_bundle_of_ours_is_right_and_its_python_told(packed):
    assert look_at_bundle(packed()).endswith("for Python 3.13 and x86-64-v3")


@pytest.mark.parametrize("changed", [{"engine": "skydriver-9"}, {"baseline": "x86-64-v2"}, {"numerics": "0.1.0/x/1"}])
def test_a_bundle_that_cannot_fit_with_us_is_wrong(packed, changed):
    (value,) = changed.values()
    with pytest.raises(SettingError, match=f"{value}, but the workers here are"):
        look_at_bundle(packed(**changed))


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00damaged"])
def test_what_is_no_bundle_is_wrong(tmp_path, content):
    (tmp_path / "b").write_bytes(content)
    with pytest.raises(SettingError, match="none that skydriver bundle made"):
        about_bundle(tmp_path / "b")


def test_a_bundle_that_is_not_there_is_wrong(tmp_path):
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        about_bundle(tmp_path / "none")


def test_clusters_need_the_workers_address(tmp_path, packed):
    with pytest.raises(SettingError, match="SKYDRIVER_WORKER_BIND: it is needed"):
        look_at_address(Settings(data=tmp_path), packed())


def test_an_address_at_which_nothing_listens_yet_is_told(tmp_path, packed):
    settings = Settings(data=tmp_path, worker_bind="127.0.0.1:1")
    assert look_at_address(settings, packed()) == "https://127.0.0.1:1; no service listens there now"
    assert not (tmp_path / "worker-tls").exists()


def test_a_file_of_clusters_that_cannot_be_read_is_the_last_thing_that_is_told(tmp_path):
    found = list(check_up(Settings(data=tmp_path, local_workers=0, clusters=tmp_path / "none.toml", port=0)))
    assert (found[-1].name, found[-1].ok) == ("clusters", False)
    assert "none.toml cannot be read" in found[-1].says
