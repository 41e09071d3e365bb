"""Random calls of every route of a service, by its OpenAPI document, many of them with things that are there."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from odd_worker import minted
from skydriver.api import examples
from skydriver.testing.processes import wait_until
from skydriver.worker.numerics import numerics_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.testing.service import RunningService

LAWS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CALL_S = 60.0
"""A call takes less."""
CALLS_IN_A_ROUND = 3
"""Of each route, before it is the next one's turn: what is there changes meanwhile."""
MOST_THINGS = 40
"""Of one kind are remembered."""
KINDS = {
    **dict.fromkeys(("scan_id", "scan", "replaced_by_scan_id", "origin_scan_id"), "scan_id"),
    **dict.fromkeys(("event_hash", "event"), "event_hash"),
    **{name: name for name in ("i3_event_id", "cursor", "worker", "task", "pool", "numerics")},
}
"""What keys of documents and arguments hold, by their names."""
POOL = "odd"
MOST_PROBLEMS = 20
QUICK = examples.SUBMISSION | {"reco_algo": "dummy", "nsides": {"1": 0, "2": 3}}
SLOW_ARGUMENTS = {"wait_s": 0.01}
"""Those that make an answer wait."""
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 12, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 1e308, 0.1, -0.0),
    *(
        "",
        " ",
        "0",
        "true",
        "\x00",
        "a\x00b",
        "\ud800",
        "é☃𝄞",
        "x" * 300,
        "x" * 5000,
        "../..",
        "%00",
        "'; --",
        "$where",
    ),
    *([], {}, [[]], [None], [{}], {"": 0}, {"a": {"b": [1, {"c": None}]}}, {"1": 0}, {"8": 0, "64": 12}, [1, "a"]),
    *({"$gt": 1}, {"\x00": 1}, {"\ud800": 1}, list(range(200)), {str(n): n for n in range(200)}),
    json.loads("[" * 90 + "]" * 90),
)
"""Values for arguments that have others."""


