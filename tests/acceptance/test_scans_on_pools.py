"""Scans on two real pools side by side, and what shifters and operators see of them."""

from __future__ import annotations

import json
import platform
import re
import signal
import sqlite3
import time
from contextlib import closing
from functools import cache

import pytest

from bundles import BASELINE, bundle_of
from condor_pools import condor_pool, eventually
from pool_images import pool_image
from pool_scans import ended, service_with, table
from skydriver.errors import InputError
from watched_scans import (
    GONE_S,
    await_gone,
    await_running,
    ever,
    everybodys_words,
    holding,
    jobs,
    look,
    map_of,
    of_2023,
    pool_folder,
    request,
    statuses,
    token_files,
)

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="its baseline is one of x86")
DONE = "SCAN_HAS_FINAL_RESULT"
TWO = {"8": 0, "64": 12}
THREE = {"8": 0, "64": 12, "512": 24}
LONG = {"reco_algo": "dummy:1:1.0", "nsides": {"4": 0}}
"""So many fits that a scan goes on until it is aborted."""
SOME = {"reco_algo": "dummy:1:0.3", "nsides": {"2": 0}}
"""Some seconds of fits, so that something can be done meanwhile."""
SILENCE_S = 60.0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_of(tmp_path_factory, "pool").path


@pytest.fixture(scope="module")
def pools():
    with condor_pool("east", apptainer=True) as east, condor_pool("west", slots=5) as west:
        yield east, west


@pytest.fixture(scope="module")
def image(bundle, pools):
    """The folder of an image as the pool's machines see it: their own programs, and the worker beside them."""
    with pool_image(pools[0], bundle) as path:
        yield path


@pytest.fixture(scope="module")
def orphan(bundle, pools, shared, tmp_path_factory):
    """A job whose service was killed and never comes back: its number, and when."""
    west = pools[1]
    with service_with(tmp_path_factory.mktemp("gone"), bundle, {"west": table(west)}) as running:
        with closing(running.client()) as client:
            scan_id = client.submit(request(event_of(shared), {"west": 1}, **LONG))["scan_id"]
            await_running(client, scan_id, 1)
        running.kill()
    return scan_id, time.monotonic()


@pytest.fixture(scope="module")
def service(bundle, pools, image, orphan, tmp_path_factory):  # noqa: ARG001 - the orphan comes first
    """A service with both pools, one of them by several names, and two workers of its own."""
    east, west = pools
    clusters = {
        "east": table(east, accounting_group="group_icecube"),
        "west": table(west),
        "boxed": table(east, ship="container", image=image),
    }
    unlisted = {"collectors": ["localhost"], "ship": "bundle", "token_directory": str(west.token_directory)}
    folder = tmp_path_factory.mktemp("pools")
    with service_with(folder, bundle, clusters, unlisted=unlisted, workers=2, max_active_scans=2) as running:
        yield running


@pytest.fixture(scope="module")
def client(service):
    with closing(service.client()) as client:
        yield client


def event_of(shared):
    return shared / "events" / "138632_31747601.json"


@pytest.fixture(scope="module")
def post(client, shared):
    """A function from clusters and more to the id of a scan of the alert."""

    def submit(clusters, **given):
        return client.submit(request(event_of(shared), clusters, **given))["scan_id"]

    return submit


@pytest.fixture(scope="module")
def local_map(client, post):
    """A function from nsides to the bytes of the alert's map by local workers."""

    @cache
    def of(nsides):
        scan_id = post({"local": 2}, nsides=json.loads(nsides))
        assert ended(client, scan_id)["scan_state"] == DONE
        return map_of(client, scan_id)

    return lambda nsides: of(json.dumps(nsides))


def stored(service, query, *values):
    with closing(sqlite3.connect(service.folder / "data" / "skydriver.sqlite", timeout=30)) as connection:
        return connection.execute(query, values).fetchall()


