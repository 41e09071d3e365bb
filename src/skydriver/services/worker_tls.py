"""The certificate of the workers' address: the operator's or our own, checked before anything starts."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography import x509

from skydriver.clusters.configured import VARIABLE as CLUSTERS
from skydriver.errors import SettingError
from skydriver.services.own_certificate import FOLDER, own_certificate
from skydriver.services.worker_access import BIND, URL, Place, WorkerAddress, bound_place, host_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from skydriver.config import Settings

CERTIFICATE: Final = "SKYDRIVER_WORKER_CERTIFICATE"
KEY: Final = "SKYDRIVER_WORKER_KEY"
CA: Final = "SKYDRIVER_WORKER_CA"


class Tls(NamedTuple):
    """What is shown to workers."""

    context: ssl.SSLContext
    ca: bytes | None
    """As of `WorkerAddress`."""


class WorkerTls:
    """The certificate of the workers' address, as the settings have it.

    Parameters
    ----------
    settings
        All settings; there is a ``worker_bind``.
    urls
        Further addresses by which workers reach it: a cluster may have its own.

    Raises
    ------
    SettingError
        Naming the variable that is wrong.
    """

    def __init__(self, settings: Settings, urls: Sequence[str] = ()) -> None:
        place = bound_place(settings)
        if place is None:
            raise SettingError(BIND, "it is missing")
        self.place: Place = place
        self._settings = settings
        self._hosts = _hosts(settings, place, urls)
        if (settings.worker_certificate is None) != (settings.worker_key is None):
            missing, other = (KEY, CERTIFICATE) if settings.worker_key is None else (CERTIFICATE, KEY)
            raise SettingError(missing, f"it is needed with {other}")
        self._ca = None if settings.worker_ca is None else _certificate_of(settings.worker_ca, CA)
        self._loaded = (b"", b"")
        if settings.worker_certificate is not None:
            self._check(settings.worker_certificate)

    def open(self) -> Tls:
        """What is shown to workers; our own certificate is made where there is none.

        Raises
        ------
        SettingError
            If a file cannot be read or written.
        """
        certificate, key, ca = self._files()
        context = _context()
        _load(context, certificate, key)
        self._loaded = _bytes(certificate, key)
        return Tls(context, self._ca or ca)

    def refresh(self, context: ssl.SSLContext) -> bool:
        """Show what the files say by now, also after our own was made anew; whether that is something else.

        Raises
        ------
        SettingError
            If they cannot be used: what was shown stays.
        """
        certificate, key, _ = self._files()
        now = _bytes(certificate, key)
        if now == self._loaded:
            return False
        _load(_context(), certificate, key)  # what does not fit would spoil the context that is in use
        _load(context, certificate, key)
        self._loaded = now
        return True

    def address(self, tls: Tls, port: int) -> WorkerAddress:
        """As workers see it, when `port` is listened on."""
        url = self._settings.worker_url or Place(self.place.host, port).url
        return WorkerAddress(url.rstrip("/"), tls.ca)

    def _files(self) -> tuple[Path, Path, bytes | None]:
        settings = self._settings
        if settings.worker_certificate is not None and settings.worker_key is not None:
            return settings.worker_certificate, settings.worker_key, None
        try:
            own = own_certificate(settings.data, self._hosts, _now())
            return own.certificate, own.key, own.ca.read_bytes()
        except OSError as error:
            problem = f"{settings.data / FOLDER} cannot be written: {error.strerror or error}"
            raise SettingError("SKYDRIVER_DATA", problem) from error

    def _check(self, path: Path) -> None:
        """The operator's certificate and key: readable, of each other, good now and for the hosts."""
        leaf = x509.load_pem_x509_certificate(_certificate_of(path, CERTIFICATE))
        key = self._settings.worker_key
        assert key is not None  # noqa: S101 - for the type checker: it comes with the certificate
        _load(_context(), path, key)
        if leaf.not_valid_after_utc <= _now():
            raise SettingError(CERTIFICATE, f"it ended on {leaf.not_valid_after_utc:%Y-%m-%d}")
        for host in sorted(self._hosts):
            if not is_for(leaf, host):
                raise SettingError(CERTIFICATE, f"it is not for {host}, at which workers reach the service")


def is_for(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a host, by the rules that workers go by."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        name = host.lower().rstrip(".")
    known = {known.lower().rstrip(".") for known in names.get_values_for_type(x509.DNSName)}
    return name in known or f"*.{name.partition('.')[2]}" in known


def _hosts(settings: Settings, place: Place, urls: Sequence[str]) -> frozenset[str]:
    """All hosts by which workers reach the service; that of the bind only where no address says otherwise."""
    hosts = {host_of(url, CLUSTERS) for url in urls}
    if settings.worker_url is not None:
        hosts.add(host_of(settings.worker_url, URL))
    elif not place.is_everywhere:
        hosts.add(place.host)
    if settings.worker_certificate is None and not place.is_everywhere:
        hosts.add(place.host)
    return frozenset(hosts)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    def no_password() -> str:
        raise SettingError(KEY, f"{key} is encrypted: the service has no password for it")

    try:
        key.open("rb").close()
    except OSError as error:
        raise SettingError(KEY, f"{key} cannot be read: {error.strerror or error}") from error
    try:
        context.load_cert_chain(certificate, key, no_password)
    except ssl.SSLError as error:
        raise SettingError(KEY, f"{key} is no key of {certificate}: {error.reason or 'it is no PEM'}") from error
    except OSError as error:
        raise SettingError(CERTIFICATE, f"{certificate} cannot be read: {error.strerror or error}") from error


def _bytes(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    try:
        return certificate.read_bytes(), key.read_bytes()
    except OSError as error:
        raise SettingError(CERTIFICATE, f"{certificate} cannot be read: {error.strerror or error}") from error


def _certificate_of(path: Path, name: str) -> bytes:
    """A file of certificates, PEM; a `SettingError` names the variable where it is none."""
    try:
        content = path.read_bytes()
        x509.load_pem_x509_certificates(content)
    except OSError as error:
        raise SettingError(name, f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise SettingError(name, f"{path} holds no certificate in PEM") from error
    return content


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
