"""Products of scans over REST: which there are, why not, and each the one that the command makes of the same map."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest
from sqlalchemy import select, update

from api_documents import error
from skydriver.api import examples
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import products as store
from skydriver.db.tables import products, scans
from skydriver.errors import UnavailableError
from skydriver.services import scan_products
from skydriver.services.coordination.abort import abort
from skydriver.services.coordination.purging import purge
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.coordination.turn import take_turn
from skydriver.services.drawing.process import DrawingProcess
from skydriver.services.product_kinds import KINDS
from skydriver.services.product_table import ProductOptions
from skydriver.services.publish import Request, publish
from skydriver.services.publishing import Foreign
from skydriver.skymap.columns import NAMES
from skydriver.skymap.notice import TENSES
from skydriver.testing.processes import wait_until
from toy_scans import ToyWorker, settle, store_scan

LIMIT_S = 30.0
ENDINGS = [kind.ending for kind in KINDS]
PLAIN = [kind.ending for kind in KINDS if kind.needs == "nothing"]
MINE = [kind.ending for kind in KINDS if kind.needs == "provenance"]
QUICK = "multiorder.fits"
SOME = (QUICK, "all-sky.png")
"""Those that are compared: all of them are, elsewhere, by command."""
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What has little to do with the database is tested on one."""
METADATA = {"run_id": 1, "event_id": 21, "event_type": "", "mjd": 60676.0, "is_real_event": False}
OPTIONS = ProductOptions(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))


def external_map(*, complete=True, offset=0.0, **changes):
    """All of the sky at nside 2."""
    rows = [[pixel, 1000.0 + offset + (pixel - 17) ** 2, *[0.0] * 6] for pixel in range(48)]
    metadata = {"nside": 2, "complete": complete, **METADATA, "version": 1} | changes
    return {"nside-2": {"columns": list(NAMES), "metadata": metadata, "data": rows}}


@pytest.fixture
def put(client):
    """A function that sends an external scan's map."""

    def sent(scan_id, skymap, *, is_final):
        answer = client.put(f"/scan/result/{scan_id}", json={"skyscan_result": skymap, "is_final": is_final})
        assert answer.status_code == HTTPStatus.OK, answer.text

    return sent


@pytest.fixture
def external(launch, put):
    """An external scan with its final map."""
    scan_id = launch(docker_tag="external")
    put(scan_id, external_map(), is_final=True)
    return scan_id


@pytest.fixture
def own(service):
    """A scan of our own that goes on, and its worker."""
    store_scan(service)
    settle(Reconciler(service))
    worker = ToyWorker(service)
    worker.lease()
    return worker


@pytest.fixture
def some(own):
    """The same, with some pixels finished."""
    own.lease(own.report())
    own.lease(own.report())
    return own


@pytest.fixture
def get(client):
    """A function that asks for a product."""
    return lambda scan_id, name, headers=None, **options: client.get(
        f"/scan/{scan_id}/products/{name}", params=options, headers=headers
    )


@pytest.fixture
def listed(client):
    """A function that asks which there are."""

    def of(scan_id, **options):
        return client.get(f"/scan/{scan_id}/products", params=options).json()

    return of


def reasons(document):
    return {one["name"]: one["why_not"] for one in document["products"]}


def good(answer):
    assert answer.status_code == HTTPStatus.OK, answer.text
    return answer.content


def end_by_hand(service):
    with take_turn(service, CommitPoint.ABORT) as turn:
        abort(turn, "scan1")


def kept(service):
    with service.database.reading() as connection:
        return connection.execute(select(products.c.name, products.c.version)).all()


def made_by_command(client, scan_id, folder, names, algorithm="unknown"):
    """What the command makes of a scan's map and provenance: products by their files' names."""
    result = client.get(f"/scan/result/{scan_id}").json()
    (folder / "map.json").write_text(json.dumps(result["skyscan_result"]))
    if result["skydriver"]["provenance"] is not None:
        (folder / "map.provenance.json").write_text(json.dumps(result["skydriver"]["provenance"]))
    out = folder / "made"
    publish(Request(folder / "map.json", out, names, OPTIONS, Foreign(algorithm)))
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_a_new_scan_has_none_and_the_list_says_why(client, server, launch, get):
    scan_id = launch()
    answer = client.get(f"/scan/{scan_id}/products")
    assert answer.json() == {
        "scan_id": scan_id,
        "is_final": False,
        "products": [
            {
                "name": kind.ending,
                "holds": kind.holds,
                "media_type": kind.media_type,
                "url": f"{server.url}/scan/{scan_id}/products/{kind.ending}",
                "available": False,
                "why_not": "no pixel is finished yet",
            }
            for kind in KINDS
        ],
    }
    sentence = f"scan_id: there is no map of {scan_id} yet: no pixel is finished yet"
    assert get(scan_id, "png").json() == error(404, sentence)


