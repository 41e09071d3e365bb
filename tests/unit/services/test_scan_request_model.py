"""POST /scan's arguments: what is read, and that everything else is refused in one sentence that names it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.clusters.configured import Clusters
from skydriver.clusters.images import ENGINE, Catalogue, Image
from skydriver.errors import SettingError
from skydriver.services.scan_request_model import event_source, only_shown, read_order, request_hash

HASH = "0" * 64
BODY = {
    "docker_tag": "latest",
    "reco_algo": "pandel_mpe",
    "nsides": {"8": 0, "64": 12, "512": 24},
    "real_or_simulated_event": "real",
    "cluster": {"local": 4},
    "i3_event_id": HASH,
}
OF_2023 = {"cluster": {"collector": "local", "schedd": "local", "njobs": 4}}


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def read(**changes: object):
    """The order of a body with changes; None takes an argument away."""
    return read_order({**BODY, **changes}, Catalogue(), Clusters())


def request(**changes: object) -> dict[str, object]:
    return read(**changes).request(HASH)


def refusal(**changes: object) -> str:
    with pytest.raises(SettingError) as caught:
        read(**changes)
    sentence = str(caught.value)
    assert len(sentence) < 400
    assert sentence.encode()
    assert sentence.isprintable()
    return sentence


def test_what_is_left_out_is_filled_in():
    order = read()
    assert order.generation == 2025
    assert order.image == Image("0.1.0", ENGINE)
    assert str(order.progression) == "8:0,64:12,512:24"
    assert order.is_real
    assert (order.places.n_workers, order.priority, order.threshold) == (4, 0, 1.0)
    assert (order.worker_disk_bytes, order.scanner_server_memory_bytes) == (10**9, 1_024_000_000)
    assert order.worker_memory_bytes > 10**8
    assert order.max_reco_time_s > 0
    assert (order.classifiers, order.debug_mode, order.environment, order.force_new) == ({}, False, {}, False)


ACCEPTED = [
    ("cluster", {"local": 3}, "cluster", [["local", 3]]),
    ("cluster", [["local", 3], ["local", 2]], "cluster", [["local", 3], ["local", 2]]),
    ("request_clusters", [["local", "3"]], "cluster", [["local", 3]]),
    ("memory", "8GB", "worker_memory_bytes", 8 * 10**9),
    ("worker_memory", "8 GiB", "worker_memory_bytes", 8 * 2**30),
    ("worker_memory_bytes", 8_000_000_000, "worker_memory_bytes", 8 * 10**9),
    ("worker_disk", "2G", "worker_disk_bytes", 2 * 10**9),
    ("worker_disk_bytes", 5, "worker_disk_bytes", 5),
    ("scanner_server_memory", "1024M", "scanner_server_memory_bytes", 1_024_000_000),
    ("scanner_server_memory_bytes", "512MiB", "scanner_server_memory_bytes", 512 * 2**20),
    ("max_reco_time", 30, "max_pixel_reco_time", 30.0),
    ("max_pixel_reco_time", "2.5", "max_pixel_reco_time", 2.5),
    ("predictive_scanning_threshold", 1, "predictive_scanning_threshold", 1.0),
    ("predictive_scanning_threshold", 0.1, "predictive_scanning_threshold", 0.1),
    ("priority", -5, "priority", -5),
    ("priority", 100.0, "priority", 100),
    ("nsides", {"1": 0}, "nsides", {"1": 0}),
    ("nsides", {"1": 0, "2": 12, "4": 48}, "nsides", {"1": 0, "2": 12, "4": 48}),
    ("nsides", "8:0,64:12", "nsides", {"8": 0, "64": 12}),
    ("nsides", [[8, 0], [64, 12]], "nsides", {"8": 0, "64": 12}),
    ("real_or_simulated_event", "real_event", "real_or_simulated_event", "real_event"),
    ("real_or_simulated_event", "sim", "real_or_simulated_event", "simulated_event"),
    ("real_or_simulated_event", "simulated", "real_or_simulated_event", "simulated_event"),
    ("real_or_simulated_event", "simulated_event", "real_or_simulated_event", "simulated_event"),
    (
        "classifiers",
        {"a": "b", "n": 1, "x": 0.5, "yes": True},
        "classifiers",
        {"a": "b", "n": 1, "x": 0.5, "yes": True},
    ),
    ("classifiers", {f"k{i}": "v" * 25 for i in range(25)}, "classifiers", {f"k{i}": "v" * 25 for i in range(25)}),
    ("debug_mode", True, "debug_mode", True),
    ("debug_mode", "client-logs", "debug_mode", ["client-logs"]),
    ("debug_mode", ["client-logs"], "debug_mode", ["client-logs"]),
    ("debug_mode", [], "debug_mode", []),
    ("scanner_server_env", {"A_B": True, "C": "d", "E": 1.5}, "scanner_server_env", {"A_B": True, "C": "d", "E": 1.5}),
    ("scanner_server_env_from_user", {"A": 1}, "scanner_server_env", {"A": 1}),
    ("reco_algo", "dummy:7", "reco_algo", "dummy:7"),
    ("docker_tag", "v0.1", "docker_tag", "v0.1"),
    ("manifest_projection", "scan_id|progress", "docker_tag", "latest"),
    ("force_new", True, "docker_tag", "latest"),
    ("dry_run", False, "docker_tag", "latest"),
]


@pytest.mark.parametrize(("name", "value", "stored", "as_stored"), ACCEPTED)
def test_accepted_as(name, value, stored, as_stored):
    changes = {name: value}
    if name == "request_clusters":
        changes["cluster"] = None
    assert request(**changes)[stored] == as_stored


@pytest.mark.parametrize("name", ["memory", "max_reco_time", "priority", "classifiers", "debug_mode", "force_new"])
def test_null_is_as_good_as_left_out(name):
    assert request(**{name: None}) == request()


REFUSED = [
    ("docker_tag", None, "docker_tag: is missing"),
    ("docker_tag", "", "docker_tag: is empty"),
    ("docker_tag", "  ", "docker_tag: is empty"),
    ("docker_tag", 3, "docker_tag: is 3, not a text"),
    ("docker_tag", "v3.5", "docker_tag: there is no image 'v3.5' here, only 0.1.0, latest, external"),
    ("docker_tag", "a\x00b", "docker_tag: holds a text with a NUL"),
    ("docker_tag", "../../etc", "docker_tag: there is no image '../../etc' here"),
    ("reco_algo", None, "reco_algo: is missing"),
    ("reco_algo", True, "reco_algo: is true, not a text"),
    ("reco_algo", "true", "reco_algo: there is no algorithm 'true', only crash_dummy, dummy, pandel_mpe"),
    ("reco_algo", "millipede", "reco_algo: there is no algorithm 'millipede', only crash_dummy, dummy, pandel_mpe"),
    ("reco_algo", "dummy:x", "reco_algo: the seed of dummy"),
    ("reco_algo", "dummy:1:2:3", "reco_algo: dummy does not take"),
    ("reco_algo", "x" * 201, "reco_algo: 'xxx"),
    ("reco_algo", "\ud800", "reco_algo: holds a text with a NUL character or half of a surrogate pair"),
    ("nsides", None, "nsides: is missing"),
    ("nsides", {}, "nsides: at least one stage"),
    ("nsides", {"64": 12, "8": 0}, "nsides: 8 does not ascend from 64"),
    ("nsides", {"8": 0, "8 ": 1}, "nsides: holds '8 '"),
    ("nsides", {"12": 0}, "nsides: 12 is not a power of two"),
    ("nsides", {"0": 0}, "nsides: 0 is not a power of two"),
    ("nsides", {"8": 1}, "nsides: the first stage covers the whole sky"),
    ("nsides", {"8": 0, "64": 0}, "nsides: nside 64 must refine at least 1 pixel, not 0"),
    ("nsides", {"8": 0, "64": 769}, "nsides: nside 64 asks to refine 769 pixels of nside 8, which has only 768"),
    ("nsides", {"8": "x"}, "nsides: holds 'x', not only whole numbers"),
    ("nsides", {"8": True}, "nsides: holds true, not only whole numbers"),
    ("nsides", {"8": {"a": 1}}, "nsides: holds an object"),
    ("nsides", {"8": 10**30}, "nsides: holds a number of more than 64 bits"),
    ("nsides", {"8": math.nan}, "nsides: holds nan, which is no number in JSON"),
    ("nsides", {str(2**i): 12 for i in range(40)}, "nsides: has 40 stages, more than 30"),
    ("nsides", {str(i): 0 for i in range(10**6)}, "nsides: holds more than 5000 values"),
    ("nsides", 8, "nsides: is 8, not an object"),
    ("nsides", {"2048": 0}, "nsides: 50331648 pixels in all are more than"),
    ("nsides", [[8, 0, 1]], "nsides: [8, 0, 1] is not a pair"),
    ("real_or_simulated_event", None, "real_or_simulated_event: is missing"),
    ("real_or_simulated_event", "maybe", "real_or_simulated_event: is 'maybe', not one of real, real_event, sim"),
    ("real_or_simulated_event", True, "real_or_simulated_event: is true, not one of"),
    ("real_or_simulated_event", [], "real_or_simulated_event: is a list of 0, not one of"),
    ("cluster", None, "cluster: is missing"),
    ("cluster", {}, "cluster: names 0 clusters"),
    ("cluster", [], "cluster: names 0 clusters"),
    ("cluster", "local", "cluster: is 'local', not like"),
    ("cluster", {"sub-2": 5}, "cluster: there is no cluster 'sub-2' here, only local"),
    ("cluster", {"local": 0}, "cluster: asks for 0 workers"),
    ("cluster", {"local": "many"}, "cluster: asks for 'many' workers"),
    ("cluster", {"local": True}, "cluster: asks for true workers"),
    ("cluster", {"local": None}, "cluster: asks for null workers"),
    ("cluster", {"local": 10**7}, "cluster: asks for 10000000 workers, not for a whole number from 1 to 1000000"),
    ("cluster", {"": 1}, "cluster: names a cluster ''"),
    ("cluster", [["local"]], "cluster: holds a list of 1"),
    ("cluster", [[7, 1]], "cluster: names a cluster 7"),
    ("cluster", {"collector": "c", "schedd": "s", "njobs": 1}, "cluster: there is no cluster 'c' with the schedd 's'"),
    (
        "cluster",
        {"collector": "local", "schedd": "s", "njobs": 1},
        "cluster: there is no cluster 'local' with the sche",
    ),
    ("cluster", {"collector": "local", "schedd": "local"}, "cluster: lacks njobs"),
    ("cluster", [OF_2023["cluster"], ["local", 1]], "cluster: holds clusters by name and by collector and schedd"),
    ("cluster", [["local", 1]] * 101, "cluster: names 101 clusters, not 1 to 100"),
    ("request_clusters", {"local": 1}, "cluster: is given, and request_clusters too"),
    ("memory", "lots", "memory: 'lots' is no size"),
    ("memory", "", "memory: '' is no size"),
    ("memory", 0, "memory: 0 is no size"),
    ("memory", -5, "memory: -5 is no size"),
    ("memory", True, "memory: true is no size"),
    ("memory", 1.5, "memory: 1.5 is no size"),
    ("memory", "9" * 400, "memory: '999"),
    ("memory", math.inf, "memory: holds inf"),
    ("memory", {"GB": 8}, "memory: an object is no size"),
    ("worker_disk", "1 parsec", "worker_disk: '1 parsec' is no size"),
    ("scanner_server_memory_bytes", [], "scanner_server_memory_bytes: a list of 0 is no size"),
    ("predictive_scanning_threshold", 0.05, "predictive_scanning_threshold: is 0.05, not a number from 0.1 to 1"),
    ("predictive_scanning_threshold", 1.01, "predictive_scanning_threshold: is 1.01, not a number from 0.1 to 1"),
    ("predictive_scanning_threshold", "all", "predictive_scanning_threshold: is 'all', not a number"),
    ("predictive_scanning_threshold", False, "predictive_scanning_threshold: is false, not a number"),
    ("max_reco_time", 0, "max_reco_time: is 0, not a number from 0.001 to 1000000"),
    ("max_reco_time", -1, "max_reco_time: is -1, not"),
    ("max_pixel_reco_time", "soon", "max_pixel_reco_time: is 'soon', not a number"),
    ("priority", "high", "priority: is 'high', not a whole number from -2147483648 to 2147483647"),
    ("priority", 1.5, "priority: is 1.5, not a whole number"),
    ("priority", 2**31, "priority: is 2147483648, not a whole number"),
    ("priority", True, "priority: is true, not a whole number"),
    ("classifiers", [], "classifiers: is a list of 0, not an object"),
    ("classifiers", {str(i): 1 for i in range(26)}, "classifiers: has 26 entries, more than 25"),
    ("classifiers", {"k" * 26: 1}, "classifiers: 'kkkk"),
    ("classifiers", {"k": "v" * 26}, "classifiers: 'vvvv"),
    ("classifiers", {"k": None}, "classifiers: 'k' is null, not a text"),
    ("classifiers", {"k": {}}, "classifiers: 'k' is an object, not a text"),
    ("classifiers", {"rescan": True}, "classifiers: rescan is reserved"),
    ("classifiers", {"origin_scan_id": "x"}, "classifiers: origin_scan_id is reserved"),
    ("classifiers", {"k": math.nan}, "classifiers: holds nan"),
    ("classifiers", {"k": 10**40}, "classifiers: holds a number of more than 64 bits"),
    ("classifiers", {"k\x00": 1}, "classifiers: holds a text with a NUL"),
    ("classifiers", {"k": "\udc00"}, "classifiers: holds a text with a NUL character or half of a surrogate"),
    ("debug_mode", 3, "debug_mode: is 3, neither true nor false"),
    ("debug_mode", [1], "debug_mode: is a list of 1, neither"),
    ("scanner_server_env", "A=1", "scanner_server_env: is 'A=1', not an object"),
    ("scanner_server_env", {"A B": 1}, "scanner_server_env: 'A B' is no name of an environment variable"),
    ("scanner_server_env", {"A": []}, "scanner_server_env: 'A' is a list of 0"),
    ("scanner_server_env", {"A": "x" * 10_001}, "scanner_server_env: A is longer than 10000 characters"),
    ("scanner_server_env", {f"A{i}": 1 for i in range(101)}, "scanner_server_env: has 101 entries"),
    ("manifest_projection", 7, "manifest_projection: is 7, neither names"),
    ("manifest_projection", "oops", "manifest_projection: a manifest has no 'oops'; it has "),
    ("dry_run", "true", "dry_run: is 'true', neither true nor false"),
    ("force_new", 1, "force_new: is 1, neither true nor false"),
    ("force_new", nested(2000), "force_new: is nested deeper than 8 levels"),
    ("memroy", "8GB", "memroy: is no argument of POST /scan; is memory meant?"),
    ("\ud800" * 99, 1, "'\\ud800\\ud800"),
]


@pytest.mark.parametrize(
    ("name", "value", "begins"), REFUSED, ids=[f"{ascii(row[0])[1:20]}-{n}" for n, row in enumerate(REFUSED)]
)
def test_refused_in_one_sentence_that_names_it(name, value, begins):
    assert refusal(**{name: value}).startswith(begins)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("memory", "worker_memory"),
        ("worker_memory", "worker_memory_bytes"),
        ("worker_disk", "worker_disk_bytes"),
        ("scanner_server_memory", "scanner_server_memory_bytes"),
        ("max_reco_time", "max_pixel_reco_time"),
        ("scanner_server_env", "scanner_server_env_from_user"),
    ],
)
def test_a_name_and_its_alias_are_refused_even_if_equal(one, other):
    value = {} if "env" in one else 5
    sentence = refusal(**{one: value, other: value})
    assert one in sentence
    assert other in sentence


class TestGenerations:
    @pytest.mark.parametrize("name", ["cluster", "request_clusters"])
    @pytest.mark.parametrize("form", [OF_2023["cluster"], [OF_2023["cluster"]], [OF_2023["cluster"]] * 2])
    def test_of_2023_is_what_names_collector_schedd_and_njobs(self, name, form):
        order = read(**{"cluster": None, name: form})
        assert order.generation == 2023
        assert order.places.n_workers == (8 if form == [OF_2023["cluster"]] * 2 else 4)
        assert order.cluster_list() == (form if isinstance(form, list) else [form])

    def test_unknown_arguments_of_2023_are_ignored_whatever_they_hold(self):
        assert read(**OF_2023, njobs=1, nonsense=nested(2000)) == read(**OF_2023)

    def test_more_in_a_cluster_of_2023_is_ignored(self):
        assert read(cluster={**OF_2023["cluster"], "site": "here"}) == read(**OF_2023)

    def test_arguments_of_2025_are_read_in_2023_too(self):
        assert read(**OF_2023, priority=7).priority == 7

    def test_a_bad_cluster_of_2023_does_not_turn_it_into_2025(self):
        assert refusal(cluster={"collector": "local"}, nonsense=1).startswith("cluster: lacks njobs")

    def test_unknown_arguments_of_2025_are_refused(self):
        assert refusal(nonsense=1).startswith("nonsense: is no argument")


def test_more_workers_than_any_machine_has_are_as_many_as_there_can_be():
    order = read(cluster={**OF_2023["cluster"], "njobs": 5000})
    assert (order.places.n_workers, order.cluster_list()[0]["njobs"]) == (1024, 5000)


class TestExternal:
    def test_any_algorithm_and_cluster_will_do(self):
        order = read(docker_tag="external", reco_algo="millipede_wilks", cluster={"sub-2": 300})
        assert order.is_external
        assert order.image.engine == "external"
        assert (order.reco, order.places.n_workers) == ("millipede_wilks", 0)

    def test_a_cluster_is_not_needed(self):
        assert read(docker_tag="external", cluster=None).clusters == ()

    def test_everything_else_is_checked(self):
        assert refusal(docker_tag="external", nsides={"8": 1}).startswith("nsides")
        assert refusal(docker_tag="external", cluster="x").startswith("cluster")
        assert refusal(docker_tag="external", reco_algo=1).startswith("reco_algo")


class TestStored:
    @pytest.mark.parametrize("form", [{}, OF_2023, {"docker_tag": "external", "reco_algo": "x"}])
    def test_the_stored_request_is_accepted_back_and_asks_for_the_same(self, form):
        first = read(**form, memory="9GB", classifiers={"a": 1}, debug_mode="x", priority=-3, max_reco_time=9)
        stored = json.loads(json.dumps(first.request(HASH)))
        again = read_order(stored, Catalogue(), Clusters())
        assert again == first
        assert request_hash(again.generation, again.request(HASH)) == request_hash(first.generation, stored)

    def test_other_spellings_are_the_same_request(self):
        one = request(memory="8GB", real_or_simulated_event="real", nsides={"8": 0, "64": 12})
        other = request(worker_memory_bytes=8 * 10**9, real_or_simulated_event="real_event", nsides="8:0,64:12")
        assert request_hash(2025, one) == request_hash(2025, other)

    @pytest.mark.parametrize(
        "change", [{"priority": 1}, {"nsides": {"8": 0}}, {"cluster": {"local": 5}}, {"classifiers": {"a": 1}}]
    )
    def test_other_arguments_are_another_request(self, change):
        assert request_hash(2025, request()) != request_hash(2025, request(**change))

    def test_another_event_is_another_request(self):
        assert request_hash(2025, read().request(HASH)) != request_hash(2025, read().request("1" * 64))

    def test_what_local_workers_do_not_heed_is_named(self):
        assert only_shown(request()) == []
        named = ["worker_memory_bytes", "worker_disk_bytes", "scanner_server_env", "debug_mode"]
        asked = request(memory="8GB", worker_disk="9GB", scanner_server_env={"A": 1}, debug_mode=True)
        assert only_shown(asked) == named
        assert only_shown({**asked, "reco_algo": "one of a release long ago"}) == named
        assert only_shown({**asked, "docker_tag": "external"}) == []


class TestEventSource:
    def test_exactly_one(self):
        assert event_source({"event_i3live_json": {}}) == ("event_i3live_json", {})
        assert event_source({"i3_event_id": "x", "event_i3live_json": None}) == ("i3_event_id", "x")

    @pytest.mark.parametrize("arguments", [{}, {"event_i3live_json": "{}", "i3_event_id": "x"}])
    def test_neither_or_both_is_refused(self, arguments):
        with pytest.raises(SettingError, match=r"event_i3live_json: is (missing|given), and i3_event_id too"):
            event_source(arguments)


SURROGATES = {chr(code) for code in range(0xD800, 0xE000)}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(sorted({*BODY, "memory", "classifiers", "priority", "scanner_server_env", "x"})), JSON)
def test_whatever_comes_is_read_or_refused(name, value):
    try:
        order = read(**{name: value})
    except SettingError:
        refusal(**{name: value})
    else:
        json.dumps(order.request(HASH), allow_nan=False).encode()


@given(
    st.dictionaries(st.text(max_size=30), st.one_of(st.text(max_size=30), st.integers(), st.booleans()), max_size=30)
)
def test_classifiers_are_kept_as_they_came_or_refused(classifiers):
    plain = all(
        not isinstance(text, str) or (len(text) <= 25 and "\x00" not in text and not set(text) & SURROGATES)
        for pair in classifiers.items()
        for text in pair
    )
    small = all(abs(value) < 2**63 for value in classifiers.values() if isinstance(value, int))
    if plain and small and len(classifiers) <= 25:
        assert read(classifiers=classifiers).classifiers == classifiers
    else:
        assert refusal(classifiers=classifiers).startswith("classifiers: ")
