"""Which handler answers which operation of Stripe's API; an operation that is not here is an unrecognized URL."""

from collections.abc import Callable
from typing import Any

from simulator.stripe import (
    account,
    balance,
    charges,
    checkout,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    webhook_endpoints,
)  # fmt: skip
from simulator.stripe.errors import StripeError
from simulator.stripe.turn import Reply

Handler = Callable[..., dict[str, Any] | Reply]

HANDLERS: dict[str, Handler] = {
    "POST /v1/payment_intents": payment_intents.create,
    "GET /v1/payment_intents": payment_intents.listed,
    "GET /v1/payment_intents/search": payment_intents.search,
    "GET /v1/payment_intents/{intent}": payment_intents.retrieve,
    "POST /v1/payment_intents/{intent}": payment_intents.update,
    "POST /v1/payment_intents/{intent}/confirm": payment_intents.confirm,
    "POST /v1/payment_intents/{intent}/capture": payment_intents.capture,
    "POST /v1/payment_intents/{intent}/cancel": payment_intents.cancel,
    "POST /v1/payment_intents/{intent}/increment_authorization": payment_intents.increment_authorization,
    "GET /v1/charges": charges.listed,
    "GET /v1/charges/search": charges.search,
    "GET /v1/charges/{charge}": charges.retrieve,
    "POST /v1/refunds": refunds.create,
    "GET /v1/refunds": refunds.listed,
    "GET /v1/refunds/{refund}": refunds.retrieve,
    "POST /v1/refunds/{refund}": refunds.update,
    "POST /v1/refunds/{refund}/cancel": refunds.cancel,
    "POST /v1/customers": customers.create,
    "GET /v1/customers": customers.listed,
    "GET /v1/customers/search": customers.search,
    "GET /v1/customers/{customer}": customers.retrieve,
    "POST /v1/customers/{customer}": customers.update,
    "DELETE /v1/customers/{customer}": customers.delete,
    "GET /v1/customers/{customer}/payment_methods": customers.methods,
    "GET /v1/customers/{customer}/payment_methods/{payment_method}": customers.method,
    "POST /v1/payment_methods": payment_methods.create,
    "GET /v1/payment_methods": payment_methods.listed,
    "GET /v1/payment_methods/{payment_method}": payment_methods.retrieve,
    "POST /v1/payment_methods/{payment_method}": payment_methods.update,
    "POST /v1/payment_methods/{payment_method}/attach": payment_methods.attach_to,
    "POST /v1/payment_methods/{payment_method}/detach": payment_methods.detach,
    "POST /v1/setup_intents": setup_intents.create,
    "GET /v1/setup_intents": setup_intents.listed,
    "GET /v1/setup_intents/{intent}": setup_intents.retrieve,
    "POST /v1/setup_intents/{intent}": setup_intents.update,
    "POST /v1/setup_intents/{intent}/confirm": setup_intents.confirm,
    "POST /v1/setup_intents/{intent}/cancel": setup_intents.cancel,
    "POST /v1/checkout/sessions": checkout.create,
    "GET /v1/checkout/sessions": checkout.listed,
    "GET /v1/checkout/sessions/{session}": checkout.retrieve,
    "POST /v1/checkout/sessions/{session}/expire": checkout.expire,
    "GET /v1/checkout/sessions/{session}/line_items": checkout.line_items,
    "GET /v1/disputes": disputes.listed,
    "GET /v1/disputes/{dispute}": disputes.retrieve,
    "POST /v1/disputes/{dispute}": disputes.update,
    "POST /v1/disputes/{dispute}/close": disputes.close,
    "GET /v1/balance": balance.retrieve,
    "GET /v1/balance_transactions": balance.listed,
    "GET /v1/balance_transactions/{id}": balance.retrieve_transaction,
    "GET /v1/events": events.listed,
    "GET /v1/events/{id}": events.retrieve,
    "POST /v1/webhook_endpoints": webhook_endpoints.create,
    "GET /v1/webhook_endpoints": webhook_endpoints.listed,
    "GET /v1/webhook_endpoints/{webhook_endpoint}": webhook_endpoints.retrieve,
    "POST /v1/webhook_endpoints/{webhook_endpoint}": webhook_endpoints.update,
    "DELETE /v1/webhook_endpoints/{webhook_endpoint}": webhook_endpoints.delete,
    "GET /v1/payouts": account.payouts,
    "GET /v1/payouts/{payout}": account.payout,
    "GET /v1/account": account.retrieve,
}


def _shape(path: str) -> tuple[str, ...]:
    return tuple("*" if part.startswith("{") else part for part in path.split("/"))


_BY_SHAPE: dict[tuple[str, tuple[str, ...]], str] = {}
_PLACES_OF_IDS: dict[int, list[tuple[int, ...]]] = {}
"""Where ids may stand in a path of so many parts; nowhere comes first."""

for _name in HANDLERS:
    _method, _path = _name.split(" ")
    _BY_SHAPE[_method, _shape(_path)] = _name
for _, _parts in _BY_SHAPE:
    _known = {*_PLACES_OF_IDS.get(len(_parts), ()), tuple(i for i, part in enumerate(_parts) if part == "*")}
    _PLACES_OF_IDS[len(_parts)] = sorted(_known, key=lambda places: (len(places), places))


def find(method: str, path: str) -> tuple[str, list[str]]:
    """The operation and the ids in its path; literal paths win over templated ones."""
    parts = path.rstrip("/").split("/")
    for places in _PLACES_OF_IDS.get(len(parts), ()):
        shape, ids = parts.copy(), [parts[place] for place in places]
        for place in places:
            shape[place] = "*"
        operation = _BY_SHAPE.get((method, tuple(shape)))
        if operation is not None and all(ids):
            return operation, ids
    raise StripeError(
        404, kept=False, type="invalid_request_error",
        message=f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at"
        " https://support.stripe.com/. (The simulator offers payments, not all of Stripe.)",
    )  # fmt: skip
