"""Razorpay's errors in their envelope; words from https://razorpay.com/docs/api (the error list of each endpoint).

RazorpayError      what a client is told instead of a result
"""

from typing import Any

from simulator.wire import Refusal

Headers = tuple[tuple[str, str], ...]


class RazorpayError(Refusal):
    """`error` of the answer; a refusal that never reached payment processing has "NA" for source, step and reason."""

    def __init__(
        self,
        status: int,
        description: str,
        *,
        code: str = "BAD_REQUEST_ERROR",
        source: str = "NA",
        step: str = "NA",
        reason: str = "NA",
        field: str | None = None,
        metadata: dict[str, str] | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(status, description)
        self.headers = headers
        self.reason = reason
        self._fields: dict[str, Any] = {
            "code": code, "description": description, "source": source, "step": step, "reason": reason,
            "metadata": metadata or {},
        }  # fmt: skip
        if field is not None:
            self._fields["field"] = field

    def envelope(self) -> dict[str, Any]:
        return {"error": self._fields}


def invalid(description: str, *, field: str | None = None, reason: str = "input_validation_failed") -> RazorpayError:
    """The merchant's request is wrong, by itself or for the state things are in."""
    return RazorpayError(
        400, description, source="business", step="payment_initiation", reason=reason, field=field
    )  # fmt: skip


def missing() -> RazorpayError:
    """Razorpay answers 400, not 404, for an id it does not know."""
    return invalid("The id provided does not exist")


def not_an_id(record_id: str) -> RazorpayError:
    return invalid(f"{record_id} is not a valid id")


def required(name: str) -> RazorpayError:
    return invalid(f"The {name.replace('_', ' ')} field is required.", field=name)


def unexpected(names: list[str]) -> RazorpayError:
    return invalid(f"{', '.join(names)} is/are not required and should not be sent", field=names[0])


def unauthorized(description: str = "Authentication failed") -> RazorpayError:
    return RazorpayError(401, description)


def no_such_url() -> RazorpayError:
    return RazorpayError(400, "The requested URL was not found on the server.")


def internal() -> RazorpayError:
    return RazorpayError(
        500, "We are facing some trouble completing your request at the moment. Please try again shortly.",
        code="SERVER_ERROR",
    )  # fmt: skip


def unavailable(headers: Headers) -> RazorpayError:
    return RazorpayError(
        503, "The server is not available. Please try again shortly.", code="SERVER_ERROR", headers=headers
    )


def too_many_requests(headers: Headers) -> RazorpayError:
    return RazorpayError(429, "Request failed. Please try after sometime.", headers=headers)


def key_in_use() -> RazorpayError:
    return RazorpayError(409, "Another request with the same idempotency key is still in progress.")


def key_reused() -> RazorpayError:
    return RazorpayError(400, "Different request with the same idempotency key has already been processed.")


def order_already_paid() -> RazorpayError:
    return invalid(
        "Your payment has been declined as the order is already paid. Please initiate the payment with a new order.",
        reason="order_already_paid",
    )
