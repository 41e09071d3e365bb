"""Which methods a path takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Match

if TYPE_CHECKING:
    from fastapi import Request


def allowed_methods(request: Request) -> list[str]:
    """The methods of all routes of a request's path, HEAD among them where GET is."""
    fitting = (route for route in request.app.state.routes if route.matches(request.scope)[0] is not Match.NONE)
    methods = {method for route in fitting for method in route.methods}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)
