"""What is said of tokens by which a schedd does not know us."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.clusters.htcondor.tokens import Token, _read, tokens_in, trouble


def token(**said):
    return "head." + base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=") + ".signature"


def test_tokens_are_read_and_what_is_none_is_passed_over(tmp_path):
    (tmp_path / "a").write_text(f"{token(iss='x.test', exp=5)}\n{token(iss='y.test')}\n")
    (tmp_path / "b").write_bytes(b"\xff no token.at.all a.b")
    (tmp_path / ".hidden").write_text(token(iss="z.test"))
    (tmp_path / "folder").mkdir()
    assert tokens_in(tmp_path) == [Token("a", "x.test", 5), Token("a", "y.test", None)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([], "there is no token in"),
        ([{"iss": "x.test", "exp": 100}], "expired at 1970-01-01 00:01 UTC: ap.test wants a new one"),
        ([{"iss": "x.test", "exp": 300}], "ap.test accepts no token in .*: they are of x.test, or"),
        ([{"iss": "x.test", "exp": 100}, {"iss": "y.test"}], "they are of y.test, or"),
    ],
)
def test_what_is_wrong_is_said_without_telling_a_token(tmp_path, said, words):
    for number, each in enumerate(said):
        (tmp_path / str(number)).write_text(token(**each))
    problem = trouble(tmp_path, "ap.test", now=200.0)
    assert "signature" not in problem
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(problem)


@given(
    st.text() | st.builds(lambda said: token(**said), st.dictionaries(st.sampled_from(["iss", "exp"]), st.integers()))
)
def test_anything_is_read(text):
    found = _read("file", text)
    assert found is None or found.issuer.isprintable()


@given(st.dictionaries(st.sampled_from(["iss", "exp"]), st.integers() | st.floats(allow_nan=True) | st.text()))
def test_trouble_has_words_for_anything(tmp_path_factory, said):
    folder = tmp_path_factory.mktemp("tokens")
    (folder / "one").write_text(token(**said))
    assert "ap.test" in trouble(folder, "ap.test")
