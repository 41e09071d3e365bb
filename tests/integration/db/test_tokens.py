"""Tokens that the service makes: for one thing, for a while, and nowhere to be read."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from skydriver.db.commit_points import CommitPoint
from skydriver.db.database import Database
from skydriver.db.tables import pools
from skydriver.db.tables import tokens as table
from skydriver.errors import DeniedError, StateError
from skydriver.services import tokens
from skydriver.services.by_hand import starter_token
from skydriver.services.tokens import OVERLAP_S


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    moment = [1e9]
    monkeypatch.setattr(Database, "now", lambda _self, _connection: moment[0])
    return moment


def refused(service, token, kind="worker"):
    """Whether it was known who asked."""
    with pytest.raises(DeniedError) as caught:
        tokens.check(service, token, kind)
    return caught.value.known


def test_a_token_allows_what_it_was_made_for(service):
    token = tokens.mint(service, "scan", "abc", 60.0)
    found = tokens.check(service, token, "scan")
    assert (found.kind, found.scope, found.hash) == ("scan", "abc", tokens.hash_of(token))
    assert refused(service, token, "worker") is True


def test_a_token_is_good_until_its_end_and_not_at_it(service, clock):
    token = tokens.mint(service, "worker", "local", 60.0)
    clock[0] += 59.999
    assert tokens.check(service, token, "worker").expires == 1e9 + 60.0
    clock[0] = 1e9 + 60.0
    assert refused(service, token) is False


def test_the_token_itself_is_not_stored(service):
    token = tokens.mint(service, "worker", "local", 60.0)
    with service.database.reading() as connection:
        stored = connection.execute(select(table)).all()
    assert len(stored) == 1
    assert token not in repr(stored)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(text=st.text(max_size=300))
def test_nothing_else_is_a_token(service, text):
    assert refused(service, text) is False


def test_a_hash_is_no_token(service):
    assert refused(service, tokens.hash_of(tokens.mint(service, "worker", "local", 60.0))) is False


def test_a_renewed_token_allows_the_same_for_as_long(service, clock):
    first = tokens.mint(service, "worker", "local", 3600.0)
    clock[0] += 3000.0
    second = tokens.renew(service, first)
    found = tokens.check(service, second, "worker")
    assert (found.scope, found.hash, found.expires) == ("local", tokens.hash_of(first), 1e9 + 6600.0)
    clock[0] += OVERLAP_S
    assert refused(service, first) is False
    assert tokens.check(service, second, "worker")


def test_a_renewal_whose_answer_was_lost_can_be_asked_again(service, clock):
    first = tokens.mint(service, "worker", "local", 3600.0)
    tokens.renew(service, first)
    clock[0] += 30.0
    again = tokens.renew(service, first)
    assert tokens.check(service, again, "worker").expires == 1e9 + 30.0 + 3600.0
    assert tokens.check(service, first, "worker").expires == 1e9 + OVERLAP_S


@pytest.mark.usefixtures("clock")
def test_renewing_does_not_prolong_the_old_one(service):
    first = tokens.mint(service, "worker", "local", 10.0)
    tokens.renew(service, first)
    assert tokens.check(service, first, "worker").expires == 1e9 + 10.0


def test_an_expired_token_is_not_renewed(service, clock):
    first = tokens.mint(service, "worker", "local", 10.0)
    clock[0] += 10.0
    with pytest.raises(DeniedError):
        tokens.renew(service, first)


def test_revoking_ends_a_token_and_all_that_renewed_it_and_no_other(service):
    first, other = (tokens.mint(service, "worker", "local", 60.0) for _ in range(2))
    third = tokens.renew(service, tokens.renew(service, first))
    tokens.revoke(service, tokens.check(service, third, "worker").hash)
    assert refused(service, first) is False
    assert refused(service, third) is False
    assert tokens.check(service, other, "worker")


def test_expired_tokens_do_not_pile_up(service, clock):
    for _ in range(5):
        tokens.mint(service, "worker", "local", 10.0)
        clock[0] += 20.0
    with service.database.reading() as connection:
        assert len(connection.execute(select(table)).all()) == 1


def test_a_clock_that_jumps_ahead_ends_tokens_and_a_new_one_is_good(service, clock):
    old = tokens.mint(service, "worker", "local", 3600.0)
    clock[0] += 1e6
    assert refused(service, old) is False
    assert tokens.check(service, tokens.mint(service, "worker", "local", 3600.0), "worker")


def test_a_clock_that_jumps_back_leaves_tokens_good(service, clock):
    token = tokens.mint(service, "worker", "local", 3600.0)
    clock[0] -= 1e6
    assert tokens.check(service, token, "worker")


def test_a_starter_token_is_traded_for_workers_tokens_each_the_first_of_its_line(service, clock):
    starter = tokens.mint(service, "starter", "p1", 60.0)
    first, second = (tokens.trade(service, starter) for _ in range(2))
    assert first != second
    for token in (first, second):
        found = tokens.check(service, token, "worker")
        assert (found.scope, found.hash, found.expires) == ("p1", tokens.hash_of(token), 1e9 + tokens.WORKER_S)
    clock[0] += 59.9
    assert tokens.check(service, starter, "starter").expires == 1e9 + 60.0
    assert refused(service, starter, "worker") is True
    clock[0] += 0.1
    with pytest.raises(DeniedError, match="not known"):
        tokens.trade(service, starter)
    assert tokens.check(service, tokens.renew(service, first), "worker").hash == tokens.hash_of(first)


@pytest.mark.parametrize("kind", ["worker", "scan"])
def test_only_a_starter_token_is_traded(service, kind):
    with pytest.raises(DeniedError, match=f"for a {kind}"):
        tokens.trade(service, tokens.mint(service, kind, "p1", 60.0))


def test_a_pool_that_is_over_has_no_tokens_and_others_keep_theirs(service):
    starter, other = (tokens.mint(service, "starter", pool, 60.0) for pool in ("p1", "p2"))
    worker, scan = tokens.trade(service, starter), tokens.mint(service, "scan", "p1", 60.0)
    renewed = tokens.renew(service, worker)
    with service.database.transaction(CommitPoint.TOKEN) as connection:
        tokens.revoke_all(connection, "p1")
    for token, kind in ((starter, "starter"), (worker, "worker"), (renewed, "worker")):
        assert refused(service, token, kind) is False
    with pytest.raises(DeniedError):
        tokens.trade(service, starter)
    assert tokens.check(service, other, "starter")
    assert tokens.check(service, scan, "scan")


def test_no_token_by_hand_is_for_a_pool_of_a_scan(service):
    row = dict.fromkeys(("scan", "cluster", "collector", "schedd", "state", "statuses", "errors"), "x")
    numbers = dict.fromkeys(("number", "wanted", "memory_mb", "refusals", "failures", "not_before"), 0)
    with service.database.transaction(CommitPoint.TOKEN) as connection:
        connection.execute(insert(pools).values(id="p1", **row, **numbers))
    with pytest.raises(StateError, match=r"^pool: p1"):
        starter_token(service, {"pool": "p1"})
    assert tokens.check(service, orjson.loads(starter_token(service, {"pool": "p2"}))["token"], "starter")
