"""Webhook deliveries as tests need them, signed by Stripe's own signer."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from domain.errors import SignatureInvalid
from domain.gateway import GatewayEvent
from gateways.stripe.webhooks import parse
from tests.unit.gateways.stripe import objects

SECRET = "whsec_one"
NOW = datetime(2026, 11, 21, 12, 5, tzinfo=UTC)


def body(type_: str = "payment_intent.succeeded", thing: Any = None, **changes: Any) -> bytes:
    return json.dumps(objects.event(type_, thing or objects.payment_intent(), **changes), indent=2).encode()


def signed(raw: bytes, secret: str = SECRET, at: datetime = NOW) -> str:
    """By Stripe's own signer."""
    header = stripe.WebhookSignature.generate_signature_header(raw.decode(), secret, timestamp=int(at.timestamp()))
    assert isinstance(header, str)
    return header


def heard(
    raw: bytes, header: str | None = None, *, secrets: Sequence[str] = (SECRET,), name: str = "Stripe-Signature"
) -> list[GatewayEvent]:
    return parse(headers={name: header or signed(raw)}, raw=raw, secrets=secrets, mode="test", now=NOW)


def refused(raw: bytes, header: str, *, secrets: Sequence[str] = (SECRET,)) -> str:
    with pytest.raises(SignatureInvalid) as caught:
        heard(raw, header, secrets=secrets)
    return str(caught.value)
