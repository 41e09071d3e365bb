"""The workers' own address of a service in a test, and those who come there."""

from __future__ import annotations

import ssl
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import httpx

from serving import serving
from skydriver.api.worker_door import WorkerDoor
from skydriver.services.worker_tls import WorkerTls


@contextmanager
def serving_workers(service):
    """A server with an address for workers."""
    with closing(WorkerDoor(service, WorkerTls(service.settings))) as door, serving(service, door=door) as running:
        yield running


def trusting(address):
    context = ssl.create_default_context(cadata=address.ca.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def open_client(address, token):
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=address.url, verify=trusting(address), trust_env=False, headers=headers, timeout=30)


def place(address):
    parts = urlsplit(address.url)
    return parts.hostname, parts.port


def number(service, name, **labels):
    return service.metrics.registry.get_sample_value(f"skydriver_{name}", labels)
