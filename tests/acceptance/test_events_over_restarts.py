"""A listener hears all of a scan, once, while the service is killed and started again."""

from __future__ import annotations

import threading

import pytest

from listening import stored, told_of
from skydriver.api import examples
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.services.context import Service
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

ASKED = examples.SUBMISSION | {"reco_algo": "dummy:1:0.01", "nsides": {"4": 0, "8": 12}}
N_KILLS = 2


@pytest.fixture
def running(request, tmp_path, kind):
    url = request.getfixturevalue("postgresql_url") if kind == "postgresql" else None
    with running_service(tmp_path / "service", database_url=url, workers=1) as started:
        yield started, Settings(data=started.folder / "data", database_url=url)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_nothing_comes_twice_when_it_is_killed(running):
    service, settings = running
    with service.client(60.0) as client, service.client(60.0) as other:
        scan = client.submit(ASKED)["scan_id"]
        heard = []
        thread = threading.Thread(target=_listen, args=[other.events(scan, "0-0"), heard])
        thread.start()
        for n in range(1, N_KILLS + 1):
            wait_until(lambda n=n: len(heard) > 8 * n, "some is heard", still=thread.is_alive)
            service.kill()
            service.start()
        thread.join(90)
        assert not thread.is_alive()
    database = Database(settings.url)
    try:
        assert told_of(heard) == stored(Service(settings, database), scan)
    finally:
        database.close()
    assert heard[-1].data["status"] == "done"


def _listen(events, heard):
    for event in events:
        heard.append(event)  # one by one, as they come
