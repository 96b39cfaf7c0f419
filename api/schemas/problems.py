"""What goes wrong, as clients see it: RFC 9457 with the envelope `success` and `error`."""

from typing import Any, Literal

from pydantic import ConfigDict

from api.schemas.fields import Told
from api.schemas.payments import DeclineObject


class FieldError(Told):
    """One bad value: its dotted path, what is wrong and what is allowed. The value itself is never repeated."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=False)

    field: str
    message: str
    allowed: list[str] | None = None


class ErrorEnvelope(Told):
    code: str
    message: str


class ProblemObject(Told):
    model_config = ConfigDict(frozen=True, extra="allow", json_schema_serialization_defaults_required=False)

    type: str
    title: str
    status: int
    detail: str
    success: Literal[False] = False
    error: ErrorEnvelope
    request_id: str
    errors: list[FieldError] | None = None
    decline: DeclineObject | None = None
    state: str | None = None
    payment: dict[str, Any] | None = None


class PartObject(Told):
    ok: bool
    detail: str


class ReadinessObject(Told):
    """`ready`: all parts answer. `degraded`: payments are accepted and started later. `unavailable`: not now."""

    status: Literal["ready", "degraded", "unavailable"]
    parts: dict[str, PartObject]


class ReceivedObject(Told):
    received: Literal[True] = True


class LivenessObject(Told):
    status: Literal["alive"] = "alive"
