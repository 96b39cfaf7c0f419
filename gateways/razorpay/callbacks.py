"""What the customer's browser brings back from Checkout or from a payment link. Pure.

Verified, it proves that this payment of this order was authorized at some time: a hint to look now, like a webhook.
https://razorpay.com/docs/payments/payment-gateway/web-integration/standard/integration-steps (1.3, verify) and
/docs/payments/payment-links/verify-signature.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.errors import SignatureInvalid
from domain.gateway import GatewayEvent
from domain.identifiers import parse_operation_reference
from gateways.razorpay.mapping import known
from gateways.razorpay.signature import verify_words

ORDER_WORDS = ("razorpay_order_id", "razorpay_payment_id")
LINK_WORDS = (
    "razorpay_payment_link_id",
    "razorpay_payment_link_reference_id",
    "razorpay_payment_link_status",
    "razorpay_payment_id",
)
SIGNATURE = "razorpay_signature"
_LONGEST = 255


def verify_callback(fields: Mapping[str, str], *, key_secret: str, now: datetime) -> GatewayEvent | None:
    """None for a customer who came back without anything signed. Raises SignatureInvalid for anything forged."""
    if SIGNATURE not in fields and "razorpay_payment_id" not in fields:
        return None
    names = LINK_WORDS if LINK_WORDS[0] in fields else ORDER_WORDS
    missing = [name for name in (*names, SIGNATURE) if not 0 < len(fields.get(name, "")) <= _LONGEST]
    if missing:
        raise SignatureInvalid(f"the callback lacks {', '.join(missing)}")
    verify_words([fields[name] for name in names], signature=fields[SIGNATURE], key_secret=key_secret)
    ours = parse_operation_reference(fields.get(LINK_WORDS[1], ""))
    return GatewayEvent(
        dedupe_key=f"callback-{fields['razorpay_payment_id']}",
        type="checkout.callback",
        occurred_at=now,
        outcome=None,
        payment_id=ours[0] if ours else None,
        references=_references(fields, linked=names is LINK_WORDS),
    )


def _references(fields: Mapping[str, str], *, linked: bool) -> dict[str, str]:
    """A link's callback names no order."""
    if linked:
        return known(payment_link=fields[LINK_WORDS[0]])
    return known(order=fields["razorpay_order_id"])
