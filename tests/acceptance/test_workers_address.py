"""``skydriver serve --worker-bind`` and ``skydriver token``: a service that workers elsewhere reach."""

from __future__ import annotations

import re
import ssl

import httpx
import pytest

from skydriver.testing.service import SERVE, running_service


def test_a_worker_elsewhere_is_let_in_with_what_the_command_wrote(skydriver, tmp_path, monkeypatch):
    with running_service(tmp_path / "service", command=(*SERVE, "--worker-bind", "127.0.0.1:0")) as running:
        monkeypatch.setenv("SKYDRIVER_URL", running.url)
        made = skydriver("token", "--out", "token", "--ca-out", "ca.pem", "--hours", "1")
        assert (made.returncode, made.stdout) == (0, "")
        (url,) = re.findall(r"https://127\.0\.0\.1:\d+", made.stderr)
        token, ca = (skydriver.folder / name for name in ("token", "ca.pem"))
        assert token.stat().st_mode & 0o777 == 0o600
        assert url in running.log()
        running.restart()
        url = httpx.post(f"{running.url}/tokens", trust_env=False).json()["url"]
        with pytest.raises(httpx.ConnectError):
            _trade(url, token.read_text().strip(), ssl.create_default_context())
        assert _trade(url, token.read_text().strip(), ssl.create_default_context(cafile=ca)).status_code == 200
        said = running.log() + running.printed()
        assert token.read_text().strip() not in said
        assert "Traceback" not in said


def test_without_an_address_for_them_a_token_is_printed_alone(skydriver, tmp_path, monkeypatch):
    with running_service(tmp_path / "service") as running:
        monkeypatch.setenv("SKYDRIVER_URL", running.url)
        made = skydriver("token", "--pool", "other")
    assert re.fullmatch(r"[\w-]{43}\n", made.stdout)
    assert "--worker-bind" in made.stderr


def _trade(url, token, context):
    return httpx.post(
        f"{url}/workers/token", headers={"Authorization": f"Bearer {token}"}, verify=context, trust_env=False
    )
