"""Random calls of all routes: every answer is as the OpenAPI document says, and none is of status 500 or more.

There are SKYDRIVER_API_CALLS calls (500 by default), over both databases together; which, SKYDRIVER_FUZZ_SEED and
SKYDRIVER_FUZZ_START say.
"""

from __future__ import annotations

import os

from api_calls import QUICK, calls_of
from disturbed import SEED, START, chooser
from skydriver.testing.processes import wait_until

N_CALLS = int(os.environ.get("SKYDRIVER_API_CALLS", "500"))


def test_every_answer_is_as_documented(either_service):
    print(f"seed {SEED}, from call {START}")
    with calls_of(either_service, chooser("calls", START).getrandbits(32)) as calls, either_service.client() as client:
        calls.make(N_CALLS // 2)
        print(*(f"{label}: {dict(found)}" for label, found in sorted(calls.statuses.items())), sep="\n")
        scan_id = client.submit(QUICK | {"force_new": True, "priority": 99})["scan_id"]
        wait_until(lambda: client.status(scan_id)["scan_complete"], "the service works as before")
        log = either_service.log()
        assert not calls.problems, "\n\n".join([*calls.problems.values(), *tracebacks(log)])
        assert "Traceback" not in log, log


def tracebacks(log):
    """The ends of those in a log, each once."""
    return sorted({"\n".join(part.splitlines()[-12:]) for part in log.split("Exception in ASGI application\n")[1:]})
