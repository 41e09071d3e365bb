"""What the settings say of the workers' own address: checked, and refused by the name of what is wrong."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest
from cryptography import x509

from skydriver.config import Settings
from skydriver.errors import SettingError
from skydriver.services.own_certificate import own_certificate
from skydriver.services.worker_access import bound_place
from skydriver.services.worker_tls import WorkerTls, is_for

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def made(tmp_path):
    """The files of a certificate for ``workers.example.org``."""
    return own_certificate(tmp_path / "elsewhere", ["workers.example.org"], NOW)


def refused(tmp_path, **settings):
    with pytest.raises(SettingError) as caught:
        WorkerTls(Settings(data=tmp_path / "data", **settings))
    assert not (tmp_path / "data").exists()
    assert "\n" not in str(caught.value)
    return caught.value.argument


@pytest.mark.parametrize(
    "text", ["here", "here:", ":1", "here:1:2", "here:65536", "[::1", "::1:80", "[1.2:3]:1", "a/b:1"]
)
def test_an_address_that_is_none_is_refused(tmp_path, text):
    assert refused(tmp_path, worker_bind=text) == "SKYDRIVER_WORKER_BIND"


@pytest.mark.parametrize(
    "url",
    [
        *("http://here:1", "here:1", "https://", "https://0.0.0.0:1", "https://here:x", "https://here:99999"),
        *("https://here/path", "https://u:p@here:1", "https://here?x", "https://[::1"),
    ],
)
def test_a_url_that_no_worker_can_use_is_refused(tmp_path, url):
    assert refused(tmp_path, worker_bind="127.0.0.1:0", worker_url=url) == "SKYDRIVER_WORKER_URL"


@pytest.mark.parametrize("bind", ["0.0.0.0:0", "[::]:0"])
def test_where_it_listens_everywhere_a_url_is_needed(tmp_path, bind):
    assert refused(tmp_path, worker_bind=bind) == "SKYDRIVER_WORKER_URL"
    assert WorkerTls(Settings(data=tmp_path, worker_bind=bind, worker_url="https://here"))


@pytest.mark.parametrize("name", ["worker_url", "worker_certificate", "worker_key", "worker_ca"])
def test_nothing_else_is_set_without_it(tmp_path, name):
    with pytest.raises(SettingError, match=f"SKYDRIVER_{name.upper()}: it is of no use"):
        bound_place(Settings(data=tmp_path, **{name: "https://here"}))


def test_a_certificate_comes_with_its_key(tmp_path, made):
    bind = {"worker_bind": "127.0.0.1:0", "worker_url": "https://workers.example.org:1"}
    assert refused(tmp_path, **bind, worker_certificate=made.certificate) == "SKYDRIVER_WORKER_KEY"
    assert refused(tmp_path, **bind, worker_key=made.key) == "SKYDRIVER_WORKER_CERTIFICATE"
    other = own_certificate(tmp_path / "other", ["workers.example.org"], NOW)
    nothing, odd = tmp_path / "nothing", tmp_path / "odd"
    odd.write_text("odd")
    for key in (other.key, nothing, odd):
        assert refused(tmp_path, **bind, worker_certificate=made.certificate, worker_key=key) == "SKYDRIVER_WORKER_KEY"
    for certificate in (nothing, odd):
        given = {"worker_certificate": certificate, "worker_key": made.key}
        assert refused(tmp_path, **bind, **given) == "SKYDRIVER_WORKER_CERTIFICATE"
        assert refused(tmp_path, **bind, worker_ca=certificate) == "SKYDRIVER_WORKER_CA"
    pair = {"worker_certificate": made.certificate, "worker_key": made.key}
    assert WorkerTls(Settings(data=tmp_path, **bind, **pair)).open().ca is None
    elsewhere = bind | {"worker_url": "https://elsewhere:1"}
    assert refused(tmp_path, **elsewhere, **pair) == "SKYDRIVER_WORKER_CERTIFICATE"


def test_a_certificate_that_has_ended_is_refused(tmp_path):
    old = own_certificate(tmp_path / "old", ["here"], NOW - dt.timedelta(days=400))
    given = {"worker_bind": "here:0", "worker_certificate": old.certificate, "worker_key": old.key}
    assert refused(tmp_path, **given) == "SKYDRIVER_WORKER_CERTIFICATE"


def test_our_own_certificate_is_for_all_hosts_and_its_keys_are_for_us_alone(tmp_path):
    settings = Settings(data=tmp_path, worker_bind="192.0.2.1:0", worker_url="https://Workers.Example.org:1")
    WorkerTls(settings, ["https://[2001:db8::1]:2"]).open()
    leaf = x509.load_pem_x509_certificate((tmp_path / "worker-tls" / "certificate.pem").read_bytes())
    for host in ("192.0.2.1", "workers.example.org", "2001:db8::1"):
        assert is_for(leaf, host)
    assert not is_for(leaf, "example.org")
    keys = list((tmp_path / "worker-tls").glob("*key.pem"))
    assert len(keys) == 2
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)
    assert (tmp_path / "worker-tls").stat().st_mode & 0o077 == 0


def serial(files):
    return x509.load_pem_x509_certificate(files.certificate.read_bytes()).serial_number


def test_our_own_certificate_is_made_anew_before_it_ends_or_for_others_and_workers_know_it_still(tmp_path):
    first = own_certificate(tmp_path, ["a"], NOW)
    ca, number = first.ca.read_bytes(), serial(first)
    assert serial(own_certificate(tmp_path, ["A."], NOW + dt.timedelta(days=300))) == number
    later = own_certificate(tmp_path, ["a"], NOW + dt.timedelta(days=310))
    assert serial(later) != number
    number = serial(later)
    other = own_certificate(tmp_path, ["a", "b"], NOW + dt.timedelta(days=310))
    assert serial(other) != number
    assert other.ca.read_bytes() == ca
    x509.load_pem_x509_certificate(other.certificate.read_bytes()).verify_directly_issued_by(
        x509.load_pem_x509_certificate(ca)
    )


@pytest.mark.parametrize("name", ["key.pem", "ca-key.pem", "certificate.pem", "ca.pem"])
def test_what_is_broken_is_made_anew(tmp_path, name):
    first = own_certificate(tmp_path / "a", ["a"], NOW)
    other = own_certificate(tmp_path / "b", ["a"], NOW)
    shutil.copy(other.key.with_name(name), first.key.with_name(name))
    again = own_certificate(tmp_path / "a", ["a"], NOW)
    again.ca.with_name(name).write_bytes(b"odd")
    again = own_certificate(tmp_path / "a", ["a"], NOW)
    x509.load_pem_x509_certificate(again.certificate.read_bytes()).verify_directly_issued_by(
        x509.load_pem_x509_certificate(again.ca.read_bytes())
    )


def test_a_wildcard_is_for_one_name_below_it(tmp_path):
    files = own_certificate(tmp_path, ["*.example.org"], NOW)
    leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert is_for(leaf, "a.example.org")
    assert not is_for(leaf, "a.b.example.org")
    assert not is_for(leaf, "example.org")


def test_a_certificate_that_was_replaced_is_taken_up_and_one_that_does_not_fit_is_not(tmp_path, made):
    copies = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for source, copy in zip(made, copies, strict=False):
        shutil.copy(source, copy)
    tls = WorkerTls(
        Settings(
            data=tmp_path,
            worker_bind="workers.example.org:0",
            worker_certificate=copies[0],
            worker_key=copies[1],
        )
    )
    context = tls.open().context
    assert not tls.refresh(context)
    other = own_certificate(tmp_path / "other", ["workers.example.org"], NOW)
    shutil.copy(other.certificate, copies[0])
    with pytest.raises(SettingError):
        tls.refresh(context)
    shutil.copy(other.key, copies[1])
    assert tls.refresh(context)
