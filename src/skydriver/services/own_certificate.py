"""The service's own certificate for workers, where the operator has none: made here, and made anew before it ends.

A small authority in the data folder signs it. Workers get the authority's certificate, which stays the same, so that
jobs that wait in a queue know the service also after the certificate was made anew, for other hosts for example.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import ipaddress
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

FOLDER: Final = "worker-tls"
_DAY: Final = dt.timedelta(days=1)
_AUTHORITY_DAYS: Final = 7300
_DAYS: Final = 397
_RENEWED_BEFORE: Final = 90 * _DAY
"""It is made anew when it is good for less than this, the authority when for less than a year and this."""
_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SkyDriver for its workers")])
_AUTHORITY_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SkyDriver's own authority")])
_USES: Final = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


class Files(NamedTuple):
    """A certificate's files, PEM."""

    certificate: Path
    key: Path
    ca: Path
    """The authority's certificate, by which workers know the service."""


class _Pair(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def own_certificate(data: Path, hosts: Collection[str], now: dt.datetime) -> Files:
    """The files of a certificate for these hosts, made where there is none that is still good for a while.

    Parameters
    ----------
    data
        The data folder.
    hosts
        Names and addresses at which workers reach the service.
    now
        With a time zone.

    Raises
    ------
    OSError
        If the files cannot be read or written.
    """
    folder = data.absolute() / FOLDER
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    files = Files(folder / "certificate.pem", folder / "key.pem", folder / "ca.pem")
    names = _names(hosts)
    with _locked(folder):
        kept = _read(files.ca, folder / "ca-key.pem")
        authority = kept
        if authority is None or _ends(authority) - now < 365 * _DAY + _RENEWED_BEFORE:
            authority = _authority(now)
            _write(files.ca, folder / "ca-key.pem", authority)
        present = _read(files.certificate, files.key)
        if present is None or authority is not kept or not _is_good(present, authority, names, now):
            _write(files.certificate, files.key, _signed(authority, names, now))
    return files


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _names(hosts: Collection[str]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for host in sorted({host.lower().rstrip(".") for host in hosts}):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)


def _read(certificate: Path, key: Path) -> _Pair | None:
    """What is there, if it is whole."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(secret, ec.EllipticCurvePrivateKey) or secret.public_key() != loaded.public_key():
        return None
    return _Pair(loaded, secret)


def _ends(pair: _Pair) -> dt.datetime:
    return pair.certificate.not_valid_after_utc


def _is_good(pair: _Pair, authority: _Pair, names: x509.SubjectAlternativeName, now: dt.datetime) -> bool:
    """Whether it is for these names and for long enough; a clock that was ahead when it was made is no reason."""
    if pair.certificate.issuer != authority.certificate.subject or _ends(pair) - now < _RENEWED_BEFORE:
        return False
    try:
        theirs = pair.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        signer = pair.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    of_authority = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
    starts = pair.certificate.not_valid_before_utc
    return theirs == names and signer.key_identifier == of_authority.digest and starts <= now


def _authority(now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_AUTHORITY_NAME, _AUTHORITY_NAME, key, key, now, _AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _signed(authority: _Pair, names: x509.SubjectAlternativeName, now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_NAME, authority.certificate.subject, key, authority.key, now, _DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage("digital_signature"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(names, critical=False)
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(  # noqa: PLR0913, PLR0917 - what both certificates have
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    days: int,
) -> x509.CertificateBuilder:
    """Good from a day ago, for machines whose clocks are late."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _usage(*uses: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{use: use in uses for use in _USES})


def _write(certificate: Path, key: Path, pair: _Pair) -> None:
    """Key first: a certificate whose key is another is made anew the next time."""
    secret = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _replace(key, secret, 0o600)
    _replace(certificate, pair.certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file, whole or not at all; it is never readable to more than `mode` says."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
