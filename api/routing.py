"""How an endpoint is called: with the request and the words of its address, and nothing in between.

FastAPI's own way solves dependencies and reads bodies for every request; our endpoints have none of the one and do the
other themselves (bounded, authenticated first), so it would only cost time.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """Raises TypeError, when it is declared, for an endpoint that wants more than `request` and its path's words."""

    def get_route_handler(self) -> Handler:
        endpoint = self.endpoint
        wanted = [*inspect.signature(endpoint).parameters]
        if wanted != ["request", *self.param_convertors]:
            raise TypeError(f"{self.path}: {endpoint.__name__} takes {wanted}, not the request and the path's words")

        async def handle(request: Request) -> Response:
            response: Response = await endpoint(request, **request.path_params)
            return response

        return handle


def new_router(**given: Any) -> APIRouter:
    """A router of direct routes; `given` as for FastAPI's."""
    return APIRouter(route_class=DirectRoute, **given)
