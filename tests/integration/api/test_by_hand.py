"""Starter tokens for workers that people start by hand."""

from __future__ import annotations

import pytest

from databases import make_service
from skydriver.api import examples
from skydriver.services import tokens
from worker_doors import serving_workers


@pytest.fixture
def service(sqlite_url, tmp_path):
    return make_service(sqlite_url, tmp_path, worker_bind="127.0.0.1:0")


@pytest.fixture
def server(service):
    with serving_workers(service) as running:
        yield running


def test_a_token_for_workers_that_are_started_by_hand(client, service):
    address = service.worker_access.address
    made = client.post("/tokens").json()
    assert made.keys() == examples.STARTER.keys()
    assert (made["pool"], made["expires_s"], made["url"]) == ("by-hand", 86400.0, address.url)
    assert made["ca"].encode() == address.ca
    assert tokens.check(service, made["token"], "starter").scope == "by-hand"
    other = client.post("/tokens", json={"pool": "My-lab-7", "hours": 0.5}).json()
    assert (other["pool"], other["expires_s"]) == ("My-lab-7", 1800.0)


@pytest.mark.parametrize(
    ("body", "argument"),
    [
        *(({"pool": pool}, "pool") for pool in ("", "local", "a b", "a" * 41, "ä", "a\n", 1)),
        *(({"hours": hours}, "hours") for hours in (0, -1, 721, "1", True)),
        ({"odd": 1}, "odd"),
    ],
)
def test_what_is_no_pool_and_what_are_no_hours_is_refused(client, body, argument):
    answer = client.post("/tokens", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(argument)
