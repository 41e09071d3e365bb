"""A service that kills itself before, and after, each kind of its commits; started again, it goes on.

Every transaction that writes has a name, `CommitPoint`, and each of them is met here: by several chains before and
after on each database, by a single one before on one database and after on the other. A chain is one scan, submitted,
fitted, finished, fetched and forgotten, killed at every step of its life; others are aborted, fail, or are external.
`PLAN` alone is for what no crash leaves, because a plan is always stored with what it follows from: rows are taken
away by hand for it.
"""

from __future__ import annotations

import math
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import pytest
from sqlalchemy import delete, func, select, update

from databases import copied
from disturbed import (
    N_KILLS,
    QUICK_LEASES,
    SLOW,
    START,
    Asked,
    Disturbed,
    chooser,
    memory_of,
    only_its_own_are_left,
)
from skydriver.db.commit_points import CommitPoint
from skydriver.db.schema.fits import DONE
from skydriver.db.tables import fits, results, scans, tasks
from skydriver.services.coordination.states import Status
from skydriver.testing.commit_faults import COMMAND, FAULT, FAULTS_MET, Fault
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

CHAINS = range(START, START + math.ceil(N_KILLS / 4))
"""Each meets every point on two databases; one alone meets half of the faults on each, and all on both together."""
LIMIT_S = 90.0
WHEN = ("before", "after")
KINDS = ("sqlite", "postgresql")
LONG = Asked("dummy:7:0.03", "2:0,8:24", 0.5, 400)
"""There is something left of it through all of this."""
OF_CLUSTERS = frozenset({CommitPoint.INTEND, CommitPoint.SUBMITTED, CommitPoint.POOL})
"""These are met in `test_pools_that_do_nothing`, by scans on a real pool."""
DOOMED = Asked("crash_dummy:1:error", "1:0,2:12", 1.0, 60)
"""Its fits fail."""


class Chain:
    """A service, started over and over, with a fault each time.

    Parameters
    ----------
    running
        The service, made with `COMMAND`.
    memory
        Its database.
    pool
        Where clients wait for answers meanwhile.
    met
        The file of faults that came about.
    kind
        Of database.
    """

    def __init__(self, running, memory, pool, met, kind) -> None:
        self.running = running
        self.memory = memory
        self.pool = pool
        self._met = met
        self._kind = kind
        self.wanted: list[str] = []
        self.scan: Disturbed | None = None
        """Which notes what it survived."""

    def when(self, point: CommitPoint) -> tuple[str, ...]:
        """Whether it dies before or after a point; one chain alone does one of them, on each database the other."""
        if len(CHAINS) > 1:
            return WHEN
        return (WHEN[(list(CommitPoint).index(point) + KINDS.index(self._kind)) % 2],)

    def start(self, fault: Fault | None, n_workers: int = 2, **more: str) -> None:
        """Start it, with a fault ahead."""
        self.running.stop(signal.SIGKILL)
        self.running.environment |= {"SKYDRIVER_LOCAL_WORKERS": str(n_workers), **more, FAULT: str(fault or "")}
        self.wanted += [str(fault)] if fault else []
        self.running.begin()
        if fault is None:
            self.running.wait_for_address()

    def dies(self, meanwhile=lambda: None) -> None:
        """Wait until the fault came about."""
        latest = time.monotonic() + LIMIT_S
        while self.running.is_alive:
            assert time.monotonic() < latest, f"{self.wanted[-1]} is not met\n{self.running.log()}"
            meanwhile()
            time.sleep(0.02)
        assert self.running.process.returncode == -signal.SIGKILL, self.running.log()
        if self.scan is not None:
            self.scan.note(self.wanted[-1])

    def meet(self, *points: CommitPoint, meanwhile=lambda: None, number=lambda: 1, n_workers: int = 2, **more: str):
        """Die at each of these points, before, after, or both."""
        for point in points:
            for when in self.when(point):
                self.start(Fault(point, when, number()), n_workers, **more)
                self.dies(meanwhile)

    def asked_meanwhile(self, ask, *points: CommitPoint):
        """Die at these points while a client asks; what it is answered in the end."""
        answer = self.pool.submit(ask)
        self.meet(*points, n_workers=0)
        self.start(None, n_workers=0)
        return answer.result(LIMIT_S)

    def with_client(self, ask, *points: CommitPoint):
        """The same, where `ask` takes a client that repeats its requests."""

        def with_client():
            with self.running.client(LIMIT_S) as client:
                return ask(client)

        return self.asked_meanwhile(with_client, *points)

    def met(self) -> list[str]:
        """The faults that came about."""
        return self._met.read_text().splitlines()