def pixels_by_others(service, scan_id):
    """How many tasks of a scan workers of another scan's pool had, and how many those of its own."""
    query = (
        "SELECT pools.scan = tasks.scan, count(*) FROM tasks JOIN pools ON pools.id = tasks.pool WHERE tasks.scan = ?"
    )
    counts = dict(stored(service, f"{query} GROUP BY 1", scan_id))
    return counts.get(0, 0), counts.get(1, 0)


@pytest.fixture(scope="module")
def seen(service, client, post, pools):
    """A scan as asked for in 2023, the first pool twice, one by an address that is not listed: what was seen."""
    east, west = pools
    clusters = [of_2023(east, 1), of_2023(west, 3, "localhost"), of_2023(east, 2)]
    before = {token for pool in pools for token in token_files(pool).values()}
    begun = time.monotonic()
    scan_id = post(clusters, **LONG, memory="900 MiB", worker_disk="300 MiB", priority=7)
    found = {"id": scan_id, "clusters": clusters}
    await_running(client, scan_id, 1)
    found["first_worker_s"] = time.monotonic() - begun
    await_running(client, scan_id, 6)
    found["workforce"] = client.workforce(scan_id)
    found["sight"] = eventually(lambda: (sight := look(client, scan_id, pools)).agrees and sight, 15)
    found["tokens"] = sorted({token for pool in pools for token in token_files(pool).values()} - before)
    found["files"] = [
        one for pool in pools for part in ("spool", "execute", "log")
        for one in holding(pool_folder(pool, part), found["tokens"])
    ]  # fmt: skip
    found["shown"] = [everybodys_words(), service.log(), service.printed(), json.dumps(found["sight"])]
    client.add_workers(scan_id, 1, {name: clusters[0][name] for name in ("collector", "schedd")})
    client.add_workers(scan_id, 1, "west")
    await_running(client, scan_id, 8)
    found["later"] = eventually(lambda: (sight := look(client, scan_id, pools)).agrees and sight, 15)
    client.abort(scan_id)
    found["gone_s"] = await_gone(pools, scan_id)
    print({name: round(found[name], 1) for name in ("first_worker_s", "gone_s")})
    return found


def test_the_manifest_of_2023_tells_where_its_jobs_are(client, seen):
    told = seen["sight"].condor_clusters
    asked = [(one["collector"], one["schedd"], one["njobs"], {"RUNNING": one["njobs"]}) for one in seen["clusters"]]
    assert [(one["collector"], one["schedd"], one["jobs"], one["statuses"]) for one in told] == asked
    at_end = eventually(lambda: _ended_clusters(client, seen["id"]), 5)
    assert {numbered(one) for one in told} < {numbered(one) for one in at_end}


def numbered(one):
    """By which jobs in a manifest are known."""
    return one["schedd"], one["cluster_id"]


def _ended_clusters(client, scan_id):
    """What the manifest tells of a scan's jobs, once none of them is there any more."""
    told = client.manifest(scan_id, include_deleted=True)["condor_clusters"]
    over = all(set(one["statuses"]) <= {"COMPLETED", "REMOVED"} for one in told)
    return told if over and all(sum(one["statuses"].values()) == one["jobs"] for one in told) else None


def test_more_workers_are_new_jobs_beside_those_that_run(seen):
    before, after = ({numbered(one): one["jobs"] for one in seen[name].condor_clusters} for name in ("sight", "later"))
    assert before.items() < after.items()
    assert sorted(after.values()) == [1, 1, 1, 2, 3]
    assert [one["statuses"] for one in seen["later"].condor_clusters] == [
        {"RUNNING": one["jobs"]} for one in seen["later"].condor_clusters
    ]


def test_the_workforce_counts_its_workers(client, seen):
    assert seen["workforce"] == {"statuses": {"RUNNING": {"running": 6}}, "n_running": 6, "top_errors": {}}
    now = client.workforce(seen["id"])
    assert (now["n_running"], now["top_errors"]) == (0, {})
    assert sum(n for words in now["statuses"].values() for n in words.values()) == 8


