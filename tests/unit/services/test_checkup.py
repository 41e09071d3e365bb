"""The doctor looks, and changes nothing."""

from __future__ import annotations

import pytest

from skydriver.config import Settings
from skydriver.errors import SettingError
from skydriver.services.checkup.machine import CHECKS

LOOKS = {check.name: check.look for check in CHECKS}


def test_a_folder_that_is_still_to_be_made_is_not_made(tmp_path):
    said = LOOKS["data folder"](Settings(data=tmp_path / "a" / "b"))
    assert said == f"{tmp_path}/a/b, which skydriver serve makes"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_wrong(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="cannot be made"):
        LOOKS["data folder"](Settings(data=tmp_path / "file" / "b"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - it is to be refused
def test_an_address_that_others_reach_is_wrong(host):
    with pytest.raises(SettingError, match=r"^host: "):
        LOOKS["address"](Settings(host=host, port=0))
