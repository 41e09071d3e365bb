"""Products that are kept: one of each, and no more than there is room for."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import products
from skydriver.db.stores.products import Kept, Key
from skydriver.db.tables import products as table

ROOM = 100


@pytest.fixture
def put(service):
    """A function that keeps a product, and says which are kept then, the oldest first."""

    def keep(key, size, made, version="final 1"):
        with service.database.transaction(CommitPoint.PRODUCT) as connection:
            products.put(connection, key, Kept(version, b"x" * size, made), ROOM)
            found = connection.execute(select(table.c.scan, table.c.name, table.c.options).order_by(table.c.made))
            return [Key(*row) for row in found]

    return keep


def got(service, key):
    with service.database.reading() as connection:
        return products.get(connection, key)


def key(name, scan="a", options=""):
    return Key(scan, name, options)


def test_a_later_one_takes_the_place_of_the_one_before(service, put):
    put(key("png"), 10, 1.0)
    assert put(key("png"), 20, 2.0, "final 2") == [key("png")]
    assert got(service, key("png")) == Kept("final 2", b"x" * 20, 2.0)
    assert got(service, key("png", options="others")) is None
    assert got(service, key("pdf")) is got(service, key("png", "b")) is None


def test_the_oldest_go_where_there_is_no_room(put):
    names = [key(name) for name in "abcd"]
    for number, name in enumerate(names[:3]):
        put(name, 33, float(number))
    assert put(names[3], 33, 3.0) == names[1:]
    assert put(names[0], ROOM, 4.0) == [names[0]]
    assert put(names[1], 0, 5.0) == names[:2]
    assert put(names[2], ROOM + 1, 6.0) == []


def test_a_scan_is_forgotten_with_all_of_its_own(service, put):
    for scan in "ab":
        put(key("png", scan), 10, 1.0)
        put(key("png", scan, "others"), 10, 2.0)
    with service.database.transaction(CommitPoint.PURGE) as connection:
        products.forget(connection, "a")
    assert got(service, key("png", "a")) is got(service, key("png", "a", "others")) is None
    assert got(service, key("png", "b"))
