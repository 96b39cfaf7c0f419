"""Reading a request: bounded, strict, and never a card number."""

from collections import Counter
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from api.errors import Problem, invalid, validation_problem
from api.pan_guard import card_field, holds_card, suspicious
from api.schemas.problems import FieldError

M = TypeVar("M", bound=BaseModel)

CARD_FOUND = "holds what looks like a card number; send tokens only"
_KEY_LENGTH = 255


async def read_body(request: Request, *, limit_bytes: int) -> bytes:
    """The raw body. Raises Problem 413 before more than the limit is held in memory, 415 for a compressed one."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "content_encoding", "compressed bodies are not accepted")
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced[:18]) > limit_bytes:
        raise _too_large(limit_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


async def read_model(request: Request, model: type[M], *, limit_bytes: int, empty_is_object: bool = False) -> M:
    """The body as the model. Raises Problem 400 for broken JSON and 422 naming every bad field."""
    _expect_json(request)
    raw = await read_body(request, limit_bytes=limit_bytes)
    if not raw and empty_is_object:
        raw = b"{}"
    try:
        asked = model.model_validate_json(raw)
    except ValidationError as error:
        raise validation_problem(error) from None
    if suspicious(raw):  # only now: what is valid is small, so that looking is cheap
        _refuse_cards(raw)
    return asked


def read_query(request: Request, model: type[M]) -> M:
    """The query string as the model. Raises Problem 422 naming every bad, unknown or repeated parameter."""
    pairs = request.query_params.multi_items()
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if repeated:
        raise Problem(
            422,
            "invalid_input",
            f"{repeated[0][:64]}: is given more than once",
            errors=[FieldError(field=name[:64], message="is given more than once") for name in repeated],
        )
    try:
        return model.model_validate_strings(dict(pairs))
    except ValidationError as error:
        raise validation_problem(error) from None


def idempotency_key(request: Request, *, required: bool) -> str | None:
    """The Idempotency-Key header: 1 to 255 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is None:
        if required:
            raise Problem(400, "idempotency_key_missing", "send an Idempotency-Key header, a fresh one per intention")
        return None
    if not 0 < len(key) <= _KEY_LENGTH or not all("!" <= character <= "~" for character in key):
        raise Problem(
            400, "idempotency_key_invalid", f"Idempotency-Key must be 1 to {_KEY_LENGTH} visible ASCII characters"
        )
    if holds_card(key):
        raise invalid("Idempotency-Key", CARD_FOUND, code="card_number")
    return key


def prefers_async(request: Request) -> bool:
    """RFC 7240: `Prefer: respond-async`."""
    return "respond-async" in request.headers.get("prefer", "").lower().replace(" ", "").split(",")


def _expect_json(request: Request) -> None:
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise Problem(415, "content_type", "send JSON with Content-Type: application/json")


def _refuse_cards(raw: bytes) -> None:
    field = card_field(from_json(raw))
    if field is not None:
        raise invalid(field, CARD_FOUND, code="card_number")


def _too_large(limit_bytes: int) -> Problem:
    return Problem(413, "body_too_large", f"the body may have at most {limit_bytes} bytes")