@pytest.fixture(params=KINDS)
def chain(request, tmp_path):
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(copied(request.getfixturevalue("postgres")))
        met = tmp_path / "met"
        options = {"command": COMMAND, "environment": {FAULTS_MET: str(met)}, **QUICK_LEASES, "heartbeat_s": 0.05}
        running = stack.enter_context(running_service(tmp_path / "service", database_url=url, **options))
        pool = stack.enter_context(ThreadPoolExecutor(2))
        yield Chain(running, stack.enter_context(memory_of(running)), pool, met, request.param)


@pytest.mark.parametrize("number", CHAINS)
def test_every_commit(chain, references, number):
    random = chooser("commits", number)
    scan = chain.scan = _submit(chain, LONG, f"chain {number}")
    chain.meet(CommitPoint.TOKEN, CommitPoint.EXPIRE, CommitPoint.REGISTER)  # while it starts
    chain.meet(CommitPoint.LEASE, CommitPoint.HEARTBEAT, number=lambda: random.randint(1, 8))
    chain.meet(CommitPoint.MEASURE)
    chain.meet(CommitPoint.EXPIRE, meanwhile=lambda: _kill_one(chain.running.workers, random), number=lambda: 2)
    chain.meet(CommitPoint.LOG, meanwhile=lambda: _kill_one(chain.running.fits, random))
    chain.meet(CommitPoint.RETURN, meanwhile=lambda: _end_while_it_fits(chain))
    for when in chain.when(CommitPoint.PLAN):
        chain.running.kill()
        _take_plan_away(chain.memory, scan.id)
        chain.start(Fault(CommitPoint.PLAN, when), 0)
        chain.dies()
    assert not chain.memory.is_over(scan.id), "it was over before all of that happened"
    chain.meet(CommitPoint.FINISH)
    chain.start(None)
    wait_until(lambda: chain.memory.is_over(scan.id), "the scan is over", LIMIT_S)
    chain.with_client(lambda client: client.result(scan.id), CommitPoint.SERVE)
    scan.end_well(references, f"commits {number}")
    chain.with_client(lambda client: client.product(scan.id, "multiorder.fits"), CommitPoint.PRODUCT)
    assert chain.with_client(lambda client: client.delete_result(scan.id), CommitPoint.DELETE)["is_deleted"] is True
    _others(chain)
    _purge(chain, scan)
    assert chain.met() == chain.wanted
    expected = {(point, when) for point in CommitPoint if point not in OF_CLUSTERS for when in chain.when(point)}
    assert {Fault.from_text(line)[:2] for line in chain.met()} == expected
    only_its_own_are_left(chain.running)


def _submit(chain, asked, key):
    """Submitted once, although the service dies meanwhile."""
    scan = Disturbed.__new__(Disturbed)
    scan.running, scan.memory, scan.asked, scan.kills, scan.recovered = chain.running, chain.memory, asked, [], []
    points = (CommitPoint.SUBMIT, CommitPoint.LAUNCH, CommitPoint.PREPARE)
    manifest = chain.with_client(lambda client: client.submit(asked.arguments(2), key), *points)
    scan.id = manifest["scan_id"]
    with chain.memory.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(scans)).scalar_one() == 1
    return scan


def _kill_one(of, random):
    if found := of():
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(random.choice(found), signal.SIGKILL)
        time.sleep(0.5)


def _end_while_it_fits(chain):
    """Told to end, it sends its workers home, who give back what they have."""
    if chain.running.fits():
        chain.running.process.send_signal(signal.SIGTERM)
        with suppress(Exception):
            chain.running.process.wait(20.0)
        if chain.running.process.poll() == 0:  # its workers had nothing just then
            chain.running.begin()


def _take_plan_away(memory, scan_id):
    with memory.database.transaction(CommitPoint.PURGE) as connection:
        connection.execute(delete(fits).where(fits.c.scan == scan_id, fits.c.state != DONE))
        connection.execute(
            update(tasks).where(tasks.c.scan == scan_id, tasks.c.state == "open").values(state="expired")
        )


