"""Every error has a status, and says its sentence in the body and in the status line."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from skydriver import errors
from skydriver.api.answers import MAX_PHRASE, error_answer, phrase_of
from skydriver.api.errors import STATUSES, status_of
from skydriver.api.openapi import MEANINGS
from skydriver.clusters.base import ClusterAwayError


def every_class(root=errors.SkyDriverError):
    return {root}.union(*(every_class(child) for child in root.__subclasses__()))


def test_every_class_of_errors_has_a_status():
    assert {kind for kind in every_class() if kind.__module__.startswith("skydriver.")} - STATUSES.keys() == set()


def test_what_the_caller_must_change_is_never_a_fault_of_the_server():
    for kind, status in STATUSES.items():
        if issubclass(kind, errors.InputError | errors.RequestError):
            assert 400 <= status < 500, kind


def test_statuses_that_clients_repeat_are_only_those_of_outages():
    repeated = {408, 429, 500, 502, 503, 504}
    assert {kind for kind, status in STATUSES.items() if status in repeated and status != 500} == {
        errors.UnavailableError,
        errors.SchemaError,
        ClusterAwayError,
    }


@pytest.mark.parametrize(("known", "status"), [(False, 401), (True, 403)])
def test_who_is_not_known_lacks_a_token_and_who_is_may_not(known, status):
    assert status_of(errors.DeniedError("no", known=known)) == status


def test_every_status_that_an_error_has_is_documented():
    ours = {HTTPStatus.INTERNAL_SERVER_ERROR}
    assert set(STATUSES.values()) - ours <= MEANINGS.keys()


def test_an_error_is_its_code_and_its_sentence():
    answer = error_answer(HTTPStatus.NOT_FOUND, "scan_id: there is no scan ñ")
    assert answer.status_code == 404
    assert json.loads(answer.body) == {"code": 404, "error": "scan_id: there is no scan ñ"}


def test_a_sentence_that_is_no_unicode_is_still_sent():
    assert json.loads(error_answer(HTTPStatus.BAD_REQUEST, "a \ud800").body)["error"] == "a ?"


def test_a_phrase_is_one_short_line_of_ascii():
    assert phrase_of("two\r\nlines\x00 and ñ") == b"two lines and "
    assert len(phrase_of("x" * 1000)) == MAX_PHRASE
