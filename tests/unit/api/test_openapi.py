"""The OpenAPI document tells of every route, with examples, and of every error."""

from __future__ import annotations

import re
from importlib.resources import files

import jsonschema
import pytest

from skydriver.api.app import ROUTERS, build_app
from skydriver.api.openapi import MEANINGS
from skydriver.services.scan_arguments import KNOWN


@pytest.fixture(scope="module")
def document():
    return build_app(None).openapi()


def told(document):
    return [
        (method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def test_every_route_is_told_of(document):
    routes = {
        (m, route.path)
        for router in ROUTERS
        for route in router.routes
        if route.include_in_schema
        for m in route.methods
    }
    assert {(method, path) for method, path, _ in told(document)} == routes
    assert len(routes) >= 17


def test_every_answer_has_an_example(document):
    for method, path, operation in told(document):
        for code, answer in operation["responses"].items():
            if code == "304":
                assert "content" not in answer
                continue
            content = answer.get("content", {})
            has_example = any("example" in one for one in content.values())
            assert has_example or "application/octet-stream" in content or code == "204", (method, path, code)
        assert operation["summary"]
        assert operation["tags"]


def test_every_write_with_arguments_has_an_example(document):
    for method, path, operation in told(document):
        if method in {"POST", "PUT", "PATCH"}:
            assert "example" in operation["requestBody"]["content"]["application/json"], path


def test_every_argument_of_a_launch_is_told_of(document):
    body = document["paths"]["/scan"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"].keys() == KNOWN
    assert body["example"].keys() <= KNOWN
    assert all(told["description"].endswith(".") for told in body["schema"]["properties"].values())


def test_examples_are_of_their_schemas(document):
    for _, path, operation in told(document):
        for content in operation.get("requestBody", {"content": {}})["content"].values():
            schema = content["schema"] | {"components": document["components"]}
            jsonschema.validate(content["example"], schema, jsonschema.Draft202012Validator), path


def test_errors_are_ours_and_those_that_every_route_can_meet_are_told(document):
    for method, path, operation in told(document):
        codes = {int(code) for code in operation["responses"]} - {200, 204, 304}
        assert codes <= MEANINGS.keys()
        if path != "/":
            assert 503 in codes, path
        if "{scan_id}" in path:
            assert {401, 403, 404} <= codes, (method, path)
        for code in codes:
            example = operation["responses"][str(code)]["content"]["application/json"]["example"]
            assert example.keys() == {"code", "error"}
            assert example["code"] == code
    assert "ValidationError" not in str(document)


def test_all_references_lead_somewhere(document):
    for name in re.findall(r"#/components/schemas/(\w+)", str(document)):
        assert name in document["components"]["schemas"]


@pytest.mark.parametrize("name", ["docs.html", "docs.css", "docs.js"])
def test_the_page_loads_nothing_from_elsewhere(name):
    text = (files("skydriver.api") / "page" / name).read_text()
    assert "//" not in text.replace("// Makes", "")
    assert "innerHTML" not in text
