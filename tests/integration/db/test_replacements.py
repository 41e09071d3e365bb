"""The scan that stands for another, at the end of any chain; circles and loose ends lead nowhere."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores.replacements import last_of
from skydriver.db.tables import scans
from skydriver.errors import ReplacedError
from skydriver.services.replacing import check_current
from toy_scans import store_scan


@pytest.fixture
def link(service):
    """A function that stores scans, each replaced by the next; the last by what is given."""

    def linked(*names, then=None):
        for name in names:
            store_scan(service, name)
        with service.database.transaction(CommitPoint.SUBMIT) as connection:
            for name, by in zip(names, (*names[1:], then), strict=True):
                connection.execute(update(scans).where(scans.c.id == name).values(replaced_by=by))

    return linked


def last(service, name):
    with service.database.reading() as connection:
        return last_of(connection, name)


def test_a_chain_leads_to_its_end(service, link):
    names = [f"s{number}" for number in range(60)]
    link(*names)
    assert {last(service, name) for name in names} == {"s59"}
    for name in names[:-1]:
        with pytest.raises(ReplacedError) as caught:
            check_current(service, name)
        assert (caught.value.scan_id, caught.value.by) == (name, "s59")
    check_current(service, "s59")


def test_many_may_be_replaced_by_one(service, link):
    link("a", "b")
    link("c", then="b")
    assert [last(service, name) for name in "abc"] == ["b", "b", "b"]


def test_circles_and_loose_ends_lead_nowhere(service, link):
    link("a", "b", "c", then="a")
    link("d", then="nobody")
    for name in ("a", "b", "c", "d", "nobody"):
        assert last(service, name) is None
        check_current(service, name)
