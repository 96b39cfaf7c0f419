"""The OpenAPI 3.1 document: each route says what it takes and answers; this turns it into what FastAPI expects.

Routes read their requests themselves (bounded, authenticated first), so FastAPI sees no models; the schemas here are
made from the same models the routes use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api import examples
from api.errors import TITLES
from api.replies import PROBLEM
from api.schemas import customers, payments, problems, quick, reconciliations, resolution, sessions

ASKED: tuple[type[BaseModel], ...] = (
    payments.CreatePayment,
    payments.CapturePayment,
    payments.CancelPayment,
    payments.CreateRefund,
    resolution.ResolvePayment,
    sessions.CreateSession,
    customers.CreateCustomer,
    customers.SaveMethod,
    quick.QuickCharge,
    quick.QuickRefund,
    quick.QuickCheckout,
)
TOLD: tuple[type[BaseModel], ...] = (
    payments.PaymentObject,
    payments.PaymentList,
    payments.RefundObject,
    payments.RefundList,
    payments.TimelineObject,
    sessions.SessionObject,
    customers.CustomerObject,
    customers.CustomerList,
    customers.SavedMethodObject,
    customers.SavedMethodList,
    customers.MethodSetupObject,
    quick.ChargeObject,
    quick.RefundedObject,
    quick.TransactionObject,
    quick.TransactionList,
    quick.CheckoutObject,
    reconciliations.ReconciliationList,
    reconciliations.ReconciliationWithFindings,
    problems.ProblemObject,
    problems.ReadinessObject,
    problems.ReceivedObject,
    problems.LivenessObject,
)
_REF = "#/components/schemas/{model}"

DESCRIPTION = """Payments that are never charged twice and never lost.

Amounts are integers of minor units. Every money-moving POST under `/v1` needs an `Idempotency-Key`: the same key and
body get the same answer, byte for byte. A `202` means: taken, durable, still being worked on; read the payment again.
"""


@dataclass(frozen=True, slots=True)
class Several:
    """More examples than one, by the name each has in the document."""

    named: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """One way a route answers well. `model` None: without a body."""

    model: type[BaseModel] | None
    example: object
    text: str = "Done"


def operation(
    summary: str,
    answers: Mapping[int, Answer],
    *,
    tag: str,
    body: tuple[type[BaseModel], object] | None = None,
    query: type[BaseModel] | None = None,
    key: Literal["required", "optional", "none"] = "none",
    secured: bool = True,
    also: Sequence[int] = (),
) -> dict[str, Any]:
    """Keyword arguments for `router.get` and `router.post`. `also`: problems beyond those its parts bring."""
    bad = {*also, 503}
    bad |= {401, 403} if secured else set()
    bad |= {400, 413, 415, 422} if body else set()
    bad |= {409, 422, 400} if key != "none" else set()
    bad |= {422} if query else set()
    extra: dict[str, Any] = {"parameters": [*_key_parameter(key), *_query_parameters(query)]}
    if body:
        extra["requestBody"] = _request_body(*body)
    if not secured:
        extra["security"] = []
    responses = {status: _content(a.text, a.model, a.example, "application/json") for status, a in answers.items()}
    responses |= {
        status: _content(TITLES[status], problems.ProblemObject, examples.problem(status), PROBLEM)
        for status in sorted(bad - set(answers))
    }
    return {
        "summary": summary,
        "tags": [tag],
        "status_code": next(iter(answers)),
        "response_class": Response,
        "response_model": None,
        "responses": responses,
        "openapi_extra": extra,
    }


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """The document of the routers' routes is made when it is first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, routers)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI documents this way of extending it


def _document(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, openapi_version="3.1.0"
    )
    _put_back_nulls(routers, document)
    components = document.setdefault("components", {})
    components["schemas"] = _schemas()
    components["securitySchemes"] = {
        "api_key": {"type": "http", "scheme": "bearer", "description": "an API key: `sk_test_...` or `sk_live_...`"}
    }
    document["security"] = [{"api_key": []}]
    return document


def _put_back_nulls(routers: Sequence[APIRouter], document: dict[str, Any]) -> None:
    """FastAPI drops every null on the way, also inside examples, where it is a value."""
    for route in (route for router in routers for route in router.routes):
        if not isinstance(route, APIRoute) or route.path_format not in document["paths"]:
            continue
        for method in route.methods or ():
            made = document["paths"][route.path_format][method.lower()]
            for status, response in route.responses.items():
                made["responses"][str(status)] |= response
            if body := (route.openapi_extra or {}).get("requestBody"):
                made["requestBody"] = body


def _schemas() -> dict[str, Any]:
    _, asked = models_json_schema([(model, "validation") for model in ASKED], ref_template=_REF)
    _, told = models_json_schema([(model, "serialization") for model in TOLD], ref_template=_REF)
    schemas: dict[str, Any] = asked["$defs"] | told["$defs"]
    return dict(sorted(schemas.items()))


def _content(text: str, model: type[BaseModel] | None, example: object, media_type: str) -> dict[str, Any]:
    if model is None:
        return {"description": text}
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"description": text, "content": {media_type: {"schema": schema, **shown(example)}}}


def shown(example: object) -> dict[str, Any]:
    """The part of a content that holds its example, or its several ones."""
    if not isinstance(example, Several):
        return {"example": example}
    return {"examples": {name: {"value": value} for name, value in example.named.items()}}


def _request_body(model: type[BaseModel], example: object) -> dict[str, Any]:
    required = any(field.is_required() for field in model.model_fields.values())
    return {"required": required, "content": _content("", model, example, "application/json")["content"]}


def _key_parameter(key: Literal["required", "optional", "none"]) -> list[dict[str, Any]]:
    if key == "none":
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": key == "required",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "a fresh value per intention; the same value again gets the same answer",
            "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
        }
    ]


def _query_parameters(query: type[BaseModel] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema(ref_template=_REF)
    inlined = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": _inline(field, inlined)}
        for name, field in schema["properties"].items()
    ]


def _inline(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with its references replaced: query models are in no other part of the document."""
    if isinstance(schema, list):
        return [_inline(inner, definitions) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return definitions[schema["$ref"].rpartition("/")[2]]
    return {name: _inline(inner, definitions) for name, inner in schema.items()}