def test_of_an_external_scan_there_is_what_needs_no_more_than_its_map(
    client, launch, put, get, listed, tmp_path, service
):
    scan_id = launch(docker_tag="external", reco_algo="millipede_original")
    assert set(reasons(listed(scan_id)).values()) == {"its scanner has sent no map yet"}
    put(scan_id, external_map(complete=False), is_final=False)
    so_far = get(scan_id, QUICK)
    put(scan_id, external_map(), is_final=True)
    document = listed(scan_id)
    assert document["is_final"] is True
    available = [one["name"] for one in document["products"] if one["available"]]
    assert available == [*PLAIN, "event.png", "event.pdf"]
    expected = made_by_command(client, scan_id, tmp_path, SOME, "millipede_original")
    stem = "run00000001.evt000000000021.skydriver_of_millipede_original_2."
    for name in SOME:
        answer = get(scan_id, name)
        assert good(answer) == expected[f"{stem}{name}"], name
        assert answer.headers["content-disposition"] == f'inline; filename="{stem}{name}"'
    assert good(get(scan_id, "event.png")).startswith(b"\x89PNG")
    assert good(so_far) != good(get(scan_id, QUICK))
    for name, reason in reasons(document).items():
        if name not in available:
            assert get(scan_id, name).json() == error(409, f"{name}: {reason}")
    assert len({version for _, version in kept(service)}) == 1


@pytest.mark.usefixtures("some")
def test_of_a_map_that_goes_on_there_is_what_needs_no_region(client, get, listed, tmp_path):
    told = reasons(listed("scan1"))
    assert [name for name, reason in told.items() if not reason] == [*MINE, *PLAIN, "event.png", "event.pdf"]
    assert told["moc90.fits"] == told["notice.json"] == "the scan goes on: the map is partial"
    assert told["summary.json"] == "what is found out about an event is known when its map is whole"
    assert get("scan1", "moc90.fits").json() == error(409, "moc90.fits: the scan goes on: the map is partial")
    expected = made_by_command(client, "scan1", tmp_path, (*MINE, *SOME))
    stem = "run00123456.evt000000000042.pandel_mpe_1_2_8.partial."
    assert set(expected) == {f"{stem}{name}" for name in (*MINE, *SOME)}
    for file, content in expected.items():
        assert good(get("scan1", file.removeprefix(stem))) == content, file


def test_products_of_a_map_that_grows_follow_it_but_not_more_often_than_they_are_looked_at(
    service, some, get, monkeypatch
):
    first = good(get("scan1", QUICK))
    some.lease(some.report())
    assert good(get("scan1", QUICK)) == first
    monkeypatch.setattr(scan_products, "FRESH_S", 0.0)
    while (second := good(get("scan1", QUICK))) == first:
        assert some.lease(some.report())
    monkeypatch.undo()
    some.work()
    settle(Reconciler(service))
    last = get("scan1", QUICK)
    assert ".partial" not in last.headers["content-disposition"]
    assert good(last) not in {first, second}
    assert [(name, version.split()[0]) for name, version in kept(service)] == [(QUICK, "final")]


@pytest.mark.usefixtures("some")
def test_an_aborted_scan_has_them_also_when_its_fits_are_purged(service, get, listed):
    before = good(get("scan1", QUICK))
    end_by_hand(service)
    assert reasons(listed("scan1"))["reg"] == "the scan was interrupted: the map is partial"
    assert good(get("scan1", QUICK)) == before
    with service.database.transaction(CommitPoint.PURGE) as connection:
        connection.execute(update(scans).values(ended=1.0))
    assert purge(service)
    assert kept(service) == []
    assert good(get("scan1", QUICK)) == before


def test_a_deleted_result_has_none_unless_it_is_asked_for(client, external, get, listed):
    before = good(get(external, QUICK))
    client.delete(f"/scan/result/{external}")
    sentence = f"scan_id: the result of {external} was deleted; include_deleted shows it"
    assert get(external, QUICK).json() == listed(external) == error(404, sentence)
    assert good(get(external, QUICK, include_deleted=True)) == before
    assert len(listed(external, include_deleted=True)["products"]) == len(KINDS)


@ON_ONE
def test_of_a_scan_that_was_replaced_there_are_those_of_the_new_one(client, external, get):
    new = client.post(f"/scan/{external}/actions/rescan", json={"replace_scan": True}).json()["scan_id"]
    for path in ("products", "products/fits.gz?nside=2"):
        answer = client.get(f"/scan/{external}/{path}")
        assert (answer.status_code, answer.headers["location"]) == (307, f"/scan/{new}/{path}")
    assert good(get(external, QUICK, no_redirect=True))


@ON_ONE
def test_products_outlive_their_manifest(client, external, get):
    client.delete(f"/scan/manifest/{external}")
    assert good(get(external, QUICK))


