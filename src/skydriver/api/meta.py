"""The page that explains the routes. It is our own, and loads nothing from elsewhere: it works without a network."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

routes = APIRouter(include_in_schema=False)

POLICY: Final = {"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"}
_PAGE = files("skydriver.api") / "page"


def _file(name: str, media_type: str) -> Response:
    return Response((_PAGE / name).read_bytes(), media_type=media_type, headers=POLICY)


@routes.get("/docs")
def page() -> Response:
    """The page; a script makes it of ``/openapi.json``."""
    return _file("docs.html", "text/html")


@routes.get("/docs/page.js")
def script() -> Response:
    """Its script."""
    return _file("docs.js", "text/javascript")


@routes.get("/docs/page.css")
def style() -> Response:
    """Its style."""
    return _file("docs.css", "text/css")
