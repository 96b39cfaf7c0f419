"""Is it alive, is it ready, what does it count."""

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, Request, Response

from api import examples
from api.openapi import Answer, operation
from api.schemas.problems import PartObject, ReadinessObject
from api.services import services_of
from domain.errors import PayonceError
from telemetry import render_metrics

router = APIRouter()


@router.get("/livez", include_in_schema=False)
async def livez() -> Response:
    """The process runs; nothing else is asked, so that a slow database does not get it killed."""
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get(
    "/readyz",
    **operation(
        "Whether this server can take payments now",
        {
            200: Answer(
                ReadinessObject, examples.READY, "Ready; or degraded: taken now, started when Temporal is back"
            ),
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


@router.get("/metrics", include_in_schema=False)
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
