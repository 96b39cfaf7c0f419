"""Which handler answers which operation of Razorpay's API; anything else is "not found on the server"."""

from collections.abc import Callable

from simulator.razorpay import (
    customers,
    disputes,
    orders,
    payment_links,
    payments,
    recurring,
    refunds,
    settlements,
    tokens,
)
from simulator.razorpay.errors import RazorpayError, no_such_url
from simulator.records import Json

Handler = Callable[..., Json | RazorpayError]

HANDLERS: dict[str, Handler] = {
    "POST /v1/orders": orders.create,
    "GET /v1/orders": orders.listed,
    "GET /v1/orders/{id}": orders.retrieve,
    "PATCH /v1/orders/{id}": orders.update,
    "GET /v1/orders/{id}/payments": payments.listed_of,
    "POST /v1/payments/create/json": payments.create,
    "POST /v1/payments/create/recurring": recurring.create,
    "GET /v1/payments": payments.listed,
    "GET /v1/payments/{id}": payments.retrieve,
    "PATCH /v1/payments/{id}": payments.update,
    "GET /v1/payments/{id}/card": payments.card,
    "POST /v1/payments/{id}/capture": payments.capture,
    "POST /v1/payments/{id}/otp_generate": payments.otp_generate,
    "POST /v1/payments/{id}/otp/resend": payments.otp_resend,
    "POST /v1/payments/{id}/otp/submit": payments.otp_submit,
    "POST /v1/payments/{id}/refund": refunds.create,
    "GET /v1/payments/{id}/refunds": refunds.listed_of,
    "GET /v1/payments/{id}/refunds/{refund}": refunds.retrieve_of,
    "POST /v1/refunds": refunds.create_for,
    "GET /v1/refunds": refunds.listed,
    "GET /v1/refunds/{id}": refunds.retrieve,
    "PATCH /v1/refunds/{id}": refunds.update,
    "POST /v1/customers": customers.create,
    "GET /v1/customers": customers.listed,
    "GET /v1/customers/{id}": customers.retrieve,
    "PUT /v1/customers/{id}": customers.update,
    "GET /v1/customers/{id}/tokens": tokens.listed,
    "GET /v1/customers/{id}/tokens/{token}": tokens.retrieve,
    "DELETE /v1/customers/{id}/tokens/{token}": tokens.delete,
    "PUT /v1/customers/{id}/tokens/{token}/cancel": tokens.cancel,
    "POST /v1/payment_links": payment_links.create,
    "GET /v1/payment_links": payment_links.listed,
    "GET /v1/payment_links/{id}": payment_links.retrieve,
    "PATCH /v1/payment_links/{id}": payment_links.update,
    "POST /v1/payment_links/{id}/cancel": payment_links.cancel,
    "POST /v1/payment_links/{id}/notify_by/{medium}": payment_links.notify,
    "GET /v1/disputes": disputes.listed,
    "GET /v1/disputes/{id}": disputes.retrieve,
    "POST /v1/disputes/{id}/accept": disputes.accept,
    "PATCH /v1/disputes/{id}/contest": disputes.contest,
    "GET /v1/settlements": settlements.listed,
    "GET /v1/settlements/{id}": settlements.retrieve,
    "GET /v1/settlements/recon/combined": settlements.combined,
}
REFUND = "POST /v1/payments/{id}/refund"  # the one operation that honours an idempotency key

_Shape = tuple[str, list[str]]


def _by_size() -> dict[tuple[str, int], list[_Shape]]:
    """Operations by method and number of segments; the most literal first."""
    found: dict[tuple[str, int], list[_Shape]] = {}
    for name in sorted(HANDLERS, key=lambda name: name.count("{")):
        method, path = name.split(" ")
        shape = path.split("/")
        found.setdefault((method, len(shape)), []).append((name, shape))
    return found


_BY_SIZE = _by_size()


def find(method: str, path: str) -> tuple[str, list[str]]:
    """The operation and the ids in its path. Raises RazorpayError when there is none."""
    parts = path.rstrip("/").split("/")
    for name, shape in _BY_SIZE.get((method, len(parts)), ()):
        if all(wanted.startswith("{") or wanted == part for wanted, part in zip(shape, parts, strict=True)):
            return name, [part for wanted, part in zip(shape, parts, strict=True) if wanted.startswith("{")]
    raise no_such_url()
