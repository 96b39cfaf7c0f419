"""Stripe's objects as the tests need them; each is held to Stripe's published document when it is made."""

from typing import Any

from tests.unit.gateways.stripe.records import CREATED, PAYMENT_ID
from tests.unit.gateways.stripe.specification import check_object

Json = Any
EPOCH = int(CREATED.timestamp())
OURS = {"payment_id": PAYMENT_ID, "operation": "1", "reference": f"{PAYMENT_ID}-1"}


def payment_intent(status: str = "succeeded", **changes: Json) -> Json:
    amount = changes.get("amount", 1000)
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": "pi_1_secret_abc",
        "created": EPOCH,
        "currency": "eur",
        "customer": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": dict(OURS),
        "next_action": None,
        "payment_method": None,
        "status": status,
    }
    if status == "succeeded":
        intent |= {"amount_received": amount, "latest_charge": charge()}
    if status == "requires_capture":
        held = charge(card={"capture_before": EPOCH + 7 * 86400 - 60})
        intent |= {"amount_capturable": amount, "capture_method": "manual", "latest_charge": held}
    return checked("payment_intent", intent | changes)


def charge(*, card: Json | None = None, **changes: Json) -> Json:
    details = {
        "brand": "visa",
        "last4": "4242",
        "exp_month": 4,
        "exp_year": 2031,
        "wallet": None,
        "checks": None,
        "country": "US",
        "funding": "credit",
        "installments": None,
        "mandate": None,
        "network": "visa",
        "three_d_secure": None,
    }
    billing = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    made = {
        "id": "ch_1",
        "object": "charge",
        "amount": 1000,
        "amount_captured": 0,
        "amount_refunded": 0,
        "captured": False,
        "billing_details": billing,
        "created": EPOCH,
        "currency": "eur",
        "disputed": False,
        "livemode": False,
        "metadata": dict(OURS),
        "paid": True,
        "refunded": False,
        "status": "succeeded",
        "payment_intent": "pi_1",
        "payment_method_details": {"type": "card", "card": details | (card or {})},
    }
    return checked("charge", made | changes)


def checkout_session(status: str | None = "open", **changes: Json) -> Json:
    session = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "amount_total": 1000,
        "automatic_tax": automatic_tax(),
        "client_reference_id": f"{PAYMENT_ID}-1",
        "created": EPOCH,
        "currency": "eur",
        "custom_fields": [],
        "custom_text": custom_text(),
        "expires_at": EPOCH + 3600,
        "livemode": False,
        "metadata": dict(OURS),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": status,
        "url": "https://checkout.stripe.com/c/pay/cs_test_1",
    }
    return checked("checkout.session", session | changes)


def refund(status: str | None = "succeeded", *, operation: int | None = 2, **changes: Json) -> Json:
    marked = {"payment_id": PAYMENT_ID, "operation": str(operation), "reference": f"{PAYMENT_ID}-{operation}"}
    made = {
        "id": "re_1",
        "object": "refund",
        "amount": 400,
        "created": EPOCH,
        "currency": "eur",
        "charge": "ch_1",
        "metadata": marked if operation else {},
        "payment_intent": "pi_1",
        "status": status,
        "reason": None,
    }
    return checked("refund", made | changes)


def dispute(status: str = "needs_response", **changes: Json) -> Json:
    details = {
        "due_by": EPOCH + 86400,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
    }
    made = {
        "id": "du_1",
        "object": "dispute",
        "amount": 1000,
        "balance_transactions": [],
        "charge": "ch_1",
        "created": EPOCH,
        "currency": "eur",
        "enhanced_eligibility_types": [],
        "evidence": evidence(),
        "evidence_details": details,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": status,
    }
    return checked("dispute", made | changes)


def balance_transaction(category: str = "charge", **changes: Json) -> Json:
    line = {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 1000,
        "available_on": EPOCH,
        "balance_type": "payments",
        "created": EPOCH,
        "currency": "eur",
        "description": None,
        "exchange_rate": None,
        "fee": 54,
        "fee_details": [],
        "net": 946,
        "reporting_category": category,
        "source": charge(),
        "status": "pending",
        "type": "charge",
    }
    return checked("balance_transaction", line | changes)


def payment_method(**changes: Json) -> Json:
    card = {
        "brand": "visa",
        "last4": "4242",
        "exp_month": 4,
        "exp_year": 2031,
        "wallet": {"type": "apple_pay", "dynamic_last4": None},
        "checks": None,
        "country": "US",
        "funding": "credit",
        "generated_from": None,
        "networks": None,
        "three_d_secure_usage": None,
        "display_brand": "visa",
        "regulated_status": None,
    }
    billing = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    made = {
        "id": "pm_1",
        "object": "payment_method",
        "billing_details": billing,
        "card": card,
        "created": EPOCH,
        "customer": "cus_1",
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    return checked("payment_method", made | changes)


def setup_intent(status: str = "succeeded", **changes: Json) -> Json:
    made = {
        "id": "seti_1",
        "object": "setup_intent",
        "client_secret": "seti_1_secret_abc",
        "created": EPOCH,
        "customer": "cus_1",
        "livemode": False,
        "next_action": None,
        "payment_method": payment_method(),
        "payment_method_types": ["card"],
        "status": status,
        "usage": "off_session",
        "last_setup_error": None,
        "application": None,
        "cancellation_reason": None,
        "description": None,
        "flow_directions": None,
        "latest_attempt": None,
        "mandate": None,
        "metadata": {},
        "on_behalf_of": None,
        "payment_method_options": None,
        "single_use_mandate": None,
        "automatic_payment_methods": None,
        "payment_method_configuration_details": None,
    }
    return checked("setup_intent", made | changes)


def listed(*things: Json, has_more: bool = False) -> Json:
    return {"object": "list", "data": list(things), "has_more": has_more, "url": "/v1/things"}


def event(type_: str, thing: Json, **changes: Json) -> Json:
    made = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-05-27.dahlia",
        "created": EPOCH,
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
    }
    return checked("event", made) | changes


def checked(name: str, thing: Json) -> Json:
    check_object(name, thing)
    return thing


def automatic_tax() -> Json:
    return {"enabled": False, "liability": None, "provider": None, "status": None}


def custom_text() -> Json:
    return {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None}


def evidence() -> Json:
    from tests.unit.gateways.stripe.specification import document

    schema = document()["components"]["schemas"]["dispute_evidence"]
    return {name: {} if name == "enhanced_evidence" else None for name in schema["properties"]}
