"""Is it alive, is it ready, what does it count."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from api import examples
from api.openapi import Answer, operation
from api.replies import told
from api.routing import new_router
from api.schemas.problems import LivenessObject, PartObject, ReadinessObject
from api.services import services_of
from domain.errors import PayonceError
from telemetry import render_metrics

router = new_router()


_METRICS: dict[str, Any] = {
    "summary": "Figures for Prometheus",
    "tags": ["operations"],
    "responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": examples.METRICS}}}},
    "openapi_extra": {"security": []},
}


@router.get(
    "/livez",
    **operation(
        "Whether the process runs",
        {200: Answer(LivenessObject, examples.ALIVE)},
        tag="operations",
        secured=False,
    ),
)
async def livez(request: Request) -> Response:
    """Nothing else is asked, so that a slow database does not get the process killed."""
    del request
    return told(LivenessObject()).response()


@router.get(
    "/readyz",
    **operation(
        "Whether this server can take payments now",
        {
            200: Answer(ReadinessObject, examples.READY, "Ready; or degraded: taken now, started later"),
            503: Answer(ReadinessObject, examples.NOT_READY, "The database does not answer"),
        },
        tag="operations",
        secured=False,
    ),
)
async def readyz(request: Request) -> Response:
    parts = services_of(request).parts
    postgres, temporal = await asyncio.gather(
        _part(parts.health.ping(), parts.ping_seconds), _part(parts.owners.ping(), parts.ping_seconds)
    )
    status = "ready" if temporal.ok else "degraded"
    readiness = ReadinessObject(
        status=status if postgres.ok else "unavailable", parts={"postgres": postgres, "temporal": temporal}
    )
    return Response(readiness.model_dump_json(), status_code=200 if postgres.ok else 503, media_type="application/json")


@router.get("/metrics", response_class=PlainTextResponse, **_METRICS)
async def metrics(request: Request) -> Response:
    body, content_type = render_metrics(services_of(request).parts.registry)
    return Response(body, media_type=content_type)


async def _part(ping: Awaitable[None], timeout_seconds: float) -> PartObject:
    try:
        await asyncio.wait_for(ping, timeout_seconds)
    except TimeoutError:
        return PartObject(ok=False, detail=f"no answer within {timeout_seconds:g} s")
    except PayonceError as error:
        return PartObject(ok=False, detail=type(error).__name__)
    return PartObject(ok=True, detail="answers")
