"""A whole service with clusters of the tests' own, and scans on them."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager

from condor_pools import eventually
from skydriver.testing.service import running_service

NSIDES = {"8": 0, "64": 12}
ENDS = ("SCAN_HAS_FINAL_RESULT", "FAILED", "ABORTED")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def clusters_file(path, bundle, clusters, *, unlisted=None):
    """The file of `SKYDRIVER_CLUSTERS`: tables of each cluster by name."""
    tables = {f"clusters.{name}": values for name, values in clusters.items()}
    if unlisted is not None:
        tables["unlisted"] = unlisted
    lines = [] if bundle is None else [f"bundle = {json.dumps(str(bundle))}"]
    for title, values in tables.items():
        lines += [f"[{title}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    path.write_text("\n".join(lines) + "\n")
    return path


def table(pool, **values):
    """A cluster of the file for a pool of the tests."""
    where = {"collector": pool.collector, "schedd": pool.schedd, "token_directory": str(pool.token_directory)}
    return {"ship": "bundle", "cache": str(pool.cache)} | where | values


@contextmanager
def service_with(folder, bundle, clusters, *, unlisted=None, workers=0, **given):
    """A service that may use these clusters; `given` are as `running_service` takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = clusters_file(folder / "clusters.toml", bundle, clusters, unlisted=unlisted)
    bind = f"127.0.0.1:{free_port()}"
    settings = {"clusters": path, "worker_bind": bind, "cluster_poll_s": 1.0}
    with running_service(folder / "service", workers=workers, **settings | given) as running:
        yield running


def status_of(client, scan_id):
    return client.status(scan_id)


def ended(client, scan_id, timeout_s=90.0):
    """The status of a scan once it has ended."""

    def look():
        found = client.status(scan_id)
        return found if str(found["scan_state"]).startswith(ENDS) else None

    return eventually(look, timeout_s, pause_s=0.2)


def is_left_alone(pool):
    """Whether a pool has no job in its queue, and nothing of one runs."""
    return not pool.queue() and not pool.payloads("python3") and not pool.payloads("python3.13")
