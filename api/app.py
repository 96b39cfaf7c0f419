"""create_app(): the FastAPI application over the parts it is handed."""

from fastapi import FastAPI

from api.dependencies import ApiParts


def create_app(parts: ApiParts) -> FastAPI:
    """The whole API. Its lifespan starts and stops the webhook desk; nothing else runs before the first request."""
    app = FastAPI(title="Payonce", docs_url=None, redoc_url=None)
    app.state.parts = parts
    return app