@ON_ONE
def test_a_product_has_a_tag_by_which_it_is_known_again(external, get):
    answer = get(external, QUICK)
    tag = answer.headers["etag"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-type"] == "application/fits"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = get(external, QUICK, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert good(get(external, QUICK, headers={"If-None-Match": '"other"'})) == answer.content
    assert get(external, "fits.gz").headers["etag"] != tag


@ON_ONE
def test_options_are_those_of_the_command_and_matter_where_they_do(service, external, get):
    flat = {name: good(get(external, "fits.gz", **options)) for name, options in [
        ("usual", {}), ("nested", {"nested": True}), ("coarse", {"nside": 1}), ("both", {"nside": 1, "nested": True}),
    ]}  # fmt: skip
    assert len(set(flat.values())) == len(flat)
    assert len(kept(service)) == len(flat)
    good(get(external, QUICK))
    n_kept = len(kept(service))
    good(get(external, QUICK, nside=4, nested=True, tense="current", event_name="x"))
    assert len(kept(service)) == n_kept


@ON_ONE
@pytest.mark.parametrize(
    ("name", "options", "code", "sentence"),
    [
        ("fits", {}, 404, f"name: there is no product 'fits', only {', '.join(ENDINGS)}"),
        ("UP", {}, 404, "name: there is nothing of that name"),
        ("fits.gz", {"nside": 3}, 400, "nside: 3 is not a power of two from 1 to 1024"),
        ("fits.gz", {"nside": 2048}, 400, "nside: input should be less than or equal to 1024"),
        ("fits.gz", {"nested": "perhaps"}, 400, "nested: input should be a valid boolean, unable to interpret input"),
        ("png", {"tense": "past"}, 400, f"tense: 'past' is none of {', '.join(TENSES)}"),
        ("png", {"event_name": "a\nb"}, 400, "event_name: it is not a line of 1 to 100 letters"),
    ],
)  # fmt: skip
def test_what_is_asked_for_wrongly_is_told(get, name, options, code, sentence):
    assert get("a", name, **options).json() == error(code, sentence)


@ON_ONE
def test_a_scan_that_there_is_not_has_none(listed, get):
    assert listed("a") == get("a", "png").json() == error(404, "scan_id: there is no scan a")


@ON_ONE
@pytest.mark.parametrize(
    ("skymap", "name", "sentence"),
    [
        (external_map(run_id=7), "event.png", "event.png: the event: run 1, event 21 is not that of the map"),
        (examples.MAP, "png", "png: only one pixel of the map has a value"),
    ],
)
def test_a_map_of_which_nothing_can_be_made_is_told(launch, put, get, skymap, name, sentence):
    scan_id = launch(docker_tag="external")
    put(scan_id, skymap, is_final=True)
    answer = get(scan_id, name)
    assert (answer.status_code, answer.json()["error"][: len(sentence)]) == (409, sentence), answer.text


@ON_ONE
def test_what_many_ask_for_at_once_is_made_once(external, get, monkeypatch):
    orders, make = [], DrawingProcess.make
    together = threading.Barrier(20)

    def counted(process, order):
        orders.append(order.product)
        return make(process, order)

    def ask(_number):
        together.wait(LIMIT_S)
        return good(get(external, "png"))

    monkeypatch.setattr(DrawingProcess, "make", counted)
    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(ask, range(20)))) == 1
    assert orders == ["png"]


@ON_ONE
def test_a_kill_of_what_draws_is_not_noticed(service, external, get):
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(get, external, "png")
        wait_until(lambda: service.drawer.pid, "it draws", LIMIT_S)
        os.kill(service.drawer.pid, signal.SIGKILL)
        assert good(answer.result(LIMIT_S)).startswith(b"\x89PNG")


@ON_ONE
def test_whoever_waits_is_told_that_the_service_ends(server, service, external, get, monkeypatch):
    monkeypatch.setattr(scan_products, "LOOK_AGAIN_S", 0.05)
    held = threading.Event()
    monkeypatch.setattr(DrawingProcess, "make", lambda *_: held.wait(LIMIT_S))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(get, external, "png")
        wait_until(lambda: service.drawer.pid, "it draws", LIMIT_S)
        server.stop()
        assert answer.result(LIMIT_S).json() == error(503, "the service is ending: ask again when it is back")
        held.set()


@ON_ONE
def test_whoever_waits_for_long_is_told_to_ask_again_and_it_is_made_all_the_same(service, external, get, monkeypatch):
    monkeypatch.setattr(scan_products, "PATIENCE_S", -1.0)
    assert get(external, "png").json() == error(503, "png: it is still being made: ask again")
    wait_until(lambda: kept(service), "it is kept", LIMIT_S)
    assert good(get(external, "png"))


@ON_ONE
def test_a_product_that_cannot_be_kept_is_given_all_the_same(service, external, get, monkeypatch):
    def fail(*_arguments):
        raise UnavailableError("the disk is full")

    monkeypatch.setattr(store, "put", fail)
    assert good(get(external, QUICK))
    monkeypatch.undo()
    monkeypatch.setattr(scan_products, "MOST_BYTES", 10)
    assert good(get(external, QUICK))
    assert kept(service) == []
