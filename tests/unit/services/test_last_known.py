"""What was told last is told again only while the database is away, and only to whom it was told."""

from __future__ import annotations

import pytest

from skydriver.errors import UnavailableError, UnknownError
from skydriver.services import last_known
from skydriver.services.last_known import LastKnown


def fail(error):
    def look():
        raise error

    return look


@pytest.fixture
def away():
    return fail(UnavailableError("the database does not answer"))


def test_it_is_told_again_while_the_database_is_away_and_anew_after(away):
    known = LastKnown()
    assert known.ask("a", lambda: b"1") == b"1"
    assert known.ask("a", lambda: b"2") == b"2"
    assert known.ask("a", away) == b"2"
    assert known.ask("a", lambda: b"3") == b"3"


def test_nobody_is_told_what_somebody_else_was_told(away):
    known = LastKnown()
    known.ask(("one", "scan"), lambda: b"1")
    with pytest.raises(UnavailableError):
        known.ask(("other", "scan"), away)


def test_another_error_is_told_as_it_is():
    known = LastKnown()
    known.ask("a", lambda: b"1")
    with pytest.raises(UnknownError):
        known.ask("a", fail(UnknownError("scan_id: there is no scan a")))


def test_those_that_were_asked_for_last_are_kept(away, monkeypatch):
    monkeypatch.setattr(last_known, "MOST", 2)
    known = LastKnown()
    for key in ("a", "b", "a", "c"):
        known.ask(key, key.encode)
    assert (known.ask("a", away), known.ask("c", away)) == (b"a", b"c")
    with pytest.raises(UnavailableError):
        known.ask("b", away)
