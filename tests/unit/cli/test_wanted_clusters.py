"""Where a scan is to be fitted, as the command line says it."""

from __future__ import annotations

import pytest

from skydriver.cli.submit import local_cluster, wanted_clusters
from skydriver.clusters.configured import read_clusters
from skydriver.errors import SettingError
from skydriver.services.requested_clusters import parse_clusters, place


@pytest.mark.parametrize("workers", [None, 3])
def test_without_clusters_the_service_s_own_machine_fits(workers):
    assert wanted_clusters(workers, []) == local_cluster(workers)


@pytest.mark.parametrize(
    ("workers", "texts", "wanted"),
    [
        (None, ["east=4"], [["east", 4]]),
        (2, ["east=4"], [["local", 2], ["east", 4]]),
        (0, ["east=4"], [["east", 4]]),
        (None, ["local=2", "east=4", "east=1"], [["local", 2], ["east", 4], ["east", 1]]),
    ],
)
def test_clusters_are_those_that_are_named(workers, texts, wanted):
    assert wanted_clusters(workers, texts) == wanted
    assert [cluster.as_given() for cluster in parse_clusters("cluster", wanted)] == wanted


@pytest.mark.parametrize("text", ["east", "east=", "=4", "east=0", "east=-1", "east=1.5", "east=many", "east=²"])
def test_what_is_no_cluster_is_named(text):
    with pytest.raises(SettingError, match="not NAME=JOBS"):
        wanted_clusters(None, [text])


def test_the_service_s_own_machine_is_said_once():
    with pytest.raises(SettingError, match="--workers"):
        wanted_clusters(2, ["local=2"])


def test_what_is_only_local_needs_no_configured_cluster():
    asked = parse_clusters("cluster", wanted_clusters(None, ["local=2"]))
    assert place("cluster", asked, read_clusters(None), 1).n_local == 2
