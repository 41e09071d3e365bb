"""One schedd, asked through htcondor2; in the child process alone, for a call may last as long as it likes.

A schedd is found by its collector's word, never by default: without that htcondor2 would take the local one. After a
schedd's restart the first call fails, so each is tried twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import classad2
import htcondor2

from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError
from skydriver.clusters.htcondor.ads import PROJECTION, plain
from skydriver.clusters.htcondor.slots import Asked, explain, n_slots
from skydriver.clusters.htcondor.submit import AVOID, SERVICE, SUBMISSION, quoted
from skydriver.clusters.htcondor.tokens import trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
REASON_CODE = 4096
"""Of removals and releases by us; HTCondor's own are lower."""
NOT_STARTED = "(JobStatus == 1 || JobStatus == 5)"


class Schedd:
    """The verbs; each raises a `ClusterAwayError` or a `ClusterRefusalError`.

    Parameters
    ----------
    collector, schedd
        Addresses and names as HTCondor takes them.
    token_directory
        For what is said where the schedd does not know us.
    """

    def __init__(self, collector: str, schedd: str, token_directory: Path) -> None:
        self._collector = htcondor2.Collector(collector)
        self._pool = collector
        self._name = schedd
        self._tokens = token_directory
        self._is_known = False

    def submit(self, description: str, n_jobs: int, service: str, submission: str) -> list[int]:
        """Submit and spool; where that fails, nothing of it stays. The cluster's number and how many jobs it has."""

        def once(schedd: htcondor2.Schedd) -> list[int]:
            try:
                result = schedd.submit(htcondor2.Submit(description), count=n_jobs, spool=True)
                schedd.spool(result)
            except htcondor2.HTCondorException:
                self._undo(service, submission)
                raise
            return [int(result.cluster()), int(result.num_procs())]

        return self._ask("take the jobs", once)

    def query(self, service: str) -> list[dict[str, Any]]:
        """The ads of all jobs of a service."""
        constraint = f"{SERVICE} == {quoted(service)}"
        ads = self._ask("tell of jobs", lambda schedd: schedd.query(constraint, list(PROJECTION)), writes=False)
        return [{name: _plain(ad, name) for name in PROJECTION} for ad in ads]

    def act(self, verb: str, ids: list[str], reason: str, service: str) -> None:
        """Remove or Release jobs, of the service alone; those that are gone or cannot be are passed over."""
        action = {"remove": htcondor2.JobAction.Remove, "release": htcondor2.JobAction.Release}[verb]
        of_these = _constraint(ids, service)
        done = self._ask(f"{verb} jobs", lambda schedd: schedd.act(action, of_these, (plain(reason), REASON_CODE)))
        if done is not None and done.get("TotalPermissionDenied"):
            raise ClusterRefusalError(f"the schedd {self._name} lets us not {verb} jobs that another of its users owns")

    def avoid(self, ids: list[str], hosts: str, service: str) -> None:
        """Change which machines jobs avoid that have not started."""
        of_these = f"{_constraint(ids, service)} && {NOT_STARTED}"

        def edit(schedd: htcondor2.Schedd) -> None:
            if schedd.query(of_these, ["ClusterId"], limit=1):
                schedd.edit(of_these, AVOID, hosts)

        self._ask("change jobs", edit)

    def retrieve(self, job: str, service: str, folder: str) -> bool:
        """Fetch what an ended job left behind into the folder from where it was submitted; whether there is such a job.

        A job that says that its files belong elsewhere is left alone: what is fetched is written where it says.
        """
        of_this = _constraint([job], service)
        cluster_id, proc = job.split(".")
        at_home = f"SUBMIT_Iwd == {quoted(folder)} && Err == {quoted(f'err.{proc}')} && Out == {quoted(f'out.{proc}')}"

        def fetch(schedd: htcondor2.Schedd) -> bool:
            if not schedd.query(f"{of_this} && {at_home}", ["ClusterId"], limit=1):
                return False
            schedd.retrieve(f"{of_this} && {at_home}")
            return True

        return self._ask(f"hand out the output of job {cluster_id}.{proc}", fetch)

    def matches(self, asked: dict[str, Any]) -> list[Any]:
        """How many slots there are, how many could run such jobs, and why the others could not."""
        return list(explain(self._slots(), Asked(**asked)))

    def reach(self) -> dict[str, Any]:
        """What a person wants to know who has just set this up."""
        ad = self._locate()
        self._ask("tell of jobs", lambda schedd: schedd.query("false", ["ClusterId"]), writes=False)
        found: dict[str, Any] = {
            "schedd_address": plain(ad["MyAddress"]),
            "version": plain(ad["CondorVersion"]).removeprefix("$CondorVersion: ").split(" ")[0],
            "identity": None,
            "may_submit": False,
            "n_slots": n_slots(self._slots()),
            "problem": None,
        }
        try:
            answer = htcondor2.ping(ad, "WRITE")
        except htcondor2.HTCondorException:
            return found | {"problem": trouble(self._tokens, self._name)}
        may = answer.get("AuthorizationSucceeded") is True
        problem = None if may else f"{self._name} knows us, but lets nothing be submitted (no WRITE)"
        return found | {"identity": plain(answer.get("MyRemoteUserName")), "may_submit": may, "problem": problem}

    def _slots(self) -> list[classad2.ClassAd]:
        try:
            return list(self._collector.query(htcondor2.AdType.Startd, 'SlotType =!= "Dynamic"'))
        except htcondor2.HTCondorException as error:
            raise self._away_collector(error) from error

    def _locate(self) -> classad2.ClassAd:
        """Where the schedd is. Not by htcondor2's own function, which takes a name as part of an expression."""
        try:
            wanted = ["MyAddress", "AddressV1", "CondorVersion", "Name", "Machine"]
            ads = self._collector.query(htcondor2.AdType.Schedd, f"Name == {quoted(self._name)}", wanted)
        except htcondor2.HTCondorException as error:
            raise self._away_collector(error) from error
        if not ads:
            words = f"the collector {self._pool} knows no schedd {self._name}"
            raise ClusterAwayError(f"{words} now") if self._is_known else ClusterRefusalError(words)
        self._is_known = True
        return ads[0]

    def _ask(self, what: str, action: Callable[[htcondor2.Schedd], T], *, writes: bool = True) -> T:
        try:
            return action(htcondor2.Schedd(self._locate()))
        except htcondor2.HTCondorException:
            try:
                return action(htcondor2.Schedd(self._locate()))
            except htcondor2.HTCondorException as error:
                raise self._diagnosis(what, error, writes=writes) from error

    def _undo(self, service: str, submission: str) -> None:
        """Take jobs out of the queue of which not all is there."""
        of_these = f"{SERVICE} == {quoted(service)} && {SUBMISSION} == {quoted(submission)}"
        schedd = htcondor2.Schedd(self._locate())
        if schedd.query(of_these, ["ClusterId"], limit=1):
            schedd.act(htcondor2.JobAction.Remove, of_these, ("not all of it arrived", REASON_CODE))

    def _diagnosis(self, what: str, error: Exception, *, writes: bool) -> ClusterAwayError | ClusterRefusalError:
        """Whether it is away, does not know us, or does not want what was asked; htcondor2's errors do not say."""
        ad = self._locate()
        try:
            htcondor2.Schedd(ad).query("false", ["ClusterId"])
        except htcondor2.HTCondorException:
            return ClusterAwayError(f"the schedd {self._name} does not answer ({plain(error)})")
        try:
            if not writes or htcondor2.ping(ad, "WRITE").get("AuthorizationSucceeded") is True:
                return ClusterRefusalError(f"the schedd {self._name} does not {what}: {plain(error)}")
        except htcondor2.HTCondorException:
            pass
        return ClusterRefusalError(trouble(self._tokens, self._name))

    def _away_collector(self, error: Exception) -> ClusterAwayError:
        return ClusterAwayError(f"the collector {self._pool} does not answer ({plain(error)})")


def _constraint(ids: list[str], service: str) -> str:
    """An expression that is true for jobs of these numbers that belong to the service."""
    procs: dict[int, list[int]] = {}
    for each in ids:
        cluster_id, proc = each.split(".")
        procs.setdefault(int(cluster_id), []).append(int(proc))
    listed = " || ".join(
        f"(ClusterId == {cluster_id} && member(ProcId, {{{', '.join(map(str, members))}}}))"
        for cluster_id, members in procs.items()
    )
    return f"{SERVICE} == {quoted(service)} && ({listed or 'false'})"


def _plain(ad: classad2.ClassAd, name: str) -> object:
    """The value of an attribute as JSON has it; None if it is not there, undefined or an error."""
    value = ad.eval(name) if name in ad else None
    if value is None or isinstance(value, classad2.Value):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)
