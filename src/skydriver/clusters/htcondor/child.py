"""The process that talks to one schedd: ``python -m skydriver.clusters.htcondor.child PARENT``.

Its standard input is a socket. The first line that comes says which schedd. Each further one is a call,
``{"verb": …, "arguments": {…}}``, and answered by ``{"value": …}`` or ``{"error": "away" or "refusal", "says": …}``.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError
from skydriver.clusters.htcondor.schedd import Schedd

PR_SET_PDEATHSIG = 1
VERBS = frozenset({"submit", "query", "act", "avoid", "retrieve", "matches", "reach"})


def main() -> None:
    """Serve calls until the other side is gone."""
    _end_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is not for it
    with socket.socket(fileno=0) as channel, channel.makefile("rb") as calls:
        told = json.loads(calls.readline() or b"null")
        if told is None:
            return
        schedd = Schedd(told["collector"], told["schedd"], Path(told["token_directory"]))
        for line in calls:
            channel.sendall(json.dumps(_answer(schedd, json.loads(line))).encode() + b"\n")


def _answer(schedd: Schedd, call: dict[str, Any]) -> dict[str, Any]:
    if call["verb"] not in VERBS:
        return {"error": "refusal", "says": f"there is no verb {call['verb']}"}
    try:
        return {"value": getattr(schedd, call["verb"])(**call["arguments"])}
    except ClusterAwayError as error:
        return {"error": "away", "says": str(error)}
    except ClusterRefusalError as error:
        return {"error": "refusal", "says": str(error)}


def _end_with(parent: int) -> None:
    """Be killed when the process that started this one ends: no call of a service that is gone goes on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    main()
