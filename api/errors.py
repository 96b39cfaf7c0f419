"""What goes wrong, as answers: our error tree to problem+json, in one table. Nothing of a stack trace gets out.

Problem                the narrow ones below and every `problem(...)` made where the reason is known
domain errors          translated by `_TABLE`
anything else          500 `internal`, logged with its request id
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json
from starlette.exceptions import HTTPException

from api.pan_guard import holds_card
from api.replies import NO_HEADERS, Reply
from api.schemas.problems import FieldError
from domain.errors import (
    CommandRefused,
    CredentialsRefused,
    GatewayError,
    InvalidInput,
    OwnerUnavailable,
    PayonceError,
    RateLimited,
    RecordNotFound,
    RecordUnavailable,
    SignatureInvalid,
)

log = structlog.get_logger()

TITLES: Mapping[int, str] = {
    400: "Bad request",
    401: "Not authenticated",
    402: "Declined",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
}


class Problem(Exception):
    """An answer of 4xx or 5xx. `code` is stable for programs, `detail` a sentence for people."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] = NO_HEADERS,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.members = members

    def reply(self, request_id: str) -> Reply:
        """RFC 9457 members first, then the envelope, then what this problem adds."""
        content: dict[str, Any] = {
            "type": f"urn:payonce:problem:{self.code}",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            "success": False,
            "error": {"code": self.code, "message": self.detail},
            "request_id": request_id,
        }
        if self.errors:
            content["errors"] = [error.model_dump(exclude_none=True) for error in self.errors]
        return Reply(self.status, to_json(content | self.members, by_alias=True), self.headers)


def invalid(field: str, message: str, *, allowed: Sequence[str] | None = None, code: str = "invalid_input") -> Problem:
    """422 for one field."""
    error = FieldError(field=field, message=message, allowed=list(allowed) if allowed else None)
    return Problem(422, code, f"{field}: {message}", errors=[error])


def not_found(noun: str) -> Problem:
    """The same for what does not exist and for what is another merchant's."""
    return Problem(404, "not_found", f"no such {noun}")


def unavailable(code: str, detail: str, *, retry_after_seconds: float = 1) -> Problem:
    return Problem(503, code, detail, headers={"Retry-After": str(max(1, round(retry_after_seconds)))})


def refused(refusal: CommandRefused) -> Problem:
    """409 with the current state; 422 naming the field where an amount is out of bounds."""
    if refusal.field is not None:
        problem = invalid(refusal.field, refusal.message, code=refusal.code)
        problem.members["state"] = refusal.state
        return problem
    return Problem(409, refusal.code, refusal.message, state=refusal.state)


def translate(error: PayonceError) -> Problem:
    """The answer for an error of ours."""
    match error:
        case InvalidInput():
            return invalid(error.field, error.message)
        case CommandRefused():
            return refused(error)
        case RecordNotFound():
            return not_found("object")
        case RecordUnavailable():
            return unavailable("record_unavailable", "the database cannot be reached; try again")
        case OwnerUnavailable():
            return unavailable("owner_unavailable", "the payment cannot be reached now; try again with the same key")
        case RateLimited():
            after = error.retry_after_seconds or 1
            return unavailable("gateway_busy", "the gateway asks to slow down", retry_after_seconds=after)
        case CredentialsRefused():
            detail = "the gateway refuses this account's credentials; nothing was done there"
            return unavailable("gateway_account_refused", detail, retry_after_seconds=error.retry_after_seconds)
        case GatewayError():
            return unavailable("gateway_unavailable", "the gateway cannot be reached; nothing was done there")
        case SignatureInvalid():
            return Problem(400, "signature_invalid", "the signature does not hold")
    log.error("unexpected_error", error=type(error).__name__, exc_info=error)
    return internal()


def internal() -> Problem:
    return Problem(500, "internal", "something went wrong on our side; quote the request id")


def validation_problem(error: ValidationError) -> Problem:
    """Every bad field by name; broken JSON is a 400. No value is ever repeated."""
    details = error.errors(include_url=False, include_input=False)
    broken = next((d for d in details if d["type"] == "json_invalid"), None)
    if broken is not None:
        return Problem(400, "broken_json", f"the body is not valid JSON: {broken['ctx']['error']}")
    errors = [_field_error(d) for d in details]
    named = "; ".join(f"{e.field}: {e.message}" for e in errors[:5])
    return Problem(422, "invalid_input", named, errors=errors)


def _field_error(details: ErrorDetails) -> FieldError:
    field = ".".join(_name(part) for part in details["loc"] if part != "[key]") or "body"
    context = details.get("ctx", {})
    last = field.rpartition(".")[2]
    if last in ("amount", "unit_amount") and details["type"] in ("int_type", "less_than_equal", "greater_than_equal"):
        return FieldError(
            field=field, message="must be an integer of minor units between 1 and 1000000000000, without decimals"
        )
    match details["type"]:
        case "extra_forbidden":
            return FieldError(field=field, message="is not a known field")
        case "missing":
            return FieldError(field=field, message="is required")
        case "literal_error" | "enum":
            return FieldError(field=field, message="is not one of the allowed values", allowed=_choices(context))
        case "string_pattern_mismatch":
            return FieldError(field=field, message="has characters or a form that is not allowed")
        case "value_error":
            return FieldError(field=field, message=str(context["error"]))
    return FieldError(field=field, message=_sentence(details["msg"]))


def _name(part: int | str) -> str:
    """A part of a path. Clients choose the names of unknown fields and metadata, so these may be anything."""
    name = str(part)[:64]
    return "(a card number)" if holds_card(name) else name


def _choices(context: Mapping[str, Any]) -> list[str]:
    return [choice.strip("' ") for choice in str(context["expected"]).replace(" or ", ", ").split(",")]


def _sentence(message: str) -> str:
    message = message.replace("Input should be", "must be").replace("Input should", "must")
    return message[:1].lower() + message[1:]


def request_id_of(request: Request) -> str:
    request_id: str = request.scope["state"]["request_id"]
    return request_id


def install(app: FastAPI) -> None:
    """Handlers for everything that is raised on purpose; the middleware answers what is not."""

    async def on_problem(request: Request, error: Exception) -> Response:
        problem = error if isinstance(error, Problem) else translate(error)  # type: ignore[arg-type]  # only these two kinds are routed here
        return problem.reply(request_id_of(request)).response()

    async def on_http(request: Request, error: Exception) -> Response:
        return _http_problem(error).reply(request_id_of(request)).response()  # type: ignore[arg-type]  # only HTTPException is routed here

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(PayonceError, on_problem)
    app.add_exception_handler(HTTPException, on_http)


def _http_problem(error: HTTPException) -> Problem:
    """What the framework raises: no such route, wrong method."""
    headers = error.headers or NO_HEADERS
    if error.status_code == 404:
        return Problem(404, "not_found", "no such route", headers=headers)
    if error.status_code == 405:
        return Problem(405, "method_not_allowed", "this route does not take this method", headers=headers)
    return Problem(error.status_code, "bad_request", str(error.detail), headers=headers)
