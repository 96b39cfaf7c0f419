"""Customers and their tokens: parameters and answers. Pure.

A token comes into being with a payment the customer makes and agrees to repeat; there is no way for a server to save
one by itself. https://razorpay.com/docs/api/customers, /docs/api/payments/recurring-payments
"""

import re
from collections.abc import Mapping
from typing import Any

from domain.errors import InvalidInput
from domain.gateway import StoredMethod
from domain.outcomes import MethodSummary

Json = dict[str, Any]

USABLE = frozenset({"confirmed", "not_applicable"})
"""`recurring_details.status` of a token worth showing; others are begun, rejected, paused or cancelled."""


def customer(*, customer_id: str, email: str | None, name: str | None) -> Json:
    """`fail_existing` 0: a person Razorpay knows already is answered, not refused. Names have 5 to 50 characters there,
    so another length is left out."""
    told = {"email": email, "name": name if name and 5 <= len(name) <= 50 else None}
    given = {field: value for field, value in told.items() if value}
    return {**given, "fail_existing": "0", "notes": {"customer_id": customer_id}}


def read_token(token: Mapping[str, Any], customer_reference: str) -> StoredMethod:
    """Our token names the customer too, because Razorpay finds a token only through its customer."""
    card = token.get("card") or {}
    summary = MethodSummary(
        type=token["method"],
        brand=card.get("network") or token.get("bank") or token.get("wallet"),
        last4=card.get("last4"),
        wallet=token.get("wallet"),
    )
    return StoredMethod(
        token=joined(customer_reference, token["id"]), customer_reference=customer_reference, summary=summary
    )


def is_usable(token: Mapping[str, Any]) -> bool:
    return (token.get("recurring_details") or {}).get("status", "not_applicable") in USABLE


def joined(customer_reference: str, token_id: str) -> str:
    return f"{customer_reference}/{token_id}"


def split(token: str) -> tuple[str, str]:
    """Customer and token id. Raises InvalidInput for what is not a token of ours."""
    customer_reference, _, token_id = token.partition("/")
    check_reference("token", customer_reference, "cust_")
    return customer_reference, check_reference("token", token_id, "token_")


def check_reference(field: str, reference: str, prefix: str) -> str:
    """The id itself when it looks like one of Razorpay's: it becomes part of a path. Raises InvalidInput."""
    if not re.fullmatch(rf"{prefix}[A-Za-z0-9]{{1,64}}", reference):
        raise InvalidInput(field, f"must be an id of Razorpay's beginning with {prefix}")
    return reference
