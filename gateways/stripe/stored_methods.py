"""Customers and their stored payment methods: parameters and answers. Pure.

A method is stored by confirming a SetupIntent for off-session use, so that the bank's authentication happens while the
customer is there: docs.stripe.com/payments/save-and-reuse.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from domain.errors import GatewayError, InvalidInput
from domain.gateway import MethodSetup, StoredMethod
from domain.outcomes import MethodSummary
from gateways.stripe.mapping import method_summary

Json = dict[str, Any]

SETUPS: Mapping[str, str] = {
    "succeeded": "succeeded",
    "processing": "requires_action",  # a bank is still verifying: neither usable nor failed
    "requires_action": "requires_action",
    "requires_confirmation": "requires_action",
    "requires_payment_method": "failed",
    "canceled": "failed",
}


def derived_key(noun: str, identity: str) -> str:
    """The idempotency key of something that belongs to no payment; same shape as a payment's keys."""
    digest = hashlib.sha256(f"{noun}|{identity}".encode()).digest()
    return "po_" + base64.b32encode(digest[:20]).decode().lower()


def customer(*, customer_id: str, email: str | None, name: str | None) -> Json:
    told = {"email": email, "name": name}
    return {"metadata": {"customer_id": customer_id}} | {field: value for field, value in told.items() if value}


def setup_intent(*, customer_reference: str, token: str, return_url: str | None) -> Json:
    """With a return_url the bank may redirect; without, the merchant's page acts with the client secret. `usage` is
    left to Stripe's default, off_session."""
    redirects = "always" if return_url else "never"
    parameters: Json = {
        "customer": customer_reference,
        "payment_method": token,
        "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": redirects},
        "expand": ["payment_method"],
    }
    return parameters | ({"return_url": return_url} if return_url else {"use_stripe_sdk": True})


def read_setup(setup: Json) -> MethodSetup:
    """Raises GatewayError for a status Stripe does not document."""
    standing = SETUPS.get(setup["status"])
    if standing is None:
        raise GatewayError(f"{setup['id']} has the unknown status {setup['status']!r}")
    method, next_action = setup.get("payment_method"), setup.get("next_action") or {}
    url = (next_action.get("redirect_to_url") or {}).get("url")
    acting = standing == "requires_action"
    return MethodSetup(
        reference=setup["id"],
        standing=standing,
        method=read_method(method) if standing == "succeeded" and isinstance(method, dict) else None,
        redirect_url=url if acting else None,
        client_secret=setup.get("client_secret") if acting and not url else None,
    )


def read_method(method: Json) -> StoredMethod:
    owner = method.get("customer")
    reference = owner.get("id") if isinstance(owner, dict) else owner
    return StoredMethod(
        token=method["id"],
        customer_reference=reference or "",
        summary=method_summary(method) or MethodSummary(type="unknown"),
    )


def check_reference(field: str, reference: str, prefix: str) -> str:
    """The id itself when it looks like one of Stripe's: it becomes part of a path. Raises InvalidInput."""
    body = reference.removeprefix(prefix)
    if body == reference or not body.replace("_", "").isalnum() or not body.isascii() or len(reference) > 255:
        raise InvalidInput(field, f"must be an id of Stripe's beginning with {prefix}")
    return reference
