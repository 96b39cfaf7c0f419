"""Stripe's errors, word for word where its documentation gives the words; section 1.3 of https://docs.stripe.com/error-codes.

StripeError            what a client is told instead of a result
  .kept = False        the idempotency key forgets it (the request never began to execute)
"""

from typing import Any

from simulator.wire import Refusal


class StripeError(Refusal):
    """An error envelope in the making: HTTP status plus the fields of `error`."""

    def __init__(
        self, status: int, *, kept: bool = True, headers: tuple[tuple[str, str], ...] = (), **fields: Any
    ) -> None:
        super().__init__(status, str(fields.get("message", "")))
        self.kept = kept
        self.headers = headers
        self.fields = {name: value for name, value in fields.items() if value is not None}

    def envelope(self, request_id: str) -> dict[str, Any]:
        fields = dict(self.fields)
        if code := fields.get("code"):
            fields["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        fields["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": fields}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """A request refused before it began: its idempotency key stays free."""
    return StripeError(400, kept=False, type="invalid_request_error", message=message, param=param, code=code)


def refused(message: str, *, param: str | None = None, code: str | None = None, **fields: Any) -> StripeError:
    """A well-formed request the state of things forbids: its idempotency key remembers the refusal."""
    return StripeError(400, type="invalid_request_error", message=message, param=param, code=code, **fields)


def missing(kind: str, record_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    name = {"checkout.session": "checkout.session"}.get(kind, kind)
    return StripeError(
        status,
        type="invalid_request_error",
        code="resource_missing",
        param=param,
        message=f"No such {name}: '{record_id}'",
    )


def unauthorized(message: str) -> StripeError:
    return StripeError(401, kept=False, type="invalid_request_error", message=message)


def internal() -> StripeError:
    return StripeError(
        500, type="api_error",
        message="An unknown error occurred. This is a fault the simulator was told to make.",
    )  # fmt: skip


def key_in_use(key: str) -> StripeError:
    return StripeError(
        409, kept=False, type="idempotency_error", code="idempotency_key_in_use",
        message=f"There is currently another in-progress request using this Idempotent Key (that probably means you"
        f" submitted twice, and the other request is still going through): {key}. Please try again later.",
    )  # fmt: skip


def key_reused(key: str) -> StripeError:
    return StripeError(
        400, kept=False, type="idempotency_error",
        message=f"Keys for idempotent requests can only be used with the same parameters they were first used with."
        f" Try using a key other than '{key}' if you meant to execute a different request.",
    )  # fmt: skip