def _others(chain):
    """Scans that do not end well."""
    with chain.running.client() as client:
        replaced, wanted, doomed = (client.submit(asked.arguments(2))["scan_id"] for asked in (SLOW, SLOW, DOOMED))
    _more_workers(chain, replaced)
    aborted = _rescan(chain, replaced)
    chain.with_client(lambda client: client.abort(aborted), CommitPoint.ABORT)
    with chain.memory.database.transaction(CommitPoint.PURGE) as connection:
        connection.execute(update(scans).where(scans.c.id == wanted).values(target=Status.ABORTED))
    chain.meet(CommitPoint.FAIL)
    chain.start(None)
    wait_until(lambda: chain.memory.is_over(wanted) and chain.memory.is_over(doomed), "both are over", LIMIT_S)
    ends = {
        scan: (found.status, found.code)
        for scan in (replaced, aborted, wanted, doomed)
        for found in [chain.memory.scan(scan)]
    }
    assert ends == dict.fromkeys((replaced, aborted, wanted), ("aborted", None)) | {doomed: ("failed", "fits_fail")}
    for scan in ends:
        assert all(row.state == DONE for row in chain.memory.rows(fits, scan))
    _external(chain)


def _more_workers(chain, scan_id):
    """They are added once."""
    url, body = f"{chain.running.url}/scan/{scan_id}/actions/add-workers", {"n_workers": 3, "cluster_location": "local"}
    answer = chain.asked_meanwhile(lambda: _repeated("POST", url, body), CommitPoint.ADD_WORKERS)
    assert answer["skydriver"] == {"n_workers": 5}


def _rescan(chain, scan_id):
    """A scan ends and another takes its place, both or neither, and once; that other one."""
    url, body = f"{chain.running.url}/scan/{scan_id}/actions/rescan", {"abort_first": True, "replace_scan": True}
    with chain.memory.database.reading() as connection:
        before = connection.execute(select(func.count()).select_from(scans)).scalar_one()
    new = chain.asked_meanwhile(lambda: _repeated("POST", url, body), CommitPoint.SUBMIT)["scan_id"]
    with chain.memory.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(scans)).scalar_one() == before + 1
    old = chain.memory.scan(scan_id)
    assert (old.status, old.replaced_by) == (Status.ABORTED, new)
    return new


def _external(chain):
    """A scan of somebody else's, who repeats what was not answered."""
    asked = SLOW.arguments(1) | {"docker_tag": "external"}
    with chain.running.client() as client:
        scan_id = client.submit(asked)["scan_id"]
    url, progress = chain.running.url, {"summary": "half", "epilogue": "", "tallies": {}}
    progress |= {"processing_stats": {}, "predictive_scanning_threshold": 1.0, "last_updated": "now"}
    ask = lambda: _repeated("PATCH", f"{url}/scan/manifest/{scan_id}", {"progress": progress})  # noqa: E731 - short
    assert chain.asked_meanwhile(ask, CommitPoint.PATCH)["progress"]["summary"] == "half"
    with chain.memory.database.reading() as connection:
        document = connection.execute(select(results.c.document)).scalars().first()
    body = {"skyscan_result": httpx.Response(200, content=document).json(), "is_final": True}
    ask = lambda: _repeated("PUT", f"{url}/scan/result/{scan_id}", body)  # noqa: E731 - short
    assert chain.asked_meanwhile(ask, CommitPoint.PUT)["skyscan_result"] == body["skyscan_result"]
    assert chain.memory.scan(scan_id).status == Status.DONE


def _repeated(method, url, body):
    latest = time.monotonic() + LIMIT_S
    while True:
        try:
            answer = httpx.request(method, url, json=body, timeout=10.0)
        except httpx.TransportError:
            assert time.monotonic() < latest
            time.sleep(0.05)
        else:
            assert answer.status_code == 200, answer.text
            return answer.json()


def _purge(chain, scan):
    """Single fits of old scans are forgotten, once a map is kept of those that ended early; maps stay."""
    chain.meet(CommitPoint.KEEP, CommitPoint.PURGE, n_workers=0, SKYDRIVER_FITS_KEPT_S="0")
    chain.start(None, 0)
    wait_until(lambda: not chain.memory.rows(fits, scan.id), "old fits are forgotten", LIMIT_S)
    with chain.running.client() as client:
        assert client.result(scan.id, include_deleted=True)["is_final"] is True
