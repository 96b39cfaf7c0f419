"""Pages for people: the landing page, the API's documentation from files of ours (it works offline), and where a
customer arrives after a checkout that named no page of its own."""

from importlib.resources import files
from pathlib import Path
from string import Template

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from api.services import services_of

router = APIRouter(include_in_schema=False)

_PAGES = Path(__file__).parent.parent / "pages"
_ASSETS = "/docs/assets"


@router.get("/")
async def landing(request: Request) -> Response:
    parts = services_of(request).parts
    template = Template((_PAGES / "landing.html").read_text(encoding="utf-8"))
    return HTMLResponse(
        template.substitute(mode=parts.mode, public_url=parts.public_url, temporal_ui_url=parts.temporal_ui_url)
    )


@router.get("/docs")
async def docs() -> Response:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Payonce API",
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_ASSETS}/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": True, "tryItOutEnabled": True, "displayRequestDuration": True},
    )


@router.get("/checkout/complete")
async def checkout_complete() -> Response:
    return page_of("complete.html")


@router.get("/checkout/canceled")
async def checkout_canceled() -> Response:
    return page_of("canceled.html")


def page_of(name: str) -> Response:
    """A page without anything of the payment in it."""
    return HTMLResponse((_PAGES / name).read_text(encoding="utf-8"))


def install_assets(app: FastAPI) -> None:
    """Swagger UI 5 as the package `fastapi-swagger` ships it: FastAPI's own page loads it from a CDN."""
    app.mount(_ASSETS, StaticFiles(directory=str(files("fastapi_swagger") / "resources")), name="docs_assets")
