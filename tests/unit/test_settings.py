"""Settings from the environment: what is wrong is named as it was given, in a sentence that tells no value."""

from __future__ import annotations

import pytest

from skydriver.cli.settings import settings_of
from skydriver.errors import SettingError


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("DATA", "DATABASE_URL", "PORT", "LOCAL_WORKERS", "IMAGE_ROOTS", "LEASE_S"):
        monkeypatch.delenv(f"SKYDRIVER_{name}", raising=False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "s3cret"),
        ("LOCAL_WORKERS", "-1"),
        ("IMAGE_ROOTS", "/s3cret"),
        ("IMAGE_ROOTS", '"/s3cret"'),
        ("LEASE_S", "nan"),
        ("LEASE_S", "0.9"),
        ("DATABASE_URL", "s3cret"),
        ("DATABASE_URL", "sqlite:///s3cret"),
        ("DATABASE_URL", "mysql://u:s3cret@h/x"),
    ],
)
def test_a_variable_is_named_and_its_value_is_not_told(monkeypatch, name, text):
    monkeypatch.setenv(f"SKYDRIVER_{name}", text)
    with pytest.raises(SettingError) as caught:
        settings_of()
    assert caught.value.argument == f"SKYDRIVER_{name}"
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("setting", "option"), [("port", "port"), ("local_workers", "workers")])
def test_an_option_is_named_as_it_was_given(setting, option):
    with pytest.raises(SettingError, match=f"^{option}: input should be greater"):
        settings_of(**{setting: -1})


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("SKYDRIVER_DATA", "")
    monkeypatch.setenv("SKYDRIVER_DATABASE_URL", "")
    assert settings_of().data.name == "skydriver"
    assert settings_of().database_url is None