def test_what_was_asked_for_stands_in_each_job(seen):
    ads = [ad for some in seen["later"].ads.values() for ad in some]
    assert len(ads) == 8
    asked = {(ad["RequestMemory"], ad["RequestDisk"], ad["JobPrio"], ad["RequestCpus"]) for ad in ads}
    assert asked == {(900, 300 * 1024, 7, 1)}
    groups = [{ad.get("AcctGroup") for ad in some} for some in seen["later"].ads.values()]
    assert groups == [{"group_icecube"}, {None}]


def test_no_token_can_be_seen_by_others(seen):
    assert len(seen["tokens"]) == 3
    assert [text.count(token) for token in seen["tokens"] for text in seen["shown"]] == [0] * 12
    assert {mode for _, mode in seen["files"]} == {0o600}


def test_nothing_is_left_of_an_aborted_scan(service, pools, seen):
    assert seen["gone_s"] < GONE_S
    query = "SELECT count(*) FROM tokens WHERE scope IN (SELECT id FROM pools WHERE scan = ?)"
    eventually(lambda: stored(service, query, seen["id"]) == [(0,)], 5)
    assert holding(service.folder, seen["tokens"]) == []
    assert list((service.folder / "data" / "jobs").iterdir()) == []
    eventually(lambda: not set(seen["tokens"]) & {token for pool in pools for token in token_files(pool).values()}, 10)


def test_clusters_that_are_not_allowed_are_refused(post, pools):
    wrong = of_2023(pools[0], 1) | {"collector": "collector.example.org"}
    with pytest.raises(
        InputError, match=r"cluster: there is no cluster 'collector.example.org' .* here, only local, east"
    ):
        post([wrong])


@pytest.mark.parametrize(
    ("clusters", "nsides"),
    [({"east": 4, "west": 4}, THREE), ({"boxed": 3}, TWO)],
    ids=["two pools", "containers"],
)
def test_the_map_is_that_of_local_workers(service, client, pools, post, local_map, clusters, nsides):
    expected = local_map(nsides)
    begun = time.monotonic()
    scan_id = post(clusters, nsides=nsides)
    await_running(client, scan_id, 1)
    first_s = time.monotonic() - begun
    images = {ad.get("ContainerImage") is not None for pool in pools for ad in jobs(pool, scan_id)}
    assert images == {"boxed" in clusters}
    assert ended(client, scan_id)["scan_state"] == DONE
    wall_s = time.monotonic() - begun
    gone_s = await_gone(pools, scan_id)
    print({"first_worker_s": round(first_s, 1), "wall_s": round(wall_s, 1), "gone_s": round(gone_s, 1)})
    assert map_of(client, scan_id) == expected
    by_others, by_its_own = pixels_by_others(service, scan_id)
    assert by_others == 0 < by_its_own
    query = "SELECT count(*) FROM tokens WHERE scope IN (SELECT id FROM pools WHERE scan = ?)"
    eventually(lambda: stored(service, query, scan_id) == [(0,)], 5)


def test_local_workers_and_a_pool_make_the_same_map_together(service, client, pools, post, local_map):
    """Local workers have something else to do until the first worker of the pool has begun."""
    expected = local_map(THREE)
    other = post({"local": 2}, **LONG, priority=50)
    await_running(client, other, 2)
    scan_id = post({"local": 2, "west": 2}, nsides=THREE)
    await_running(client, scan_id, 1)
    client.abort(other)
    assert ended(client, scan_id)["scan_state"] == DONE
    await_gone(pools, scan_id)
    assert map_of(client, scan_id) == expected
    by_others, by_its_own = pixels_by_others(service, scan_id)
    assert by_others == 0 < by_its_own
    ((by_local,),) = stored(service, "SELECT count(*) FROM tasks WHERE scan = ? AND pool = 'local'", scan_id)
    assert by_local > 0
    print({"tasks of the pool": by_its_own, "of local workers": by_local})


