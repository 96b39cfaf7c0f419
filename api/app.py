"""create_app(): the FastAPI application over the parts it is handed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import errors, openapi
from api.dependencies import ApiParts
from api.middleware import RequestLayer
from api.routes import (
    callbacks,
    checkout_sessions,
    commands,
    customers,
    health,
    pages,
    payment_methods,
    payments,
    quick,
    quick_checkout,
    reconciliations,
    resolutions,
    webhooks,
)
from api.services import Services

VERSION = "1.0"
_ROUTES = (  # looked through in this order at every request: the busiest come first
    payments,
    webhooks,
    callbacks,
    reconciliations,
    commands,
    checkout_sessions,
    customers,
    payment_methods,
    resolutions,
    quick,
    quick_checkout,
    health,
    pages,
)


def create_app(parts: ApiParts) -> FastAPI:
    """The whole API. Its lifespan lets what was accepted finish; nothing runs before the first request."""
    services = Services(parts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await services.close()

    app = FastAPI(
        title="Payonce",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    app.state.services = services
    app.add_middleware(RequestLayer, metrics=services.metrics, new_request_id=lambda: parts.new_id("request"))
    errors.install(app)
    for routes in _ROUTES:
        app.include_router(routes.router)
    pages.install_assets(app)
    openapi.install(app, [routes.router for routes in _ROUTES])
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
