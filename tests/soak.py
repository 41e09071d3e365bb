"""`make soak`: the long repetitions, resumable.

Usage: python tests/soak.py [--inputs 100000] [--kills 50] [--faults 50] [--pool-faults 20] [--calls 20000]
       [--muons 1000] [--seed N]

First the fuzzer of tests/integration/test_fuzz_events.py runs over the toy event and, where they are, the real
events. The seed is printed and kept in .soak/, with the number of inputs done; a run that was stopped goes on there,
a finished one starts anew. Then ``skydriver products`` is killed while it writes, over and over, by
tests/acceptance/test_killed_products.py. So are the service, its workers and its fits while they scan, at random and
at every commit, PostgreSQL is stopped and started, and odd workers answer: each so often, by the files in FAULTS,
which go on where they were stopped; and what workers and users may do is done in random orders, by LUCK. HTCondor
pools are disturbed by POOLS, and keepers with a cluster in memory by LUCK_OF_POOLS. Then all
routes of services are called at random, by tests/acceptance/test_api_fuzz.py. Last, ``skydriver calibrate`` scans
simulated muons around their truth: how often does the statistical 90 % region hold it? That too goes on where it was
stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FUZZER = REPOSITORY / "tests" / "integration" / "test_fuzz_events.py"
KILLER = REPOSITORY / "tests" / "acceptance" / "test_killed_products.py"
FAULTS = ("test_kills.py", "test_commit_faults.py", "test_postgresql_goes.py", "test_odd_workers.py")
POOLS = ("test_faults_of_pools.py", "test_pools_that_do_nothing.py")
LUCK_OF_POOLS = REPOSITORY / "tests" / "integration" / "pools" / "test_luck_of_keepers.py"
LUCK = REPOSITORY / "tests" / "integration" / "coordination" / "test_bad_luck.py"
STATE = REPOSITORY / ".soak" / "fuzz.json"
SHARED = Path(os.environ.get("SKYDRIVER_SHARED", REPOSITORY.parent / "shared"))
CHUNK = 2000
FAULTS_CHUNK = 5
CALLS_CHUNK = 4000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--pool-faults", type=int, default=20)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--muons", type=int, default=1000)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    state = _state(arguments.seed)
    events = [str(path) for path in sorted((SHARED / "events").glob("*.json"))]
    print(f"seed {state['seed']}, from input {state['done']}, {1 + len(events)} events", flush=True)
    while state["done"] < arguments.inputs:
        n = min(CHUNK, arguments.inputs - state["done"])
        _fuzz(state["seed"], state["done"], n, events)
        state["done"] += n
        STATE.write_text(json.dumps(state))
    print(f"{arguments.inputs} inputs passed", flush=True)
    _kill(arguments.kills, state["seed"])
    _disturb(state, arguments.faults)
    _disturb_pools(state, arguments.pool_faults)
    _call(state, arguments.calls)
    _measure_coverage(arguments.muons, state["seed"])
    STATE.unlink()


def _state(seed: int | None) -> dict[str, int]:
    """Where an unfinished run stopped, or a new start."""
    STATE.parent.mkdir(exist_ok=True)
    if STATE.exists() and seed is None:
        state: dict[str, int] = {"faults": 0, "pool_faults": 0, "calls": 0} | json.loads(STATE.read_text())
        return state
    return {
        "seed": secrets.randbelow(2**31) if seed is None else seed,
        "done": 0,
        "faults": 0,
        "pool_faults": 0,
        "calls": 0,
    }


def _fuzz(seed: int, start: int, n: int, events: list[str]) -> None:
    numbers = {"SKYDRIVER_FUZZ_SEED": seed, "SKYDRIVER_FUZZ_START": start, "SKYDRIVER_FUZZ_N": n}
    environment = os.environ | {name: str(value) for name, value in numbers.items()}
    subprocess.run([sys.executable, "-W", "error", str(FUZZER), *events], env=environment, check=True)


def _kill(n: int, seed: int) -> None:
    """Kill `skydriver products` so often."""
    environment = os.environ | {"SKYDRIVER_FUZZ_SEED": str(seed), "SKYDRIVER_KILLS": str(n)}
    subprocess.run([sys.executable, "-m", "pytest", "-q", str(KILLER)], env=environment, check=True)


def _disturb(state: dict[str, int], n: int) -> None:
    """Disturb scans of a service in every way so often; what was survived is printed."""
    files = [str(KILLER.with_name(name)) for name in FAULTS] + [str(LUCK)]
    while state["faults"] < n:
        some = min(FAULTS_CHUNK, n - state["faults"])
        print(f"faults of seed {state['seed']}, from {state['faults']}", flush=True)
        numbers = {
            "SKYDRIVER_FUZZ_SEED": state["seed"],
            "SKYDRIVER_FUZZ_START": state["faults"],
            "SKYDRIVER_KILLS": some,
        }
        environment = os.environ | {name: str(value) for name, value in numbers.items()}
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-s", *files], env=environment, check=True)
        state["faults"] += some
        STATE.write_text(json.dumps(state))


def _disturb_pools(state: dict[str, int], n: int) -> None:
    """Disturb HTCondor pools in every way so often, and keepers a hundred times as often with a cluster in memory."""
    files = [str(KILLER.with_name(name)) for name in POOLS] + [str(LUCK_OF_POOLS)]
    while state["pool_faults"] < n:
        print(f"faults of pools of seed {state['seed']}, from {state['pool_faults']}", flush=True)
        numbers = {
            "SKYDRIVER_FUZZ_SEED": state["seed"],
            "SKYDRIVER_FUZZ_START": state["pool_faults"],
            "SKYDRIVER_POOL_FAULTS": 1,
            "SKYDRIVER_POOL_LUCK": 100,
        }
        environment = os.environ | {name: str(value) for name, value in numbers.items()}
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-s", *files], env=environment, check=True)
        state["pool_faults"] += 1
        STATE.write_text(json.dumps(state))


def _call(state: dict[str, int], n: int) -> None:
    """Call the routes of services at random so often, over both databases together."""
    while state["calls"] < n:
        some = min(CALLS_CHUNK, n - state["calls"])
        numbers = {
            "SKYDRIVER_FUZZ_SEED": state["seed"],
            "SKYDRIVER_FUZZ_START": state["calls"],
            "SKYDRIVER_API_CALLS": some,
        }
        environment = os.environ | {name: str(value) for name, value in numbers.items()}
        file = KILLER.with_name("test_api_fuzz.py")
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-s", str(file)], env=environment, check=True)
        state["calls"] += some
        STATE.write_text(json.dumps(state))


def _measure_coverage(n: int, seed: int) -> None:
    """Scan `n` simulated muons around their truth."""
    command = [Path(sys.executable).with_name("skydriver"), "calibrate", "--simulate", n, "--seed", seed]
    kept = ["--state", STATE.with_name(f"muons_{seed}.jsonl"), "--out", STATE.with_name(f"calibration_{seed}.json")]
    subprocess.run([*map(str, command), *map(str, kept)], check=True)


if __name__ == "__main__":
    main()
