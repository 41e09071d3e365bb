"""What a user of the public client sees of a submission that is refused: one sentence; and nothing is stored."""

from __future__ import annotations

import asyncio

import pytest
from requests.exceptions import HTTPError
from rest_tools.client import RestClient

from api_documents import error
from skydriver.api import examples

EVENT = "event_i3live_json"
NO_EVENT = {name: value for name, value in examples.SUBMISSION.items() if name != EVENT}
FIND = {"run_id": 1, "event_id": 21, "is_real_event": False, "include_deleted": True}
HEADERLESS = {"value": {"version": "2023a", "data": {"run_id": 1, "event_id": 21, "frames": []}}}

REFUSED = {
    "reco_algo: is true, not a text": {"reco_algo": True},
    "reco_algo: there is no algorithm 'millipede_wilks', only crash_dummy, dummy, pandel_mpe": {
        "reco_algo": "millipede_wilks"
    },
    "nsides: 8 does not ascend from 64": {"nsides": {64: 0, 8: 12}},
    "nsides: 12 is not a power of two": {"nsides": {12: 0}},
    "nsides: the first stage covers the whole sky, so its extension is 0, not 12": {"nsides": {8: 12}},
    "nsides: nside 64 must refine at least 1 pixel, not 0": {"nsides": {8: 0, 64: 0}},
    "nsides: at least one stage is needed, for example 8:0": {"nsides": {}},
    "docker_tag: there is no image 'v3.5' here, only 0.1.0, latest, external": {"docker_tag": "v3.5"},
    "cluster: there is no cluster 'sub-2' here, only local": {"cluster": {"sub-2": 10}},
    "cluster: there is no cluster 'a' with the schedd 'b' here, only local": {
        "cluster": [{"collector": "a", "schedd": "b", "njobs": 1}]
    },
    "cluster: asks for 0 workers, not for a whole number from 1 to 1000000": {"cluster": {"local": 0}},
    "memory: 'lots' is no size like 8GB, 8 GiB or a number of bytes, more than nothing": {"memory": "lots"},
    "predictive_scanning_threshold: is 0.05, not a number from 0.1 to 1": {"predictive_scanning_threshold": 0.05},
    "max_reco_time: is 0, not a number from 0.001 to 1000000": {"max_reco_time": 0},
    "real_or_simulated_event: is 'perhaps', not one of real, real_event, sim, simulated, simulated_event": {
        "real_or_simulated_event": "perhaps"
    },
    "event_i3live_json: is a list of 0, neither an object nor a JSON text": {EVENT: []},
    "event_i3live_json, value: is missing, not an object": {EVENT: {}},
    "event_i3live_json, value.data.is_real_event: says that the event is simulated, but it was given as real": {
        "real_or_simulated_event": "real"
    },
    "event_i3live_json: is given, and i3_event_id too; one of them says which event it is": {"i3_event_id": "a" * 64},
    "cluster: is given, and request_clusters too, which is the same": {"request_clusters": {"local": 1}},
    "classifiers: rescan is reserved for scans that the service repeats": {"classifiers": {"rescan": True}},
    "priority: is 'high', not a whole number from -2147483648 to 2147483647": {"priority": "high"},
}


@pytest.fixture(params=["coroutines", "sequence"])
def refused(request, either_service):
    """A function that submits what is refused; what is seen of it."""
    client = RestClient(either_service.url, token="dummy")  # noqa: S106 - a token that nobody issued

    def submit(body):
        if request.param == "coroutines":
            return asyncio.run(client.request("POST", "/scan", body))
        return client.request_seq("POST", "/scan", body)

    def told(body):
        with pytest.raises(HTTPError) as caught:
            submit(body)
        response = caught.value.response
        assert response.json() == error(response.status_code, response.reason)
        return str(caught.value).partition(" for url: ")[0]

    yield told
    assert client.request_seq("GET", "/scans", FIND) == {"event_id": 21, "scan_ids": []}
    client.close()


def test_what_is_refused_names_the_argument_and_says_why(refused):
    for sentence, changes in REFUSED.items():
        assert refused(examples.SUBMISSION | changes) == f"400 Client Error: {sentence}"


def test_what_is_missing_is_named(refused):
    for name in ("docker_tag", "reco_algo", "nsides", "real_or_simulated_event", "cluster"):
        body = {key: value for key, value in examples.SUBMISSION.items() if key != name}
        assert refused(body) == f"400 Client Error: {name}: is missing"
    assert refused(NO_EVENT) == "400 Client Error: event_i3live_json: is missing, and i3_event_id too"


def test_an_event_that_does_not_decode_is_refused_with_where_and_why(refused):
    for event, where in [("{", "event_i3live_json, event JSON: "), (HEADERLESS, "event_i3live_json, ")]:
        assert refused(NO_EVENT | {EVENT: event}).startswith(f"400 Client Error: {where}")


def test_unknown_arguments_are_refused_in_the_words_of_2025_only(refused):
    told = refused(examples.SUBMISSION | {"cluster": {"local": 1}, "colour": "red"})
    assert told.startswith("400 Client Error: colour: ")
    told = refused(examples.SUBMISSION | {"colour": "red", "nsides": {8: 1}})
    assert told.startswith("400 Client Error: nsides: ")