def test_scans_on_one_pool_have_workers_of_their_own(service, client, pools, post, local_map):
    """A third one waits for its turn meanwhile, and gets its jobs when it is that."""
    nsides = TWO, {"8": 0, "64": 4}
    expected = [local_map(one) for one in nsides]
    scans = [post({"east": 2}, nsides=one) for one in nsides]
    third = post({"west": 1}, reco_algo="dummy:3", nsides={"1": 0})
    assert client.status(third)["scan_state"] == "PENDING__PRESTARTUP"
    assert [ended(client, scan_id)["scan_state"] for scan_id in (*scans, third)] == [DONE] * 3
    assert [map_of(client, scan_id) for scan_id in scans] == expected
    found = [pixels_by_others(service, scan_id) for scan_id in (*scans, third)]
    assert all(by_others == 0 < by_its_own for by_others, by_its_own in found)
    for scan_id in (*scans, third):
        await_gone(pools, scan_id)


def test_a_scan_is_deleted_while_jobs_wait_and_run(client, pools, post):
    scan_id = post({"east": 6}, **LONG)
    eventually(lambda: statuses(jobs(pools[0], scan_id)) == {"IDLE": 2, "RUNNING": 4}, 30)
    client.delete(scan_id)
    print({"gone_s": round(await_gone(pools, scan_id), 1)})
    assert len(ever(pools[0], scan_id)) == 6


def test_a_scan_is_deleted_while_its_jobs_files_are_sent(client, pools, post):
    scan_id = post({"east": 4}, **LONG)
    eventually(lambda: jobs(pools[0], scan_id), 20, pause_s=0.0)
    client.delete(scan_id)
    eventually(lambda: not jobs(pools[0], scan_id), GONE_S)
    eventually(
        lambda: client.manifest(scan_id, include_deleted=True)["condor_clusters"][0]["statuses"] == {"REMOVED": 4}, 10
    )


def test_jobs_go_on_while_the_service_is_started_again(service, client, pools, post):
    scan_id = post({"east": 2}, **SOME)
    await_running(client, scan_id, 2)
    before = ever(pools[0], scan_id)
    assert service.stop() == 0
    eventually(lambda: len(pools[0].payloads("python3.13") + pools[0].payloads("python3")) >= 2, 5)
    service.start()
    await_running(client, scan_id, 2)
    assert ended(client, scan_id)["scan_state"] == DONE
    await_gone(pools, scan_id)
    assert len(before) == 2
    eventually(lambda: ever(pools[0], scan_id) == before, 5)


def test_workers_started_by_hand_join_a_scan(service, client, post, skydriver, monkeypatch):
    monkeypatch.setenv("SKYDRIVER_URL", service.url)
    made = skydriver("token", "--out", "token", "--ca-out", "ca.pem")
    assert made.returncode == 0, made.stderr
    (url,) = re.findall(r"https://127\.0\.0\.1:\d+", made.stderr)
    assert f"--baseline {BASELINE}" in made.stderr
    worker = skydriver.start("worker", "--url", url, "--token-file", "token", "--ca", "ca.pem", "--baseline", BASELINE)
    try:
        there = "SELECT count(*) FROM workers WHERE pool = 'by-hand' AND state = 'alive'"
        eventually(lambda: stored(service, there) == [(1,)], 40)
        scan_id = post({"local": 1}, **SOME)
        assert ended(client, scan_id)["scan_state"] == DONE
        query = "SELECT DISTINCT pool FROM tasks WHERE scan = ? AND state = 'answered' ORDER BY pool"
        assert stored(service, query, scan_id) == [("by-hand",), ("local",)]
        worker.send_signal(signal.SIGINT)
        _, said = skydriver.end(worker, 20)
    finally:
        worker.kill()
        worker.communicate()
    assert worker.returncode == 0, said


def test_workers_end_whose_service_is_gone_for_good(pools, orphan):
    scan_id, since = orphan
    left_s = max(1.0, since + SILENCE_S + 30.0 - time.monotonic())
    eventually(lambda: statuses(jobs(pools[1], scan_id)) in ({}, {"COMPLETED": 1}), left_s)
    assert len(ever(pools[1], scan_id)) == 1