class Things:
    """What is there: ids, cursors and the like, of a few kinds."""

    def __init__(self) -> None:
        self.of_kind: dict[str, list[str]] = defaultdict(list)
        self.tokens: dict[str, str] = {}
        """Of an external scanner, by scan."""
        self.worker_token = ""

    def learn(self, document: Any, key: str = "", depth: int = 4) -> None:
        """Remember what an answer names."""
        if isinstance(document, dict) and depth:
            for name, value in document.items():
                self.learn(value, name, depth - 1)
        elif isinstance(document, list) and depth:
            for value in document[:3]:
                self.learn(value, key, depth - 1)
        elif isinstance(document, str) and key in KINDS:
            self._add(KINDS[key], document)

    def some(self, name: str, chance: random.Random) -> str | None:
        """One that an argument of that name may have; None where none is known."""
        known = self.of_kind.get(KINDS.get(name, ""))
        return chance.choice(known) if known else None

    def _add(self, kind: str, thing: str) -> None:
        known = self.of_kind[kind]
        if thing not in known:
            known.append(thing)
        if len(known) > MOST_THINGS:
            del known[MOST_THINGS // 2]  # those from the beginning, in all states, stay


class Calls:
    """Calls of a service.

    Parameters
    ----------
    running
        The service.
    seed
        Whatever follows is of it, but for what the service makes up.
    """

    def __init__(self, running: RunningService, seed: int) -> None:
        self.n_calls = 0
        self.statuses: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.problems: dict[str, str] = {}
        """By route and kind, the first of each."""
        self.things = Things()
        self._url = running.url
        self._chance = random.Random(seed)  # noqa: S311 - no secrets
        self._session = requests.Session()
        self._session.trust_env = False
        document = self._session.get(f"{self._url}/openapi.json", timeout=CALL_S).json()
        config = SchemathesisConfig(seed=seed)
        schema = schemathesis.openapi.from_dict(document, config=config)
        self.operations = [found.ok() for found in schema.get_all_operations()]
        self._document = document

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def make(self, n: int) -> None:
        """Call all routes in turn, so often in all, or until much is wrong."""
        until = self.n_calls + n
        while self.n_calls < until and len(self.problems) < MOST_PROBLEMS:
            for operation in self._chance.sample(self.operations, len(self.operations)):
                if self.n_calls < until:
                    self._call_some(operation)

    def _call_some(self, operation: Any) -> None:
        for drawn in self._drawn(operation):
            case = likely(drawn, self.things, self._chance)
            answer = case.call(base_url=self._url, session=self._session, timeout=CALL_S)
            self.n_calls += 1
            self.statuses[operation.label][answer.status_code] += 1
            self._check(case, answer)
            if answer.status_code == 200 and "json" in answer.headers["content-type"][0]:
                self.things.learn(answer.json())

    def _drawn(self, operation: Any) -> list[Any]:
        """Some cases by the document alone."""
        mode = self._chance.choice([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
        if not (operation.path_parameters or operation.query or operation.body):
            mode = GenerationMode.POSITIVE  # nothing of it can be wrong
        cases: list[Any] = []

        def draw(case: Any) -> None:
            cases.append(case)

        given = hypothesis.given(operation.as_strategy(generation_mode=mode))
        hypothesis.seed(self._chance.getrandbits(64))(_settings(given(draw)))()
        return cases

    def _check(self, case: Any, answer: Any) -> None:
        try:
            case.validate_response(answer, checks=LAWS)
        except FailureGroup as failure:
            kinds = [type(problem).__name__ for problem in failure.exceptions]
            what = f"{case.operation.label} {answer.status_code} {kinds}"
            told = (what, *failure.exceptions, case.as_curl_command(), answer.content[:500])
            self.problems.setdefault(what, "\n".join(map(str, told)))


_settings = hypothesis.settings(
    max_examples=CALLS_IN_A_ROUND,
    phases=[Phase.generate],  # what a call meets is there once: there is no smaller example of the same
    database=None,
    deadline=None,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)


def likely(drawn: Any, things: Things, chance: random.Random) -> Any:
    """A case with things that are there, and a body that is nearly as in the example; but not always."""
    path, query, body = dict(drawn.path_parameters or {}), dict(drawn.query or {}), drawn.body
    often = 0.3 if drawn.method == "DELETE" else 0.85  # else nothing would be left that is not deleted
    for name in path:
        thing = things.some(name, chance)
        if thing is not None and chance.random() < often:
            path[name] = thing
    for parameter in drawn.operation.query:
        thing = things.some(parameter.name, chance)
        if thing is not None and chance.random() < 0.5:
            query[parameter.name] = thing
    if drawn.operation.body and chance.random() < 0.75:
        body = varied(example_of(drawn.operation), things, chance)
    if isinstance(body, dict):
        for name, most in SLOW_ARGUMENTS.items():
            if isinstance(body.get(name), int | float):
                body[name] = min(body[name], most)
    token = token_for(drawn.operation.path, path, things, chance)
    headers = dict(drawn.headers or {}) | ({} if token is None else {"Authorization": f"Bearer {token}"})
    return drawn.operation.Case(
        path_parameters=path, query=query, headers=headers, body=body, media_type=drawn.media_type
    )


def token_for(path: str, parameters: dict[str, Any], things: Things, chance: random.Random) -> str | None:
    """The right token, mostly."""
    if chance.random() < 0.05:
        return chance.choice(["nothing", things.worker_token, *things.tokens.values()])
    if path.startswith("/workers/"):
        return things.worker_token
    own = things.tokens.get(str(parameters.get("scan_id")))
    return own if chance.random() < 0.3 else None


def example_of(operation: Any) -> dict[str, Any]:
    """The documented body, but for one of a quick scan."""
    if operation.label == "POST /scan":
        return {**QUICK}
    (body,) = operation.definition.raw["requestBody"]["content"].values()
    return dict(body["example"])


def varied(body: dict[str, Any], things: Things, chance: random.Random) -> dict[str, Any]:
    """A body with things that are there, and at most two of its arguments odd or left out, or one too many."""
    for name, value in body.items():
        thing = things.some(name, chance)
        if thing is not None:
            body[name] = thing
        elif isinstance(value, dict) and "task" in value:
            body[name] = varied(dict(value), things, chance)
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        name = chance.choice([*body, "odd"])
        if chance.random() < 0.25:
            body.pop(name, None)
        else:
            body[name] = chance.choice(ODD)
    return body


def launch_all_kinds(calls: Calls, running: RunningService) -> None:
    """Let there be scans in all states, scanners and workers."""
    things = calls.things
    things.worker_token = minted(running, POOL, 3600.0)
    things.learn({"pool": POOL, "numerics": numerics_id()})
    with running.client() as client:

        def launched(**changes: Any) -> str:
            manifest = client.submit(QUICK | {"force_new": True} | changes)
            things.learn(manifest)
            scan_id = manifest["scan_id"]
            if "token" in manifest["skydriver"]:
                things.tokens[scan_id] = manifest["skydriver"]["token"]  # type: ignore[typeddict-item]
            return scan_id

        def is_over(scan_id: str) -> bool:
            return client.status(scan_id)["skydriver"]["status"] in {"done", "failed"}

        ours = [launched(), launched(), launched(reco_algo="crash_dummy:1:error")]
        for _ in range(3):
            launched(docker_tag="external")
        client.abort(launched(docker_tag="external"))
        for scan_id in ours:
            wait_until(lambda scan_id=scan_id: is_over(scan_id), "it is over")
        client.delete_result(ours[1])
        client.abort(ours[1])


@contextmanager
def calls_of(running: RunningService, seed: int) -> Iterator[Calls]:
    """Calls of a service in which there is something of everything."""
    calls = Calls(running, seed)
    try:
        launch_all_kinds(calls, running)
        yield calls
    finally:
        calls.close()
